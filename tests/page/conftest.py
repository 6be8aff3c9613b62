"""A real browser, and the real server behind it."""

import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.server import RunningServer
from tests.tiny_bundle import seal

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
CARD = """# The card

| figure | value |
| --- | ---: |
| accuracy | 0.8 |

![A plot](plot.png) ![Not ours](secret.png) [bad](javascript:alert(1))

<script>alert("card")</script>
"""


@pytest.fixture(scope="session")
def page_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with what a trained one also has: topic sets, figures, a card with a plot."""
    folder = shutil.copytree(tiny_bundle, tmp_path_factory.mktemp("page") / "1")
    (folder / "README.md").write_text(CARD)
    (folder / "plot.png").write_bytes(png())
    figures = {"test_titles": {"accuracy": 0.873, "ece": 0.0123}, "test": {"accuracy": 0.81}}
    seal(folder, topic_set={"coverage": 0.9, "threshold": 0.2}, figures=figures)
    return folder


@pytest.fixture(scope="package")
def server(page_bundle: Path) -> Iterator[RunningServer]:
    """One server for all tests that leave it as it is."""
    with RunningServer(page_bundle, max_characters=500, access_log="false") as running:
        yield running


# Of the package, not of the session: Playwright's loop would be in the way of other tests' own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, where there is one; Playwright's own is never downloaded."""
    if program() is None:
        pytest.skip(f"no browser on PATH ({', '.join(BROWSERS)}); on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window that remembers nothing; phone and dark tests make their own."""
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context


class Watch:
    """What a page must not do: ask another host, open a dialog, or have an error in its console."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.allowed: tuple[str, ...] = ()
        """Parts of console messages that the test means to provoke."""

    def over(self, page: Page, origin: str) -> Page:
        """The page, watched from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._request(request.url, origin))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        provoked = any(part in message.text for part in self.allowed)
        if message.type in ("error", "warning") and not provoked:
            self.faults.append(f"console: {message.text}")

    def _request(self, url: str, origin: str) -> None:
        if not url.startswith((f"{origin}/", "data:", f"blob:{origin}/")):
            self.faults.append(f"asked another host: {url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test at its end if the page did what no page may."""
    watch = Watch()
    yield watch
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext, server: RunningServer, watch: Watch) -> Page:
    """The page, loaded and watched."""
    return opened(watch.over(context.new_page(), server.url), server)


def program() -> str | None:
    """The browser's program, where there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def opened(page: Page, server: RunningServer) -> Page:
    """The page of a server, when all of it is there."""
    page.goto(server.url)
    page.wait_for_selector("#topics-table tbody tr")
    return page


def png() -> bytes:
    """One white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff")) + chunk(b"IEND", b"")
    )
