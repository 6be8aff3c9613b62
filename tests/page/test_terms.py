"""Terms explain themselves where they stand: to a mouse, a keyboard, a finger and a screen reader."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.page.conftest import Watch, opened
from tests.server import RunningServer

RARE = "in too few texts to learn from"
SET = "contains the right one 90 of 100 times"


def tip(page: Page) -> Locator:
    return page.locator(".tip")


def assert_above(one: Locator, other: Locator) -> None:
    upper, lower = one.bounding_box(), other.bounding_box()
    assert upper is not None
    assert lower is not None
    assert upper["y"] + upper["height"] <= lower["y"] + 1


def words(page: Page) -> None:
    page.fill("#headline", "wheat corn harvest flour zimbabwe flurble")
    expect(page.locator("#words button")).to_have_count(6)


def test_term_is_explained_while_the_mouse_is_over_it_or_its_explanation(page: Page) -> None:
    words(page)
    page.locator(".legend .term", has_text="rare").hover()
    expect(tip(page)).to_be_visible()
    expect(tip(page)).to_contain_text(RARE)
    tip(page).hover()
    expect(tip(page)).to_be_visible()
    page.locator("#headline").hover()
    expect(tip(page)).to_be_hidden()


def test_term_is_explained_while_it_has_the_focus_until_escape(page: Page) -> None:
    words(page)
    term = page.locator("#set-note .term")
    term.focus()
    expect(tip(page)).to_contain_text(SET)
    page.keyboard.press("Escape")
    expect(tip(page)).to_be_hidden()
    expect(term).to_be_focused()
    page.keyboard.press("Enter")
    expect(tip(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(tip(page)).to_be_hidden()


def test_every_term_has_an_entry_for_screen_readers(page: Page) -> None:
    words(page)
    terms = page.locator(".term").all()
    assert len(terms) > 5
    for term in terms:
        entry = page.locator(f"#{term.get_attribute('aria-describedby')}")
        assert len(entry.text_content() or "") > 40


def test_topics_section_of_an_answer_explains_unknown_words_and_topics(page: Page) -> None:
    words(page)
    for name, text in (("unknown", "Never seen in training"), ("Topics", "add up to 100%")):
        page.locator("#answer .term", has_text=name).hover()
        expect(tip(page)).to_contain_text(text)
    assert "Never seen in training" in (page.get_by_role("button", name="flurble").get_attribute("title") or "")


def test_headings_of_the_table_of_topics_are_explained_and_still_sort(page: Page) -> None:
    texts = {"support": "training texts", "precision": "predictions", "recall": "are found", "f1": "harmonic mean"}
    for name, text in texts.items():
        button = page.locator(f"#topics-table th[data-key={name}] button")
        button.hover()
        expect(tip(page)).to_contain_text(text)
        assert_above(tip(page), button)  # not over the first row
        button.click()
        expect(tip(page)).to_be_visible()
        expect(page.locator(f"#topics-table th[data-key={name}]")).to_have_attribute("aria-sort", re.compile("cending"))


@pytest.fixture
def phone(browser: Browser, server: RunningServer, watch: Watch) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as context:
        yield opened(watch.over(context.new_page(), server.url), server)


def test_term_is_explained_by_a_tap_until_the_next_one_elsewhere(phone: Page) -> None:
    words(phone)
    phone.locator(".legend .term", has_text="unknown").tap()
    expect(tip(phone)).to_be_visible()
    box = tip(phone).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    phone.locator(".legend .term", has_text="rare").tap()
    expect(tip(phone)).to_contain_text(RARE)
    phone.locator("#set-note").tap(position={"x": 2, "y": 2})
    expect(tip(phone)).to_be_hidden()


@pytest.mark.parametrize(("topics", "badges"), [(1, 0), (2, 2), (0, 0)])
def test_set_of_one_topic_gets_no_badge(page: Page, topics: int, badges: int) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        content = response.json()
        content["predictions"][0]["probability"] = 0.29
        content["topic_set"] = [one["topic"] for one in content["predictions"][:topics]]
        route.fulfill(response=response, body=json.dumps(content))

    page.route("**/predict", answer)
    page.fill("#headline", "wheat flour")
    expect(page.locator("#verdict")).to_contain_text("29.0%")
    expect(page.locator("#chart .mark:visible")).to_have_count(badges)
    expect(page.locator("#set-note .term")).to_have_count(1 if badges else 0)


def test_explanation_stays_text(context: BrowserContext, server: RunningServer, watch: Watch) -> None:
    page = opened(watch.over(context.new_page(), server.url), server)
    page.evaluate("document.getElementById('about-rare').textContent = '<img src=x onerror=alert(1)>'")
    words(page)
    page.locator(".legend .term", has_text="rare").hover()
    expect(tip(page)).to_have_text("<img src=x onerror=alert(1)>")


def test_explanation_goes_with_the_term_under_the_mouse(page: Page) -> None:
    page.fill("#headline", "wheat grain")
    page.locator("#set-note .term").hover()
    expect(tip(page)).to_be_visible()
    page.keyboard.press("Control+a")
    page.locator("#headline").press_sequentially("x")
    expect(page.locator("#verdict")).to_contain_text("none of these words")
    expect(tip(page)).to_be_hidden()
