"""The page behind proxies: their errors, odd Retry-After, slow uploads, and files that they do not deliver."""

import json
import time

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.page.conftest import Watch
from tests.page.test_batch import classify, column, finished
from tests.server import RunningServer

PROBLEM = "application/problem+json"


@pytest.mark.parametrize("value", ["0", "-5", "1.5", "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_page_waits_at_least_a_second_whatever_retry_after_says(page: Page, watch: Watch, value: str) -> None:
    watch.allowed = ("503",)
    times: list[float] = []

    def full(route: Route) -> None:
        times.append(time.monotonic())
        route.fulfill(status=503, headers={"Retry-After": value}, content_type=PROBLEM, body='{"detail": "Full."}')

    page.route("**/predict", full)
    page.fill("#headline", "gold ounce")
    expect(page.locator("#trouble")).to_contain_text("Full. Retrying in 1 s.")
    page.unroute("**/predict")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    assert len(times) == 1


def test_retry_after_is_within_bounds(page: Page) -> None:
    script = """values => import('./page/service/api.js').then(
        ({retryAfter}) => values.map(value => retryAfter(new Headers({"Retry-After": value}))))"""
    assert page.evaluate(script, ["0", "7", "99999999999", "soon"]) == [1, 7, 86_400, None]


@pytest.mark.parametrize(("content_type", "body"), [(PROBLEM, ""), (PROBLEM, '{"detail'), ("text/html", "<p>No")])
def test_error_of_a_proxy_without_json_is_shown(page: Page, watch: Watch, content_type: str, body: str) -> None:
    watch.allowed = ("404",)
    page.route("**/predict", lambda route: route.fulfill(status=404, content_type=content_type, body=body))
    page.fill("#headline", "gold ounce")
    expect(page.locator("#verdict")).to_have_text("The service returned status 404.")
    expect(page.locator("#trouble")).to_be_hidden()


def test_detail_that_is_no_text_is_left_out(page: Page, watch: Watch) -> None:
    watch.allowed = ("422",)
    body = json.dumps({"detail": [{"loc": ["body"]}]})
    page.route("**/predict", lambda route: route.fulfill(status=422, content_type=PROBLEM, body=body))
    page.fill("#headline", "gold ounce")
    expect(page.locator("#verdict")).to_have_text("The service returned status 422.")


def test_refused_batch_is_reported_with_one_full_stop(page: Page, watch: Watch) -> None:
    watch.allowed = ("400",)
    body = '{"detail": "The body is not JSON."}'
    page.route("**/predict/batch", lambda route: route.fulfill(status=400, content_type=PROBLEM, body=body))
    classify(page, "gold ounce")
    expect(page.locator("#batch-status")).to_have_text(
        "0 of 1 lines classified when the service refused: The body is not JSON."
    )


def test_part_that_arrives_too_slowly_is_divided(page: Page, watch: Watch) -> None:
    watch.allowed = ("408",)
    sizes: list[int] = []

    def slow(route: Route) -> None:
        sizes.append(len(route.request.post_data_json["headlines"]))
        if sizes[-1] > 30:
            route.fulfill(status=408, content_type=PROBLEM, body='{"detail": "The request did not arrive."}')
        else:
            route.continue_()

    page.route("**/predict/batch", slow)
    classify(page, "\n".join(["gold ounce"] * 100))
    expect(page.locator("#batch-status")).to_contain_text("100 of 100 lines classified")
    assert sizes[:3] == [100, 50, 25]


def test_part_of_long_texts_has_fewer_of_them(page: Page, watch: Watch) -> None:
    watch.allowed = ("422",)
    sizes: list[int] = []

    def count(route: Route) -> None:
        sizes.append(len(route.request.post_data_json["headlines"]))
        route.continue_()

    page.route("**/predict/batch", count)
    lines = ["gold " * 90_000, *["gold " * 100] * 450]  # the first has more characters than a part, and than a text may
    page.evaluate("text => { document.getElementById('lines').value = text; }", "\n".join(lines))
    page.click("#start")
    finished(page, 20)
    expect(page.locator("#batch-status")).to_contain_text("450 of 451 lines classified")
    assert sizes == [1, 250, 200]
    assert len(column(page, 1)) == 50


@pytest.mark.parametrize("part", ["main.js", "elements/text.js"])
def test_page_says_that_it_is_not_complete(
    context: BrowserContext, server: RunningServer, watch: Watch, part: str
) -> None:
    watch.allowed = ("503",)
    page = watch.over(context.new_page(), server.url)
    page.emulate_media(reduced_motion="reduce")
    page.route(f"**/page/{part}", lambda route: route.fulfill(status=503, body=""))
    page.goto(server.url)
    unloaded = page.locator("#unloaded")
    expect(unloaded).to_be_hidden()
    page.evaluate("document.getElementById('unloaded').getAnimations()[0].finish()")
    expect(unloaded).to_contain_text("This page has not loaded completely.")
    expect(unloaded).to_be_visible()


def test_complete_page_does_not_say_that_it_is_not(page: Page) -> None:
    expect(page.locator("#unloaded")).to_have_count(0)
