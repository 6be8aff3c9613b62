"""Long texts: Chromium takes half a minute to lay out 3 MB in a text box, so the boxes do not take them."""

from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.page.conftest import Watch
from tests.server import RunningServer

LINE = "wheat harvest falls\n"
LONG = LINE * 5_001
"""Of more than 100,000 characters."""
TOO_LONG = (
    "The text has 100,020 characters, too many for this box. If it has many lines, paste it under “Many at once”."
)
COUNT = "5,001 of 5,001 lines classified"


def paste(page: Page, text: str, box: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.focus(box)
    page.keyboard.press("Control+v")


def test_long_text_is_kept_out_of_the_box_of_one_headline(page: Page) -> None:
    page.fill("#headline", "gold bullion")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    paste(page, LONG, "#headline")
    expect(page.locator("#verdict")).to_have_text(TOO_LONG)
    assert page.input_value("#headline") == "gold bullion"
    page.fill("#headline", "wheat flour falls")
    expect(page.locator("#verdict strong")).to_have_text("Wheat")


def test_long_text_of_a_link_is_kept_out_of_the_box(
    context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    page = watch.over(context.new_page(), server.url)
    page.goto(f"{server.url}/#headline={quote(LONG)}")
    expect(page.locator("#verdict")).to_have_text(TOO_LONG)
    page.wait_for_selector("#topics-table tbody tr")
    expect(page.locator("#verdict")).to_have_text(TOO_LONG)
    assert page.input_value("#headline") == urlsplit(page.url).fragment == ""
    page.evaluate("location.hash = 'headline=gold+bullion'")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.evaluate("text => { location.hash = `headline=${encodeURIComponent(text)}`; }", LONG)
    expect(page.locator("#verdict")).to_have_text(TOO_LONG)
    page.fill("#headline", " ")
    expect(page.locator("#verdict")).to_be_empty()


def test_long_text_pasted_into_the_lower_box_is_classified_without_being_shown(page: Page) -> None:
    page.fill("#lines", "oil")
    paste(page, LONG, "#lines")
    expect(page.locator("#batch-status")).to_contain_text(COUNT, timeout=30_000)
    assert page.input_value("#lines") == ""
    assert page.get_attribute("#lines", "placeholder") == "The text is too long to be shown here."
    paste(page, LINE, "#lines")
    page.click("#start")
    expect(page.locator("#batch-status")).to_contain_text("1 of 1 lines classified")
    assert page.input_value("#lines") == LINE
    assert page.get_attribute("#lines", "placeholder") == ""


@pytest.mark.parametrize(("text", "shown"), [(LINE, LINE), (LONG, "")])
def test_dropped_text_is_shown_unless_it_is_long(page: Page, text: str, shown: str) -> None:
    page.evaluate(
        """text => {
            const dataTransfer = new DataTransfer();
            dataTransfer.setData("text/plain", text);
            const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
            document.getElementById("lines").dispatchEvent(drop);
        }""",
        text,
    )
    expect(page.locator("#batch-status")).to_contain_text("lines classified", timeout=30_000)
    assert page.input_value("#lines") == shown


def test_text_pasted_in_parts_stays_in_the_lower_box(page: Page) -> None:
    for _ in range(3):
        paste(page, LINE * 2_500, "#lines")
    page.click("#start")
    expect(page.locator("#batch-status")).to_contain_text("7,500 of 7,500 lines classified", timeout=30_000)
    assert page.input_value("#lines") == LINE * 7_500
