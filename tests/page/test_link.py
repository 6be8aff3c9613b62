"""The answer as a link, as a curl command and as a Python program."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.page.conftest import Watch, opened
from tests.page.test_headline import bar, type_headline
from tests.server import RunningServer
from tests.tiny_bundle import seal

HOSTILE = 'it\'s "oil" & <b>wheat</b> $HOME `id` \\\\ é 🛢 \u202e!\nprices'


@pytest.fixture(autouse=True)
def _clipboard(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def copied(page: Page, button: str) -> str:
    page.get_by_role("button", name=button).click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def state(page: Page) -> list[object]:
    page.locator("#words button").first.wait_for()
    return page.evaluate(
        "['#headline', '#verdict', '#words', '#chart', '#why-topic', '#more'].map(one => {"
        " const found = document.querySelector(one); return found.value || found.innerText; })"
    )


def test_first_example_without_a_word_has_a_link(page: Page) -> None:
    page.locator("#words button").first.click()
    expect(page.locator("#words button").first).to_have_attribute("aria-pressed", "true")
    assert parse_qs(urlsplit(page.url).fragment)["without"] == ["0"]


def test_link_brings_back_headline_topic_words_left_out_and_all_topics(
    page: Page, context: BrowserContext, server: RunningServer, watch: Watch
) -> None:
    type_headline(page, "oil prices, wheat & corn é 🛢 #1?")
    expect(page.locator("#words button")).to_have_count(6)
    bar(page, "wheat").locator("button").click()
    expect(page.locator("#why-topic")).to_have_text("“Wheat”")
    page.locator("#words button").nth(1).click()
    expect(page.locator("#words button").nth(1)).to_have_attribute("aria-pressed", "true")
    page.click("#more")
    expect(page.locator("#chart li")).to_have_count(46)
    link = copied(page, "Copy link")
    assert link == page.url
    other = watch.over(context.new_page(), server.url)
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    expect(other.locator("#words button").nth(1)).to_have_attribute("aria-pressed", "true")
    assert state(other) == state(page)
    assert not [url for url in asked if "wheat" in url]


def test_address_follows_the_headline_and_a_link_in_the_same_tab_is_followed(page: Page) -> None:
    assert urlsplit(page.url).fragment == ""
    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    assert parse_qs(urlsplit(page.url).fragment) == {"headline": ["gold ounce"]}
    page.evaluate("location.hash = 'headline=wheat+flour'")
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    expect(page.locator("#headline")).to_have_value("wheat flour")
    page.get_by_role("link", name="Many at once").click()
    expect(page.locator("#headline")).to_have_value("wheat flour")
    page.go_back()
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    page.reload()
    expect(page.locator("#verdict strong")).to_have_text("Wheat")
    type_headline(page, "")
    expect(page.locator("#answer")).to_be_hidden()
    assert urlsplit(page.url).fragment == ""


@pytest.mark.parametrize(
    "fragment",
    [
        "headline=wheat+flour&explain=nonsense&without=999,-1,x&all=2&model=none",
        "headline=wheat%20flour&without=0,0,6",
        "headline=wheat+flour&headline=gold&explain=<b>",
        "headline=wheat+flour&explain=__proto__",
    ],
)
def test_link_that_does_not_fit_shows_what_it_can(
    context: BrowserContext, server: RunningServer, watch: Watch, fragment: str
) -> None:
    watch.allowed = ("404", "422")
    page = watch.over(context.new_page(), server.url)
    page.goto(f"{server.url}/#{fragment}")
    expect(page.locator("#words button")).to_have_count(2)
    expect(page.locator("#verdict strong")).not_to_be_empty()
    expect(page.locator("#explained")).to_be_visible()
    expect(page.locator("#model-missing")).to_have_text(re.compile("none" if "model=" in fragment else "^$"))


@pytest.mark.parametrize("address", ["?model=other", "?model=other/1", "#headline=gold&model=other"])
def test_model_of_the_address_is_used_and_selected(
    context: BrowserContext, page_bundle: Path, tmp_path: Path, watch: Watch, address: str
) -> None:
    seal(other := shutil.copytree(page_bundle, tmp_path / "other"), name="other")
    with RunningServer(page_bundle, model=f"{page_bundle},{other}", access_log=False) as server:
        page = watch.over(context.new_page(), server.url)
        page.goto(f"{server.url}/{address}")
        expect(page.locator(".model-name")).to_have_text("other version 1")
        expect(page.locator("#model-choice")).to_have_value("other/1")
        page.locator("#model-choice").select_option(index=0)
        expect(page.locator(".model-name")).to_have_text("tiny version 1")
        expect(page.locator("#model-choice")).to_have_value("tiny/1")


def test_link_with_markup_stays_text(context: BrowserContext, server: RunningServer, watch: Watch) -> None:
    page = watch.over(context.new_page(), server.url)
    page.goto(f"{server.url}/#headline=%3Cimg src=x onerror=alert(1)%3E oil")
    expect(page.locator("#headline")).to_have_value("<img src=x onerror=alert(1)> oil")
    expect(page.locator("#words")).to_contain_text("onerror")
    expect(page.locator("#try img")).to_have_count(0)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_command_gives_the_answer_that_is_shown(page: Page, server: RunningServer) -> None:
    type_headline(page, HOSTILE)
    bar(page, "wheat").locator("button").click()
    expect(page.locator("#why-topic")).to_have_text("“Wheat”")
    command = copied(page, "Copy as curl")
    assert "\u202e" not in command
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    expected = server.predict(HOSTILE, explain=True, explain_topic="wheat", top_k=46).json()
    answer = json.loads(ran.stdout)
    shown = page.locator("#chart li").count()
    assert answer["predictions"] == expected["predictions"][:shown]
    assert answer["explanation"] == expected["explanation"]


def test_python_program_gives_the_answer_that_is_shown(page: Page, server: RunningServer, tmp_path: Path) -> None:
    type_headline(page, HOSTILE)
    expect(page.locator("#words button").first).to_contain_text("it's")  # the explanation, a part of the request
    program = tmp_path / "ask.py"
    program.write_text(copied(page, "Copy as Python"), "utf-8")
    ran = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, timeout=30)
    assert (
        json.loads(ran.stdout) == server.predict(HOSTILE, explain=True, top_k=page.locator("#chart li").count()).json()
    )


def test_commands_name_the_key_without_its_value(context: BrowserContext, page_bundle: Path, watch: Watch) -> None:
    watch.allowed = ("401",)
    with RunningServer(page_bundle, api_keys="sesame", access_log="false") as server:
        page = watch.over(context.new_page(), server.url)
        page.goto(server.url)
        page.get_by_role("textbox", name="Key").fill("sesame")
        page.keyboard.press("Enter")
        expect(page.locator("#verdict strong")).not_to_be_empty()
        curl, python = copied(page, "Copy as curl"), copied(page, "Copy as Python")
        assert "sesame" not in curl + python + copied(page, "Copy link")
        environment = {"TOPICS_API_KEY": "sesame", "PATH": "/usr/bin:/bin"}
        for command in (["bash", "-c", curl], [sys.executable, "-c", python]):
            ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=environment)
            assert json.loads(ran.stdout)["predictions"]


def test_copying_works_without_a_clipboard_object(context: BrowserContext, server: RunningServer, watch: Watch) -> None:
    """Browsers offer the object over HTTPS and on this machine only."""
    context.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page = opened(watch.over(context.new_page(), server.url), server)
    type_headline(page, "gold ounce")
    expect(page.locator("#verdict strong")).to_have_text("Gold")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    page.locator("#lines").focus()
    page.keyboard.press("Control+v")
    expect(page.locator("#lines")).to_have_value(page.url)
