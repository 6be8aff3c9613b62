"""How much the page loads, and how long it takes until the first answer."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Route, expect

from app.web.home import MODULES, modules
from tests.page.conftest import Watch
from tests.server import RunningServer

LOADED = """() => {
    const entries = [performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")];
    return entries.map((entry) => ({
        path: new URL(entry.name).pathname,
        bytes: entry.encodedBodySize,
        start: entry.startTime,
        end: entry.responseEnd,
    }));
}"""
FIRST = """new MutationObserver(() => {
    if (document.getElementById("verdict")?.textContent) window.first ??= performance.now();
}).observe(document, {subtree: true, childList: true, characterData: true})"""


def test_page_is_light_loads_its_modules_at_once_and_answers_soon(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    page = watch.over(context.new_page(), server.url)
    page.add_init_script(FIRST)
    page.goto(server.url)
    expect(page.locator("#verdict strong")).not_to_be_empty()
    expect(page.locator("#topics-table tbody tr").first).to_be_visible()
    loaded = page.evaluate(LOADED)
    every = {f"/page/{path.relative_to(MODULES).as_posix()}" for path in Path(MODULES).rglob("*.js")} - {
        "/page/docs.js"
    }
    assert every <= {one["path"] for one in loaded}
    assert len(loaded) <= len(every) + 10
    assert sum(one["bytes"] for one in loaded) < 200_000
    # The page contains these answers, the last to its first example.
    assert not {one["path"] for one in loaded} & {"/model", "/topics", "/predict"}
    needed = {f"/page/{name}" for name in modules()}
    times = {one["path"]: one for one in loaded if one["path"] in needed}
    assert set(times) == needed
    # All are asked for before the last of them has arrived: the browser does not discover them one after another.
    assert max(one["start"] for one in times.values()) < max(one["end"] for one in times.values())
    assert page.evaluate("window.first") < 5000  # generous, because other work runs on the machine


def test_controls_are_disabled_until_their_modules_are_loaded(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    page = watch.over(context.new_page(), server.url)
    held: list[Route] = []
    page.route("**/page/rest.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    page.goto(server.url)
    expect(page.locator("#verdict strong")).not_to_be_empty()
    controls = [
        page.locator(f"#{name}") for name in ("copy-link", "copy-curl", "copy-python", "correct", "start", "file")
    ]
    for one in controls:
        expect(one).to_be_disabled()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    for one in controls:
        expect(one).to_be_enabled()
