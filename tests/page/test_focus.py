"""The focus stays near its place when what has it is removed or hidden."""

from playwright.sync_api import Locator, Page, Route, expect

from tests.page.conftest import Watch
from tests.page.test_batch import upload
from tests.page.test_headline import bar, type_headline


def assert_focus_in(place: Locator) -> None:
    """Wait until the place has the focus or contains what has it; after that, an element that is hidden loses it."""
    expect(place).to_have_js_property("isConnected", True)
    place.page.wait_for_timeout(100)
    assert place.evaluate("(one) => one.contains(document.activeElement)")


def test_stop_leaves_the_focus_beside_itself(page: Page) -> None:
    page.route("**/predict/batch", lambda route: None)
    upload(page, "wheat\ngold")
    page.locator("#stop").press("Enter")
    expect(page.locator("#stop")).to_be_hidden()
    assert_focus_in(page.locator("#drop"))
    page.keyboard.press("Tab")
    assert_focus_in(page.locator("#drop"))
    expect(page.locator("[tabindex='-1']")).to_have_count(0)


def test_word_leaves_the_focus_in_its_section_while_the_answer_is_hidden(page: Page, watch: Watch) -> None:
    watch.allowed = ("503",)

    def busy(route: Route) -> None:
        route.fulfill(status=503, headers={"Retry-After": "30"}, body="")

    type_headline(page, "wheat flour")
    expect(page.locator("#words button")).to_have_count(2)
    page.route("**/predict", busy)
    page.locator("#words button").first.press("Enter")
    expect(page.locator("#answer")).to_be_hidden()
    assert_focus_in(page.locator("#try"))


def test_topic_that_goes_when_it_is_released_leaves_the_focus_in_the_chart(page: Page) -> None:
    type_headline(page, "wheat flour")
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    page.click("#more")
    last = page.locator("#chart li").last.get_attribute("data-key")
    assert last is not None
    bar(page, last).locator("button").click()
    expect(bar(page, last).locator("button")).to_have_attribute("aria-pressed", "true")
    page.click("#more")
    bar(page, last).locator("button").press("Enter")
    expect(bar(page, last)).to_have_count(0)
    assert_focus_in(page.locator("#chart"))


def test_focus_that_the_user_has_left_is_not_brought_back(page: Page) -> None:
    page.locator("#examples button").first.click()
    page.locator("h1").click()
    page.evaluate("document.querySelector('#examples').replaceChildren()")
    page.wait_for_timeout(100)
    assert page.evaluate("document.activeElement === document.body")
