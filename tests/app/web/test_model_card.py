"""The model card as HTML; tests/page tests it in a browser."""

from pathlib import Path

from app.classifier import load_bundle
from app.classifier.bundle import CARD
from app.web.model_card import MAX_CHARACTERS, card_page, to_html
from tests.tiny_bundle import seal, write_tiny_bundle

TABLE = "| topic | F1 |\n| :--- | ---: |\n| crude | 0.9 |\n"


def html(markdown: str, *pictures: str) -> str:
    return to_html(markdown, frozenset(pictures))


def test_markup_becomes_html_and_html_is_shown_as_text() -> None:
    assert html("# Model\n\n*one* `two`") == "<h1>Model</h1>\n<p><em>one</em> <code>two</code></p>\n"
    assert html("a <b>c</b>\n\n<script>x</script>") == (
        "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n<p>&lt;script&gt;x&lt;/script&gt;</p>\n"
    )
    assert "href" not in html("[x](javascript:alert(1))")


def test_tables_scroll_and_are_aligned_without_a_style() -> None:
    found = html(f"{TABLE}\nafter\n\n{TABLE}")
    assert found.count('<div class="scroll" tabindex="0">') == found.count("</div>") == 2
    assert found.index("<div") < found.index("<table>") < found.index("</table>") < found.index("</div>")
    assert '<th class="left">topic</th>' in found
    assert '<td class="right">0.9</td>' in found
    assert "style" not in found


def test_pictures_of_the_bundle_are_shown_and_others_are_their_text() -> None:
    assert html("![Loss](loss.png)", "loss.png") == '<p><img src="card/loss.png" alt="Loss" loading="lazy" /></p>\n'
    for other in ("other.png", "http://example.org/loss.png", "../loss.png"):
        assert html(f"![Loss]({other})", "loss.png") == "<p>Loss</p>\n"


def test_page_shows_the_card_with_the_pictures_that_the_manifest_lists(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "1")
    assert "This bundle has no model card." in card_page(load_bundle(folder))
    (folder / CARD).write_text("# Card\n\n![A](a.png) ![B](b.txt)", "utf-8")
    (folder / "a.png").write_bytes(b"png")
    (folder / "b.txt").write_bytes(b"text")
    seal(folder)
    page = card_page(load_bundle(folder))
    assert "<h1>Card</h1>" in page
    assert '<img src="card/a.png" alt="A" loading="lazy" /> B' in page
    assert "tiny 1" in page
    assert "no model card" not in page
    assert "source repository" not in page


def test_page_says_where_the_documents_are_that_a_card_names(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "1")
    (folder / CARD).write_text("# Card\n\nMeasured (docs/experiments.md).", "utf-8")
    seal(folder)
    assert "<code>docs/</code> are in the source repository" in card_page(load_bundle(folder))


def test_long_card_is_shown_as_it_is_written(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "1")
    (folder / CARD).write_text("# A <b>\n\n" + "*a* " * (MAX_CHARACTERS // 4), "utf-8")
    seal(folder)
    page = card_page(load_bundle(folder))
    assert '<pre tabindex="0"># A &lt;b&gt;\n\n*a* *a* ' in page
    assert "<em>" not in page
