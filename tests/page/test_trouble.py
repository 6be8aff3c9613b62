"""The page with API keys, an overloaded service, and a service that restarts."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.page.conftest import Watch, opened
from tests.page.test_batch import upload
from tests.server import RunningServer

FULL = '{"title": "Service overloaded", "status": 503, "detail": "There is no room."}'


@pytest.mark.slow
def test_page_recovers_when_the_service_comes_back(context: BrowserContext, page_bundle: Path, watch: Watch) -> None:
    watch.allowed = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE")
    with RunningServer(page_bundle, access_log="false") as first:
        page = opened(watch.over(context.new_page(), first.url), first)
        first.stop()
        page.fill("#headline", "gold bullion")
        expect(page.locator("#trouble")).to_contain_text("The service is not responding")
        again = ("-m", "app", "serve", "--port", str(first.port))
        with RunningServer(page_bundle, again, access_log="false"):
            expect(page.locator("#verdict strong")).to_have_text("Gold", timeout=15_000)
            expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.slow
def test_batch_continues_after_an_interruption_of_the_service(
    context: BrowserContext, page_bundle: Path, watch: Watch
) -> None:
    watch.allowed = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE")
    with RunningServer(page_bundle, access_log="false") as first:
        page = opened(watch.over(context.new_page(), first.url), first)
        asked: list[Route] = []

        def stop_at_the_third(route: Route) -> None:
            asked.append(route)
            if len(asked) == 3:
                first.stop()
            route.continue_()

        page.route("**/predict/batch", stop_at_the_third)
        upload(page, "\n".join(["wheat flour"] * 10_000))
        expect(page.locator("#trouble")).to_contain_text("The service is not responding")
        expect(page.locator("#batch-status")).to_contain_text("500 of 10,000")
        again = ("-m", "app", "serve", "--port", str(first.port))
        with RunningServer(page_bundle, again, access_log="false"):
            expect(page.locator("#batch-status")).to_contain_text("10,000 of 10,000 lines classified", timeout=30_000)
            expect(page.locator("#histogram .value")).to_have_text("10,000 · 100.0%")
            expect(page.locator("#trouble")).to_be_hidden()


def test_old_verdict_goes_while_the_service_does_not_answer(page: Page, watch: Watch) -> None:
    watch.allowed = ("ERR_FAILED",)
    page.fill("#headline", "wheat flour")
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    page.route("**/predict", lambda route: route.abort())
    page.fill("#headline", "gold ounce")
    expect(page.locator("#trouble")).to_contain_text("The service is not responding")
    expect(page.locator("#verdict")).to_have_text("")
    expect(page.locator("#answer")).to_be_hidden()
    page.unroute("**/predict")
    expect(page.locator("#verdict strong")).to_have_text("Gold", timeout=15_000)
    expect(page.locator("#answer")).to_be_visible()


def test_old_verdict_goes_while_the_service_hangs(page: Page) -> None:
    page.fill("#headline", "wheat flour")
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/predict", hold)
    page.fill("#headline", "gold ounce")
    expect(page.locator("#trouble")).to_contain_text("has not answered yet", timeout=15_000)
    expect(page.locator("#verdict")).to_have_text("")
    expect(page.locator("#answer")).to_be_hidden()
    held[0].continue_()
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    expect(page.locator("#trouble")).to_be_hidden()


def test_link_that_opens_while_the_service_is_not_ready_fills_itself(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    watch.allowed = ("503",)
    page = watch.over(context.new_page(), server.url)
    page.route("**/predict", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, body=""), times=1)
    page.goto(f"{server.url}/#headline=gold+bullion")
    expect(page.locator("#trouble")).to_contain_text("Retrying in 1 s")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    expect(page.locator("#model-facts")).to_contain_text("tiny")


def test_retry_after_is_honoured(page: Page, watch: Watch) -> None:
    watch.allowed = ("503",)
    times: list[float] = []

    def full_once(route: Route) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            problem = "application/problem+json"
            route.fulfill(status=503, headers={"Retry-After": "2"}, content_type=problem, body=FULL)
        else:
            route.continue_()

    page.route("**/predict/batch", full_once)
    page.fill("#lines", "wheat\ngold")
    page.click("#start")
    expect(page.locator("#trouble")).to_contain_text("There is no room. Retrying in 2 s.")
    expect(page.locator("#batch-status")).to_contain_text("2 of 2 lines classified")
    expect(page.locator("#trouble")).to_be_hidden()
    assert times[1] - times[0] >= 2


@pytest.fixture
def keyed_page(context: BrowserContext, page_bundle: Path, watch: Watch) -> Iterator[Page]:
    """The page of a service that requires the API key `sesame`, before one is entered."""
    watch.allowed = ("401",)
    with RunningServer(page_bundle, api_keys="sesame", access_log="false") as server:
        page = watch.over(context.new_page(), server.url)
        page.goto(server.url)
        yield page


def test_browser_that_blocks_cookies_and_so_all_storage_has_the_whole_page(keyed_page: Page) -> None:
    keyed_page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        "  Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    keyed_page.reload()
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.get_by_role("button", name="Use this key").click()
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
    expect(keyed_page.locator("#topics-table tbody tr")).to_have_count(46)
    expect(keyed_page.locator(":disabled")).to_have_count(0)
    expect(keyed_page.locator("#trouble")).to_be_hidden()
    keyed_page.get_by_role("button", name="Forget the key").click()
    expect(keyed_page.get_by_role("button", name="Forget the key")).to_be_hidden()


def test_key_is_requested_and_stored_for_the_tab_only(keyed_page: Page) -> None:
    dialog = keyed_page.get_by_role("dialog")
    expect(dialog).to_contain_text("No API key")
    expect(dialog).not_to_contain_text("Bearer")  # a header is for programs
    keyed_page.get_by_role("textbox", name="Key").fill("abracadabra ✨")
    keyed_page.keyboard.press("Enter")
    expect(dialog).to_contain_text("API key is not valid")
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.get_by_role("button", name="Use this key").click()
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
    expect(keyed_page.locator("#topics-table tbody tr")).to_have_count(46)
    expect(keyed_page.locator("#trouble")).to_be_hidden()
    assert keyed_page.evaluate("[Object.values(sessionStorage), localStorage.length, document.cookie]") == [
        ["sesame"],
        0,
        "",
    ]
    keyed_page.reload()
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
    expect(dialog).to_be_hidden()
    other = keyed_page.context.new_page()
    other.goto(keyed_page.url)
    expect(other.get_by_role("dialog")).to_be_visible()


def test_key_is_not_sent_to_a_service_below_another_path(keyed_page: Page) -> None:
    """A proxy may serve several services below one origin, whose pages share the browser's storage."""
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
    sent = []

    def forward(route: Route) -> None:
        sent.append(route.request.headers.get("authorization"))
        route.fulfill(response=route.fetch(url=route.request.url.replace("/other/", "/")))

    keyed_page.route("**/other/**", forward)
    keyed_page.goto(f"{keyed_page.url}other/")
    expect(keyed_page.get_by_role("dialog")).to_contain_text("No API key")
    assert set(sent) == {None}
    keyed_page.unroute_all(behavior="wait")


