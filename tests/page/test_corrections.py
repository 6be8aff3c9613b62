"""Corrections of answers: collected in the browser, and downloaded for `python -m training fit`."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.page.conftest import Watch, opened
from tests.page.test_headline import type_headline
from tests.server import RunningServer
from tests.tiny_bundle import seal, write_any_bundle
from training.labelled.read import ReadingOptions, read_rows


def correct(page: Page, text: str, topic: str) -> None:
    type_headline(page, text)
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")
    page.get_by_label("This should be").select_option(label=topic)
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrected")).to_contain_text("Added")


def downloaded(page: Page, folder: Path, button: str = "Download as CSV") -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_corrections_are_a_file_that_fit_reads(page: Page, server: RunningServer, tmp_path: Path) -> None:
    texts = ['wheat, "flour"', "gold\nounce", "election <b>football</b>"]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    for text, topic in zip(texts, ("Grain", "Silver", "no topic of this list"), strict=True):
        correct(page, text, topic)
    expect(page.locator("#corrections-title")).to_have_text("3 corrections")
    path = downloaded(page, tmp_path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert [list(row) for row in rows] == [["text", "label", "model", "probability"]] * 3
    assert [row["text"] for row in rows] == texts
    assert {row["model"] for row in rows} == {"tiny/1"}
    given = {one["topic"]: one["probability"] for one in server.predict(texts[0], top_k=46).json()["predictions"]}
    assert float(rows[0]["probability"]) == given["grain"]
    assert rows[2]["probability"] == ""
    table = read_rows([path], ReadingOptions(outside=("outside",)))
    assert [(row.text, row.labels) for row in table.rows] == [
        (texts[0], ("grain",)),
        (texts[1], ("silver",)),
        (texts[2], ()),
    ]
    assert (table.bad, table.columns[0].text, table.columns[0].label) == (0, ("text",), "label")
    assert not [one for one in sent if "silver" in one or "grain" in one]


def test_formula_among_corrections_is_kept_from_the_spreadsheet(page: Page, tmp_path: Path) -> None:
    for text in ("=1+1 oil", "+cmd oil", "@SUM(A1)", "-5"):
        correct(page, text, "Gold")
    texts = [row.text for row in read_rows([downloaded(page, tmp_path)]).rows]
    assert texts == ["'=1+1 oil", "'+cmd oil", "'@SUM(A1)", "-5"]


def test_correction_stays_until_it_is_deleted_and_the_last_one_of_a_text_counts(
    page: Page, context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    correct(page, "gold ounce", "Silver")
    correct(page, "gold ounce", "Zinc")
    correct(page, "wheat flour", "Grain")
    page.reload()
    items = page.locator("#corrections-list li")
    expect(items).to_have_count(2)
    expect(items.nth(1)).to_contain_text("gold ounce → Zinc")
    type_headline(page, "gold ounce")
    expect(page.get_by_label("This should be")).to_have_value("zinc")
    other = opened(watch.over(context.new_page(), server.url), server)
    expect(other.locator("#corrections-list li")).to_have_count(2)
    page.get_by_role("button", name="Remove the correction of gold ounce").click()
    expect(items).to_have_count(1)
    expect(other.locator("#corrections-list li")).to_have_count(1)
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#corrections")).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0


def test_correction_without_a_topic_is_asked_for_one(page: Page) -> None:
    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrected")).to_have_text("Choose the right topic first.")
    expect(page.get_by_label("This should be")).to_be_focused()
    expect(page.locator("#corrections")).to_be_hidden()


def test_where_corrections_are_kept_is_said_before_the_first(page: Page) -> None:
    hint = page.get_by_text("Kept in this browser only, for you to download.")
    expect(hint).to_be_visible()
    correct(page, "gold ounce", "Silver")
    expect(hint).to_be_hidden()


def test_answer_without_a_topic_can_be_corrected(page: Page, tmp_path: Path) -> None:
    correct(page, "flurble wugs", "Gold")
    rows = read_rows([downloaded(page, tmp_path)]).rows
    assert [(row.text, row.labels) for row in rows] == [("flurble wugs", ("gold",))]


def test_browser_that_stores_nothing_or_nonsense_still_collects(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };"
        "Storage.prototype.getItem = (key) => key.startsWith('topics-corrections') ? '[5, {\"text\": 1}, null]' : null;"
    )
    page = opened(watch.over(context.new_page(), server.url), server)
    expect(page.locator("#corrections")).to_be_hidden()
    correct(page, "gold ounce", "Silver")
    expect(page.locator("#corrections-title")).to_have_text("1 correction")


@pytest.mark.parametrize("stored", ["nonsense", '{"a": 1}', "[" * 100_000])
def test_correction_list_that_is_damaged_does_not_stop_the_page(
    context: BrowserContext, server: RunningServer, watch: Watch, stored: str
) -> None:
    context.add_init_script(f"localStorage.setItem('topics-corrections:/', {stored!r});")
    page = opened(watch.over(context.new_page(), server.url), server)
    correct(page, "gold ounce", "Silver")
    expect(page.locator("#corrections-title")).to_have_text("1 correction")


def test_full_store_is_reported(context: BrowserContext, server: RunningServer, watch: Watch) -> None:
    context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page = opened(watch.over(context.new_page(), server.url), server)
    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.get_by_label("This should be").select_option(label="Silver")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrected")).to_contain_text("storage of this browser is full")
    expect(page.locator("#corrections")).to_be_hidden()


def test_correction_after_a_word_is_left_out_has_the_probability_of_the_complete_text(
    page: Page, server: RunningServer, tmp_path: Path
) -> None:
    type_headline(page, "oil prices wheat")
    expect(page.locator("#words .text")).to_have_text(["oil", "prices", "wheat"])
    page.locator("#words button").first.click()
    expect(page.locator("#words button").first.locator(".effect")).to_have_text("left out")
    page.get_by_label("This should be").select_option(label="Wheat")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrected")).to_contain_text("Added")
    [row] = csv.DictReader(io.StringIO(downloaded(page, tmp_path).read_text("utf-8-sig"), newline=""))
    complete, shorter = (
        next(
            one["probability"]
            for one in server.predict(text, top_k=46).json()["predictions"]
            if one["topic"] == "wheat"
        )
        for text in ("oil prices wheat", "prices wheat")
    )
    assert complete != shorter
    assert (row["text"], float(row["probability"])) == ("oil prices wheat", complete)


def test_each_model_has_a_file_of_its_own(
    context: BrowserContext, page_bundle: Path, tmp_path: Path, watch: Watch
) -> None:
    other = shutil.copytree(page_bundle, tmp_path / "2")
    seal(other, version="2")
    with RunningServer(page_bundle, model=f"{page_bundle},{other}", access_log=False) as server:
        page = opened(watch.over(context.new_page(), server.url), server)
        correct(page, "gold ounce", "Silver")
        correct(page, "oil barrel", "Gold")
        page.locator("#model-choice").select_option(index=1)
        expect(page.locator(".model-name")).to_have_text("tiny version 2")
        expect(page.get_by_label("This should be")).to_have_value("")
        correct(page, "gold ounce", "Zinc")
        expect(page.locator("#corrections-title")).to_have_text("3 corrections")
        expect(page.locator("#corrections-list li").first).to_contain_text("gold ounce → Zinc (tiny/2)")
        files = [downloaded(page, tmp_path, f"Download those of tiny/{version}") for version in (1, 2)]
        assert [path.name for path in files] == ["corrections-tiny-1.csv", "corrections-tiny-2.csv"]
        assert [[(row.text, row.labels) for row in read_rows([path]).rows] for path in files] == [
            [("gold ounce", ("silver",)), ("oil barrel", ("gold",))],
            [("gold ounce", ("zinc",))],
        ]
        page.get_by_role("button", name="Remove the correction of gold ounce (tiny/2)").click()
        expect(page.locator("#corrections-list li")).to_have_count(2)
        expect(page.get_by_role("button", name="Download as CSV")).to_be_visible()


def test_labels_are_read_back_as_they_are_and_none_of_them_is_a_label_of_its_own(
    context: BrowserContext, tmp_path: Path, watch: Watch
) -> None:
    labels = {"+": "good", "=1+1": "sum", "outside": "park", "none": "nought"}
    topics = {label: (f"Label {word}", word) for label, word in labels.items()}
    with RunningServer(write_any_bundle(tmp_path / "any", topics), access_log=False) as server:
        page = opened(watch.over(context.new_page(), server.url), server)
        for word in labels.values():
            correct(page, f"{word} day", f"Label {word}")
        correct(page, "good sum", "no topic of this list")
        expect(page.locator("#corrections-list")).to_contain_text("good sum → no topic of this list")
        rows = read_rows([downloaded(page, tmp_path)], ReadingOptions(outside=("none_",))).rows
        assert [row.labels for row in rows] == [("+",), ("=1+1",), ("outside",), ("none",), ()]


def test_answer_to_an_older_text_is_neither_corrected_nor_copied(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.route("**/predict", hold)
    with page.expect_request("**/predict"):
        type_headline(page, "wheat flour")
    page.get_by_label("This should be").select_option(label="Grain")
    page.get_by_role("button", name="Add correction").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#corrected, #copied")).to_have_text(["Wait for the answer to this text."] * 2)
    expect(page.locator("#corrections")).to_be_hidden()
    held[-1].continue_()
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    expect(page.locator("#corrected, #copied")).to_have_text(["", ""])
    page.get_by_label("This should be").select_option(label="Grain")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrections-list li")).to_contain_text("wheat flour → Grain")


def test_message_to_wait_goes_when_the_answered_text_is_back(page: Page) -> None:
    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.route("**/predict", lambda route: None if "wheat" in (route.request.post_data or "") else route.continue_())
    with page.expect_request("**/predict"):
        type_headline(page, "wheat flour")
    page.get_by_role("button", name="Add correction").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#corrected, #copied")).to_have_text(["Wait for the answer to this text."] * 2)
    type_headline(page, "gold ounce")
    expect(page.locator("#corrected, #copied")).to_have_text(["", ""])


def test_removed_correction_is_no_longer_said_to_be_added(page: Page) -> None:
    correct(page, "wheat flour", "Grain")
    page.get_by_role("button", name="Remove the correction").click()
    expect(page.locator("#corrected")).to_have_text("")
    correct(page, "wheat flour", "Grain")
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#corrected")).to_have_text("")
