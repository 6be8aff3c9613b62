"""The modules that are loaded after the first answer, and the page while they are missing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.web.home import MODULES, modules
from tests import any_bundles
from tests.page.conftest import Watch
from tests.page.test_batch import DROP, finished
from tests.page.test_weight import FIRST, LOADED
from tests.server import RunningServer

Release = Callable[[], None]


@pytest.fixture
def without_rest(context: BrowserContext, server: RunningServer, watch: Watch) -> tuple[Page, Release]:
    """A page with its first answer, whose later modules are held until `release()`."""
    return opened_without_rest(watch.over(context.new_page(), server.url), server)


def opened_without_rest(page: Page, server: RunningServer) -> tuple[Page, Release]:
    held: list[Route] = []
    page.route("**/page/rest.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    with page.expect_request("**/page/rest.js"):
        page.goto(server.url)
    expect(page.locator("#verdict strong")).not_to_be_empty()

    def release() -> None:
        while not held:
            page.wait_for_timeout(20)
        held.pop().continue_()
        expect(page.locator("#topics-table tbody tr").first).to_be_visible()

    return page, release


def test_later_modules_are_loaded_after_the_first_answer(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    page = watch.over(context.new_page(), server.url)
    page.add_init_script(FIRST)
    page.goto(server.url)
    expect(page.locator("#topics-table tbody tr").first).to_be_visible()
    every = {path.relative_to(MODULES).as_posix() for path in Path(MODULES).rglob("*.js")}
    later = {f"/page/{name}" for name in every - set(modules()) - {"docs.js"}}
    assert "/page/rest.js" in later
    starts = {one["path"]: one["start"] for one in page.evaluate(LOADED) if one["path"] in later}
    assert starts.keys() == later
    assert page.evaluate("window.first") < min(starts.values())


def test_headline_is_answered_while_the_rest_is_missing(without_rest: tuple[Page, Release]) -> None:
    page, release = without_rest
    page.fill("#headline", "oil barrel flurble")
    expect(page.locator("#words button")).to_have_count(3)
    page.locator("#words button").first.click()
    expect(page.locator("#words button").first).to_have_attribute("aria-pressed", "true")
    page.click("#more")
    expect(page.locator("#chart li")).to_have_count(46)
    page.fill("#headline", "gold bullion")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    release()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy-link")
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url  # of the answer that is shown
    page.get_by_label("This should be").select_option(label="Grain")
    page.get_by_role("button", name="Add correction").click()
    expect(page.locator("#corrections-list li")).to_contain_text("gold bullion → Grain")


def test_lines_typed_while_the_rest_is_missing_can_be_classified_later(without_rest: tuple[Page, Release]) -> None:
    page, release = without_rest
    page.fill("#headline", "gold ounce\nwheat flour")
    offer = page.get_by_role("button", name="Classify 2 lines")
    expect(offer).to_be_disabled()  # a click would be lost
    page.fill("#lines", "crude oil")
    expect(page.locator("#start")).to_be_disabled()
    release()
    page.click("#start")
    finished(page)
    expect(page.locator("#results tbody tr")).to_have_count(1)
    offer.click()
    finished(page)
    expect(page.locator("#results tbody tr")).to_have_count(2)


def test_file_dropped_while_the_rest_is_missing_is_classified_later(without_rest: tuple[Page, Release]) -> None:
    page, release = without_rest
    page.locator("#headline").evaluate(DROP, {"name": "news.txt", "text": "gold ounce\nwheat flour\noil"})
    release()
    finished(page)
    expect(page.locator("#results tbody tr")).to_have_count(3)


def test_model_chosen_while_the_rest_is_missing_is_described(
    context: BrowserContext, page_bundle: Path, tmp_path: Path, watch: Watch
) -> None:
    other = any_bundles.write(tmp_path / "other", "arabic")
    with RunningServer(page_bundle, model=f"{page_bundle},{other}", access_log=False) as server:
        page, release = opened_without_rest(watch.over(context.new_page(), server.url), server)
        page.locator("#model-choice").select_option(index=1)
        expect(page.locator("#verdict strong")).to_have_text("السياسة")
        release()
        expect(page.locator("#topics-table tbody tr")).to_have_count(len(any_bundles.BUNDLES["arabic"][0]))
        expect(page.locator("#right-topic option", has_text="السياسة")).to_have_count(1)


def test_page_says_that_a_part_is_missing_and_still_answers(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    watch.allowed = ("ERR_FAILED",)
    page = watch.over(context.new_page(), server.url)
    page.route("**/page/rest.js", lambda route: route.abort())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url)
    expect(page.get_by_role("alert")).to_contain_text("A part of this page could not be loaded")
    for text, topic in (("gold bullion", "Gold"), ("wheat flour", "Wheat")):
        page.fill("#headline", text)
        expect(page.locator("#verdict strong")).to_have_text(topic)
    expect(page.locator("#copy-link")).to_be_disabled()
    assert not [url for url in asked if url.endswith(("/model", "/topics"))]