def test_key_can_be_given_later(keyed_page: Page) -> None:
    keyed_page.get_by_role("button", name="Not now").click()
    expect(keyed_page.locator("#trouble")).to_contain_text("No API key")
    keyed_page.get_by_role("button", name="Enter a key").click()
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()


def test_dialog_that_was_closed_does_not_interrupt_again(keyed_page: Page) -> None:
    dialog = keyed_page.get_by_role("dialog")
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
    keyed_page.evaluate("sessionStorage.setItem('reuters-topics-key:/', 'revoked')")
    keyed_page.fill("#headline", "gold ounce")
    expect(dialog).to_contain_text("API key is not valid")
    keyed_page.get_by_role("button", name="Not now").click()
    with keyed_page.expect_response("**/predict"):
        keyed_page.fill("#headline", "wheat flour")
    expect(keyed_page.locator("#trouble")).to_contain_text("API key is not valid")
    expect(dialog).to_be_hidden()
    keyed_page.get_by_role("button", name="Enter a key").click()
    keyed_page.get_by_role("textbox", name="Key").fill("abracadabra")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.get_by_role("textbox", name="Key")).to_be_visible()  # for a key just entered, it opens again
    keyed_page.get_by_role("textbox", name="Key").fill("sesame")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.locator("#verdict strong")).to_have_text("Wheat")


@pytest.mark.parametrize("key", ["a\x01b", "x" * 70_000, "x" * 300_000], ids=["control", "long", "longer"])
def test_key_that_no_header_can_carry_is_not_used(keyed_page: Page, key: str) -> None:
    dialog = keyed_page.get_by_role("dialog")
    field = keyed_page.get_by_role("textbox", name="Key")
    field.fill(key)
    keyed_page.keyboard.press("Enter")
    expect(dialog).to_contain_text("This key has control characters or is too long.")
    field.fill("sesame")
    keyed_page.keyboard.press("Enter")
    expect(keyed_page.locator("#verdict strong")).not_to_be_empty()
