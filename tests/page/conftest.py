"""Fixtures: a real browser and a real server."""

import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.server import RunningServer
from tests.tiny_bundle import seal

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
"""The first is Chromium without windows, tabs and profiles: the tests need half as much processor time."""

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
    """The tiny bundle plus prediction sets, figures, and a model card with a plot."""
    folder = shutil.copytree(tiny_bundle, tmp_path_factory.mktemp("page") / "1")
    (folder / "README.md").write_text(CARD)
    (folder / "plot.png").write_bytes(png())
    figures = {"test_titles": {"accuracy": 0.873, "ece": 0.0123}, "test": {"accuracy": 0.81}}
    seal(folder, topic_set={"coverage": 0.9, "threshold": 0.2}, figures=figures)
    return folder


@pytest.fixture(scope="package")
def server(page_bundle: Path) -> Iterator[RunningServer]:
    """One server, shared by all tests that do not change it."""
    with RunningServer(page_bundle, max_characters=500, access_log="false") as running:
        yield running


# Package scope: in the session scope, Playwright's event loop would disturb other tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The installed Chromium; Playwright never downloads its own."""
    if program() is None:
        pytest.skip(f"no browser on PATH ({', '.join(BROWSERS)}); on Debian: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser context; tests of phones and dark mode create their own."""
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context


class Watch:
    """Records forbidden events of a page: requests to other hosts, dialogs and console errors."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.allowed: tuple[str, ...] = ()
        """Substrings of console errors that the test expects."""

    def over(self, page: Page, origin: str) -> Page:
        """Start watching a page, and return it."""
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
    """Fails the test at its end on any forbidden event."""
    watch = Watch()
    yield watch
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext, server: RunningServer, watch: Watch) -> Page:
    """A loaded, watched page."""
    return opened(watch.over(context.new_page(), server.url), server)


def program() -> str | None:
    """Path of the installed browser, if any."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def opened(page: Page, server: RunningServer) -> Page:
    """Open a server's page and wait until it is complete."""
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
