import csv
import io

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.conftest import Watch
from tests.tiny_bundle import KEYWORDS

MANY = 10_000
FRAMES = """() => {
    window.longest = 0;
    let last = performance.now();
    const look = (now) => {
        window.longest = Math.max(window.longest, now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
DROP = """(zone, {name, text}) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    for (const kind of ["dragover", "drop"])
        zone.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def classify(page: Page, text: str) -> None:
    page.fill("#lines", text)
    page.click("#start")
    finished(page)


def upload(page: Page, text: str, name: str = "lines.txt") -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": text.encode()})


def finished(page: Page, seconds: float = 10) -> None:
    expect(page.locator("#batch-status")).to_contain_text("lines classified", timeout=seconds * 1000)
    expect(page.locator("#stop")).to_be_hidden()


def column(page: Page, number: int) -> list[str]:
    return page.locator(f"#results tbody td:nth-child({number})").all_inner_texts()


def percentages(page: Page) -> list[float]:
    return [float(text.strip("<>%")) for text in column(page, 4)]


def test_ten_thousand_lines_stay_smooth(page: Page) -> None:
    words = [line.split()[0] for line in KEYWORDS.values()]
    page.evaluate(FRAMES)
    upload(page, "\n".join(f"{words[i % 46]} prices {words[i * 7 % 46]} number {i}" for i in range(MANY)))
    finished(page, seconds=60)
    expect(page.locator("#batch-status")).to_contain_text("10,000 of 10,000 lines classified")
    page.click("#results th[data-key=probability] button")
    assert percentages(page) == sorted(percentages(page), reverse=True)
    page.click(".pages [data-go=last]")
    expect(page.locator("#page-status")).to_have_text("9,951\u201310,000 of 10,000")
    page.click("#histogram button >> nth=0")
    least = int(percentages(page)[0])
    page.fill("#filter-min", str(least))
    assert len(set(column(page, 3))) == 1
    assert min(percentages(page)) >= least > 5
    assert page.locator("#results tbody tr").count() <= 50
    # One frame; generous, because other work runs on the machine.
    assert page.evaluate("longest") < 1000


def test_histogram_counts_every_line(page: Page) -> None:
    classify(page, "wheat flour\nwheat\ngold ounce\nflurble")
    expect(page.locator("#histogram .name")).to_have_text(["Wheat", "(no known words)", "Gold"])
    expect(page.locator("#histogram .value")).to_have_text(["2 · 50.0%", "1 · 25.0%", "1 · 25.0%"])


def test_download_holds_every_line_and_no_formula(page: Page) -> None:
    lines = ['wheat, "flour"', "=1+1 oil", "flurble", "<img src=x onerror=alert(1)> gold"]
    classify(page, "\n".join(lines))
    with page.expect_download() as download:
        page.click("#download")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert [row["headline"] for row in rows] == [lines[0], "'" + lines[1], *lines[2:]]
    assert [row["topic"] for row in rows] == ["wheat", "crude", "", "gold"]
    assert rows[2]["abstained"] == "no_known_words"
    assert 0 < float(rows[0]["probability"]) <= 1


def test_bad_line_is_marked_and_the_others_are_answered(page: Page, watch: Watch) -> None:
    watch.allowed = ("422",)
    upload(page, "wheat flour\n\n" + "oil " * 200 + "\ngold ounce")
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("2 of 4 lines classified")
    expect(page.locator("#batch-status")).to_contain_text("2 bad (lines 2, 3)")
    assert [topic[:14] for topic in column(page, 3)] == ["Wheat", "No text.", "Text must have", "Gold"]
    expect(page.locator("#results tr.failed")).to_have_count(2)


def test_blank_lines_of_pasted_text_only_separate(page: Page) -> None:
    classify(page, "\nwheat flour\n \n\ngold ounce\n")
    expect(page.locator("#batch-status")).to_contain_text("2 of 2 lines classified")
    expect(page.locator("#batch-status")).to_contain_text("3 blank lines were left out.")
    expect(page.locator("#batch-status")).not_to_contain_text("bad")
    assert column(page, 1) == ["2", "5"]


