"""Small screens, dark mode, keyboard and screen reader."""

import io
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.page.conftest import Watch
from tests.page.test_batch import upload
from tests.server import RunningServer

WINDOWS = {
    "desktop": {"viewport": {"width": 1200, "height": 900}},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}


@pytest.fixture(params=WINDOWS)
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    # Without transitions: during one, a colour may have too little contrast.
    with browser.new_context(reduced_motion="reduce", **WINDOWS[request.param]) as context:
        yield context


def fill_everything(page: Page) -> None:
    page.fill("#headline", "wheat corn prices zimbabwe flurble")
    expect(page.locator("#words button")).to_have_count(5)
    page.locator("#words button").first.click()
    expect(page.locator("#words button").first).to_have_attribute("aria-pressed", "true")
    page.get_by_label("This should be").select_option(label="Grain")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrections-list li")).to_have_count(1)
    upload(page, "wheat flour\n\ngold ounce\nflurble")  # the second line is bad
    expect(page.locator("#results tbody tr")).to_have_count(4)


def assert_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    serious = [one for one in violations if one["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)[:4000]


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_page_fits_and_has_no_serious_finding_of_axe(page: Page) -> None:
    fill_everything(page)
    assert_fits(page)
    assert_accessible(page)


def test_card_fits_and_has_no_serious_finding_of_axe(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.url}/model/card")
    expect(page.locator("h1")).to_have_text("The card")
    assert_fits(page)
    assert_accessible(page)


def test_key_dialog_has_no_serious_finding_of_axe(page: Page) -> None:
    page.evaluate("document.getElementById('key-dialog').showModal()")
    assert_fits(page)
    assert_accessible(page)


def colour(page: Page, selector: str, name: str) -> list[int]:
    script = f"getComputedStyle(document.querySelector('{selector}')).{name}.match(/\\d+/g).map(Number)"
    return page.evaluate(script)[:3]


@pytest.mark.parametrize("context", ["dark"], indirect=True)
def test_dark_mode_is_dark(page: Page) -> None:
    assert max(colour(page, "body", "backgroundColor")) < 64
    assert min(colour(page, "body", "color")) > 192


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_printed_page_has_all_rows_of_its_tables(page: Page) -> None:
    tall = page.locator(".tall").first
    tall.wait_for(state="attached")
    cut = "element => element.scrollHeight > element.clientHeight"
    page.locator("#topics tbody tr").last.wait_for(state="attached")
    assert tall.evaluate(cut)
    page.emulate_media(media="print")
    assert not tall.evaluate(cut)


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_docs_follow_the_colour_scheme_as_it_changes(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.url}/docs")
    expect(page.locator(".info .title")).to_be_visible(timeout=15_000)
    assert max(colour(page, ".info .title", "color")) < 96
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark-mode")
    assert max(colour(page, "html", "backgroundColor")) < 64
    assert min(colour(page, ".info .title", "color")) > 192


@pytest.mark.parametrize("context", ["desktop", "dark"], indirect=True)
def test_docs_have_enough_contrast(page: Page, server: RunningServer) -> None:
    page.goto(f"{server.url}/docs")
    page.locator("#operations-prediction-predict button").first.click(timeout=15_000)
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").wait_for()
    wait_for_animations(page)  # the colours of buttons change gradually
    low = [one for one in Axe().run(page).response["violations"] if one["id"] == "color-contrast"]
    nodes = [(node["html"], node["any"][0]["data"]) for one in low for node in one["nodes"]]
    assert nodes == [], json.dumps(nodes, indent=1)


def wait_for_animations(page: Page) -> None:
    """Wait until all that end have ended. As an expression, because the page's CSP forbids those that it polls."""
    page.evaluate("""Promise.all(document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity)
        .map(one => one.finished.catch(() => null)))""")


def darkest_at_the_right(region: Locator) -> int:
    """Darkest grey of the region's right edge, where its cells have no text, 0 to 255."""
    picture = Image.open(io.BytesIO(region.screenshot())).convert("L")
    return picture.crop((picture.width - 4, picture.height - 30, picture.width - 2, picture.height - 25)).getextrema()[
        0
    ]


@pytest.mark.parametrize("context", ["phone"], indirect=True)
def test_table_shows_that_it_goes_on_until_its_end(page: Page) -> None:
    page.set_viewport_size({"width": 280, "height": 740})
    fill_everything(page)
    region = page.locator("#many .scroll")
    assert region.evaluate("one => one.scrollWidth > one.clientWidth")
    before = darkest_at_the_right(region)
    region.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    assert before < darkest_at_the_right(region) - 40


@pytest.mark.parametrize("context", ["phone"], indirect=True)
@pytest.mark.parametrize("width", [320, 360, 545, 660, 801])
def test_all_figures_of_a_topic_are_in_sight(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.locator("#topics-table th[data-key=precision] button").click()  # the arrow of the widest heading takes room
    region = page.locator("#topics .scroll")
    assert region.evaluate("one => one.scrollWidth <= one.clientWidth")
    frame = region.bounding_box()
    assert frame
    row = page.locator("#topics-table tbody tr").nth(1)
    for cells in (page.locator("#topics-table thead button"), row.locator(".figure")):
        boxes = [cell.bounding_box() for cell in cells.all()]
        assert len(boxes) >= 4
        for box in boxes:
            assert box
            assert frame["x"] <= box["x"]
            assert box["x"] + box["width"] <= frame["x"] + frame["width"]
        for left, right in pairwise(boxes[-4:]):
            assert left["x"] + left["width"] <= right["x"]
    heads = page.locator("#topics-table thead button").all()[1:]
    for head, figure in zip(heads, row.locator(".figure").all(), strict=True):  # each figure is below its heading
        over, under = head.bounding_box(), figure.bounding_box()
        assert over
        assert under
        assert over["x"] < under["x"] + under["width"]
        assert under["x"] < over["x"] + over["width"]


@pytest.mark.parametrize("context", ["phone"], indirect=True)
def test_topics_are_a_table_for_screen_readers_on_a_phone_too(page: Page) -> None:
    table = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="Recall"))
    expect(table.get_by_role("columnheader")).to_have_count(5)
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Gold"))
    expect(row.get_by_role("cell")).to_have_count(4)


@pytest.mark.parametrize("context", ["phone"], indirect=True)
def test_phone_has_filters_in_pairs_and_figures_beside_their_names(page: Page) -> None:
    fill_everything(page)
    pairs = [("#filter-text", "#filter-topic"), ("#filter-min", "#filter-max"), (".tiles .big", ".tiles .big + span")]
    for left, right in pairs:
        one, other = (page.locator(selector).first.bounding_box() for selector in (left, right))
        assert one
        assert other
        assert one["x"] + one["width"] <= other["x"]
        assert one["y"] < other["y"] + other["height"]
        assert other["y"] < one["y"] + one["height"]


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_everything_works_by_keyboard_alone(page: Page) -> None:
    def tab_to(selector: str, limit: int = 60) -> None:
        for _ in range(limit):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"{selector} cannot be reached by keyboard")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the headline
    expect(page.locator("#headline")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("oil prices wheat")
    expect(page.locator("#words button")).to_have_count(3)
    tab_to("#words button")
    page.keyboard.press("Space")
    expect(page.locator("#words button").first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#words button").first).to_be_focused()
    tab_to("#chart li:nth-child(2) button")
    page.keyboard.press("Enter")
    picked = page.locator("#chart button[aria-pressed=true]")
    expect(picked).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab_to("#lines")
    page.keyboard.type("gold\nwheat")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    tab_to("#results th[data-key=headline] button")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.locator("#results th[data-key=headline]")).to_have_attribute("aria-sort", "descending")
    tab_to("#topics-table th[data-key=name] button")
    page.keyboard.press("Enter")
    expect(page.locator("#topics-table tbody th").first).to_contain_text("Aluminium")


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_answers_and_completion_are_announced_to_screen_readers(page: Page) -> None:
    page.fill("#headline", "wheat flour")
    expect(page.get_by_role("status").filter(has_text="Wheat").first).to_be_visible()
    page.fill("#lines", "gold")
    page.click("#start")
    expect(page.locator("#announcement[role=status]")).to_contain_text("1 of 1 lines classified")


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_page_works_below_a_path_of_another_site(page: Page, server: RunningServer) -> None:
    """Behind a proxy with a path prefix: no URL in the page is absolute."""
    page.route(
        "**/prefix/**",
        lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace("/prefix/", "/"))),
    )
    page.goto(f"{server.url}/prefix/")
    expect(page.locator("#topics-table tbody tr")).to_have_count(46)
    page.click("footer a[href='model/card']")
    expect(page.locator(".card img").first).to_have_js_property("naturalWidth", 1)
    page.goto(f"{server.url}/prefix/docs")
    predict = page.locator("#operations-prediction-predict")
    predict.locator(".opblock-summary").click(timeout=15_000)
    predict.get_by_role("button", name="Try it out").click()
    predict.get_by_role("button", name="Execute").click()
    expect(predict.locator(".request-url")).to_contain_text(f"{server.url}/prefix/predict")
    expect(predict.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    page.goto("about:blank")  # asks for nothing more, such as an icon, which would not be found without the route
    page.unroute_all(behavior="wait")


@pytest.mark.parametrize("context", ["desktop"], indirect=True)
def test_docs_work_without_another_host(context: BrowserContext, server: RunningServer, watch: Watch) -> None:
    page = watch.over(context.new_page(), server.url)
    page.goto(f"{server.url}/docs")
    expect(page.locator("#operations-prediction-predict")).to_be_visible(timeout=15_000)
