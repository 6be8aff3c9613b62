"""The page of a model with an outside class; the other tests show that the page of one without says nothing of it."""

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.page.conftest import Watch, opened
from tests.page.test_batch import classify, column
from tests.page.test_everybody import assert_accessible, assert_fits
from tests.server import RunningServer
from tests.tiny_bundle import write_outside_bundle

IN, OUT = "wheat flour", "election court football"


@pytest.fixture(scope="module")
def outside_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    bundle = write_outside_bundle(tmp_path_factory.mktemp("page") / "outside", lost=0.04, found=0.714)
    with RunningServer(bundle, access_log="false") as running:
        yield running


@pytest.fixture
def outside_page(context: BrowserContext, outside_server: RunningServer, watch: Watch) -> Page:
    return opened(watch.over(context.new_page(), outside_server.url), outside_server)


def test_verdict_is_none_of_the_topics_with_the_best_guess_below(
    outside_page: Page, outside_server: RunningServer
) -> None:
    answer = outside_server.predict(OUT).json()
    best = answer["predictions"][0]
    outside_page.fill("#headline", OUT)
    expect(outside_page.locator("#verdict strong")).to_have_text("None of the 46 topics")
    expect(outside_page.locator("#verdict")).to_contain_text(
        f"({answer['outside'] * 100:.0f}%)".replace("100%", ">99%")
    )
    guess = outside_page.locator("#verdict .guess")
    expect(guess).to_have_text(f"Best guess: {best['name']}, {best['probability'] * 100:.1f}%.")
    assert guess.bounding_box()["y"] > outside_page.locator("#verdict strong").bounding_box()["y"]
    expect(outside_page.locator("#chart li")).not_to_have_count(0)
    expect(outside_page.locator("#chart-panel h3")).to_have_text("Topics if it is about one of them")
    expect(outside_page.locator("#outside-note")).to_be_hidden()  # the verdict says it
    outside_page.locator("#verdict .term").hover()
    expect(outside_page.locator(".tip")).to_contain_text("Above 50.0%, no topic is given.")
    assert_fits(outside_page)
    assert_accessible(outside_page)


def test_headline_with_a_topic_has_the_usual_verdict_and_the_probability_of_none_of_them(
    outside_page: Page, outside_server: RunningServer
) -> None:
    outside_page.fill("#headline", IN)
    expect(outside_page.locator("#verdict strong")).to_have_text("Wheat")
    expect(outside_page.locator("#verdict .guess")).to_have_count(0)
    expect(outside_page.locator("#chart-panel h3")).to_have_text("Topics", use_inner_text=True)
    outside = outside_server.predict(IN).json()["outside"]
    assert 0.001 < outside < 0.5
    expect(outside_page.locator("#outside-note")).to_have_text(f"None of the topics: {outside * 100:.1f}%")


def test_words_of_an_outside_headline_are_explained_for_outside(
    outside_page: Page, outside_server: RunningServer
) -> None:
    text = f"{OUT} zzyzx"
    outside_page.fill("#headline", text)
    expect(outside_page.locator("#why-topic")).to_have_text("none of the 46 topics")
    words = outside_server.predict(text, explain=True).json()["explanation"]["words"]
    for word in words:
        classes = outside_page.get_by_role("button", name=word["word"]).get_attribute("class").split()
        assert ("for" in classes) == (word["effect"] > 0.0005)
    outside_page.locator("#chart button").first.click()
    expect(outside_page.locator("#why-topic")).not_to_have_text("none of the 46 topics")
    outside_page.locator("#chart button[aria-pressed=true]").click()
    expect(outside_page.locator("#why-topic")).to_have_text("none of the 46 topics")


def test_batch_shows_and_counts_headlines_about_none_of_the_topics(outside_page: Page) -> None:
    classify(outside_page, f"{IN}\n{OUT}\nelection storm\nflurble")
    none = "(none of the topics)"
    expect(outside_page.locator("#histogram .name").first).to_have_text(none)
    topics = column(outside_page, 3)
    assert topics[0] == "Wheat"
    assert topics[1].startswith(none)
    assert "Best guess: " in topics[1]
    assert topics[3] == "(no known words)"
    assert column(outside_page, 5)[3].strip() == "\N{EN DASH}"
    outside_page.click("#results th[data-key=outside] button")
    shares = [float(text.strip("<>%")) for text in column(outside_page, 5)[:3]]
    assert shares == sorted(shares, reverse=True)
    outside_page.select_option("#filter-topic", none)
    assert [topic.startswith(none) for topic in column(outside_page, 3)] == [True, True]
    assert_fits(outside_page)
    assert_accessible(outside_page)


@pytest.mark.parametrize("width", [920, 1000, 1160])
def test_table_is_not_cut_off_in_a_window_of_usual_width(width: int, outside_page: Page) -> None:
    outside_page.set_viewport_size({"width": width, "height": 900})
    classify(outside_page, f"{IN}\n{OUT}\nmergers and acquisitions of companies, takeover")
    cut = outside_page.locator("[aria-label=Results]").evaluate("box => box.scrollWidth - box.clientWidth")
    assert cut == 0


def test_download_holds_the_probability_and_the_best_guess(outside_page: Page, outside_server: RunningServer) -> None:
    classify(outside_page, f"{IN}\n{OUT}")
    with outside_page.expect_download() as download:
        outside_page.click("#download")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    expected = [outside_server.predict(text).json() for text in (IN, OUT)]
    assert [float(row["outside"]) for row in rows] == [one["outside"] for one in expected]
    assert [row["abstained"] for row in rows] == ["", "outside"]
    assert [row["name"] for row in rows] == [one["predictions"][0]["name"] for one in expected]


def test_model_section_says_what_the_class_gains_and_costs(outside_page: Page) -> None:
    facts = outside_page.locator("#model-facts")
    where = "on the texts it was fitted to, at the threshold of 50.0%"
    expect(facts).to_contain_text(f"71.4%Texts about none of the topics, marked as such {where}")
    expect(facts).to_contain_text("4.0%Texts about a topic, marked as about none")
    expect(facts).to_contain_text("if the probability is above 50.0%")
    expect(facts).not_to_contain_text("not recognized")


def test_figures_of_the_test_set_come_before_those_of_the_texts_it_was_fitted_to(outside_page: Page) -> None:
    show = """async (figures) => {
      const model = await (await fetch("model")).json();
      (await import("/page/model/model.js")).showModel({ ...model, figures }, 0.5);
    }"""
    outside_page.evaluate(show, {"outside": {"found": 0.78, "lost": 0.053}})
    facts = outside_page.locator("#model-facts")
    expect(facts).to_contain_text(
        "78.0%Texts about none of the topics, marked as such on the test set, at the threshold of 50.0%"
    )
    expect(facts).to_contain_text("5.3%Texts about a topic, marked as about none on the test set")


def test_page_of_a_model_without_the_class_says_so_only_where_it_describes_the_model(page: Page) -> None:
    classify(page, f"{IN}\n{OUT}")
    expect(page.locator("#results th[data-key=outside]")).to_be_hidden()
    assert page.locator("#results tbody tr").first.locator("td").count() == 4
    assert "None of the" not in page.inner_text("body")
    expect(page.locator("#model-facts")).to_contain_text(
        "Texts about other subjectsnot recognized: they get one of the topics, too"
    )