def test_file_takes_the_place_of_the_pasted_lines_and_is_named(page: Page) -> None:
    classify(page, "wheat\ngold")
    upload(page, "oil\n", "news.txt")
    expect(page.locator("#batch-status")).to_contain_text("news.txt: 1 of 1 lines classified")
    expect(page.locator("#lines")).to_have_value("")
    expect(page.locator("#lines")).to_have_attribute("placeholder", "news.txt")
    classify(page, "wheat")
    expect(page.locator("#batch-status")).not_to_contain_text("news.txt")
    expect(page.locator("#lines")).to_have_attribute("placeholder", "")


def test_service_without_room_for_a_part_gets_smaller_ones(page: Page, watch: Watch) -> None:
    watch.allowed = ("413",)
    problem = '{"title": "Batch too large", "status": 413, "detail": "too large"}'

    def small_only(route: Route) -> None:
        if len(route.request.post_data_json["headlines"]) > 2:
            route.fulfill(status=413, content_type="application/problem+json", body=problem)
        else:
            route.continue_()

    page.route("**/predict/batch", small_only)
    classify(page, "\n".join(["wheat"] * 7))
    expect(page.locator("#batch-status")).to_contain_text("7 of 7 lines classified")
    assert column(page, 3) == ["Wheat"] * 7


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("news.csv", 'id,headline,date\n1,"wheat, flour",today\n2,"gold ""ounce""",today\n'),
        ("news.tsv", "id\theadline\n1\twheat, flour\n2\tgold ounce\n"),
        ("news.csv", "1;a long text of wheat flour\r\n2;a long text of gold ounce\r\n"),
        ("news.txt", "wheat, flour\r\ngold ounce\r\n\r\n"),
    ],
)
def test_dropped_file_is_read_by_its_kind(page: Page, name: str, text: str) -> None:
    page.locator("#drop").evaluate(DROP, {"name": name, "text": text})
    finished(page)
    assert column(page, 3) == ["Wheat", "Gold"]


def test_another_column_can_be_chosen(page: Page) -> None:
    classify(page, "headline,body\nwheat,gold\nwheat,gold")
    assert column(page, 3) == ["Wheat", "Wheat"]
    page.select_option("#column", label="body")
    expect(page.locator("#results tbody tr").first).to_contain_text("Gold")


def test_text_filter_finds_lines_and_stays_text(page: Page) -> None:
    classify(page, "wheat flour\n<img src=x onerror=alert(1)> gold\noil")
    page.fill("#filter-text", "<IMG")
    assert column(page, 2) == ["<img src=x onerror=alert(1)> gold"]
    expect(page.locator("#results img")).to_have_count(0)


def test_sorting_is_announced_to_screen_readers(page: Page) -> None:
    classify(page, "wheat\ngold\noil")
    heading = page.locator("#results th[data-key=headline]")
    heading.locator("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert column(page, 2) == ["gold", "oil", "wheat"]
    heading.locator("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert column(page, 2) == ["wheat", "oil", "gold"]


def test_stop_ends_it_and_keeps_what_there_is(page: Page) -> None:
    asked: list[Route] = []

    def first_only(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route("**/predict/batch", first_only)
    upload(page, "\n".join(["wheat"] * 1000))
    expect(page.locator("#batch-status")).to_contain_text("250 of 1,000")
    page.click("#stop")
    expect(page.locator("#batch-status")).to_contain_text("250 of 1,000 lines classified before it was stopped")
    page.wait_for_timeout(300)
    assert len(asked) == 2


def test_leaving_the_page_ends_it(page: Page) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/predict/batch", hold)
    with page.expect_event("requestfailed") as failed:
        upload(page, "\n".join(["wheat"] * 1000))
        expect(page.locator("#stop")).to_be_visible()
        page.click("footer a[href='model/card']")
    assert failed.value.url.endswith("/predict/batch")
    expect(page.locator("h1")).to_have_text("The card")
    assert len(asked) == 1


@pytest.mark.parametrize(("name", "content"), [("photo.png", b"\x89PNG"), ("news.json", b"{")])
def test_file_that_is_refused_during_a_run_ends_it_and_its_results_stay_away(
    page: Page, name: str, content: bytes
) -> None:
    page.route("**/predict/batch", lambda route: None)
    upload(page, "wheat\ngold", "first.txt")
    expect(page.locator("#stop")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": content})
    page.wait_for_timeout(50)  # the end of the run would have been shown by then
    expect(page.locator("#batch-status")).to_contain_text(f"{name} is ")
    expect(page.locator("#batch")).to_be_hidden()
    expect(page.locator("#progress")).to_be_hidden()
