import shutil
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.page.conftest import Watch, opened
from tests.server import ROOT, RunningServer, free_port
from tests.tiny_bundle import seal

SHOW_FIGURES = """async (figures) => {
  const model = await (await fetch("model")).json();
  (await import("/page/model/model.js")).showModel({ ...model, figures });
}"""


def test_model_leads_with_its_figures_on_headlines(page: Page) -> None:
    tiles = page.locator(".tiles li")
    expect(tiles).to_have_text(
        [
            "87.3%Accuracy on headlines of the test set",
            "81.0%Accuracy on the test set",
            "1.2%Calibration error on headlines of the test set",
            "90.0%Prediction sets are made to contain the right topic for this share of texts",
        ]
    )
    expect(page.locator("#model-facts")).to_contain_text("tiny version 1")


@pytest.mark.parametrize("width", [1200, 700, 360])
def test_tiles_are_of_one_size_and_have_different_names(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    tiles = page.locator(".tiles li").all()
    boxes = [tile.bounding_box() for tile in tiles]
    assert len({round(box["width"]) for box in boxes}) == 1
    for row in {round(box["y"]) for box in boxes}:
        assert len({round(box["height"]) for box in boxes if round(box["y"]) == row}) == 1
    names = [tile.inner_text() for tile in tiles]
    assert len(set(names)) == len(names)


def test_sections_of_the_manifest_are_in_words(page: Page) -> None:
    figures = page.locator("#model-facts details").first
    figures.locator("summary").click()
    expect(figures.locator("summary")).to_have_text("All measured figures")
    expect(figures.locator("dt")).to_have_text(
        [
            "On headlines of the test set: accuracy",
            "On headlines of the test set: calibration error",
            "On the test set: accuracy",
        ]
    )
    expect(figures.locator("dd")).to_have_text(["87.3%", "1.2%", "81.0%"])


def test_test_set_of_wires_is_said_to_have_whole_wires(page: Page) -> None:
    page.evaluate(
        SHOW_FIGURES, {"test": {"wires": 2246, "accuracy": 0.81}, "test_titles": {"wires": 2234, "accuracy": 0.873}}
    )
    tiles = page.locator(".tiles li")
    expect(tiles.first).to_have_text("87.3%Accuracy on headlines of the test set")
    expect(tiles.nth(1)).to_have_text("81.0%Accuracy on whole wires of the test set")
    names = page.locator("#model-facts details").first.locator("dt").all_text_contents()
    assert "On whole wires of the test set: accuracy" in names


def test_figures_on_headlines_of_today_are_shown_beside_those_of_the_test_set(page: Page) -> None:
    places = {"test": 0.81, "present_day": 1.0, "present_day_2": 0.92, "test_titles": 0.873}
    page.evaluate(SHOW_FIGURES, {name: {"wires": 200, "accuracy": accuracy} for name, accuracy in places.items()})
    tiles = page.locator(".tiles li")
    expect(tiles.first).to_have_text("87.3%Accuracy on headlines of the test set")
    expect(tiles.nth(1)).to_have_text("92.0%Accuracy on present-day headlines, second set")


def test_model_links_to_card_docs_and_metrics(page: Page, server: RunningServer) -> None:
    expect(page.locator("footer a >> visible=true")).to_have_count(3)
    paths = [link.get_attribute("href") for link in page.locator("footer a").all()]
    assert paths == ["model/card", "docs", "metrics"]
    assert {server.get(f"/{path}").status for path in paths} == {200}


def test_metrics_on_another_port_are_not_linked(context: BrowserContext, page_bundle: Path, watch: Watch) -> None:
    with RunningServer(page_bundle, metrics_port=free_port(), access_log="false") as server:
        page = watch.over(context.new_page(), server.url)
        page.goto(server.url)
        expect(page.locator("footer a >> visible=true")).to_have_text(["Model card", "API reference"])


def test_topics_sort_by_skill_with_unknown_skill_last(
    context: BrowserContext, tiny_bundle: Path, tmp_path: Path, watch: Watch
) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / "1")
    topics = [
        {"label": label, "code": f"code{label}", "name": f"Topic {label}", "support": 1, "recall": recall}
        for label, recall in enumerate([0.5, None, 0.75, *[0.1] * 43])
    ]
    seal(folder, topics=topics)
    with RunningServer(folder) as server:
        page = opened(watch.over(context.new_page(), server.url), server)
        page.click("#topics-table th[data-key=recall] button")
        names = page.locator("#topics-table tbody th").all_inner_texts()
        assert [names[0], names[1], names[-1]] == ["Topic 2 code2", "Topic 0 code0", "Topic 1 code1"]
        page.click("#topics-table th[data-key=recall] button")
        names = page.locator("#topics-table tbody th").all_inner_texts()
        assert [names[-2], names[-1]] == ["Topic 2 code2", "Topic 1 code1"]


def test_topics_say_on_which_texts_their_figures_were_measured(page: Page) -> None:
    link = page.locator("#topics .intro a")
    expect(link).to_have_text("model card")
    expect(link).to_have_attribute("href", "model/card")
    expect(page.locator("#topics .intro")).to_contain_text("a dash means that the model never predicted the topic")


def test_page_describes_the_model_after_a_replacement(
    context: BrowserContext, tiny_bundle: Path, page_bundle: Path, watch: Watch
) -> None:
    watch.allowed = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE")
    with RunningServer(page_bundle) as first:
        page = opened(watch.over(context.new_page(), first.url), first)
        first.stop()
    newer = shutil.copytree(tiny_bundle, page_bundle.parent / "2", dirs_exist_ok=True)
    seal(newer, version="2")
    with RunningServer(newer, ("-m", "app", "serve", "--port", str(first.port))):
        page.fill("#headline", "gold")
        expect(page.locator(".model-name")).to_have_text("tiny version 2", timeout=15_000)


def test_no_table_of_the_shipped_card_is_cut_off_on_a_desktop(context: BrowserContext, watch: Watch) -> None:
    with RunningServer(ROOT / "models" / "headlines" / "7", access_log="false") as server:
        page = watch.over(context.new_page(), server.url)
        page.goto(f"{server.url}/model/card")
        boxes = page.evaluate(
            "[...document.querySelectorAll('.scroll')].map((one) => [one.scrollWidth, one.clientWidth])"
        )
    assert len(boxes) >= 5
    assert [(content, box) for content, box in boxes if content > box] == []
