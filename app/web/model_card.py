"""The bundle's model card as a page."""

from pathlib import Path
from string import Template

from app.classifier import Bundle
from app.classifier.bundle import CARD

TEMPLATE = Path(__file__).with_name("card.html")

PLOTS = frozenset({".png", ".svg", ".jpg", ".webp"})
"""What of a bundle's files the card may show."""


def card_page(bundle: Bundle) -> str:
    """A whole HTML page; HTML in the card's Markdown is shown as text, and only the bundle's own plots are."""
    manifest = bundle.manifest
    title = f"{manifest.name} {manifest.version}"
    markdown = f"# {title}\n\nThis bundle has no model card."
    if CARD in manifest.files:
        markdown = (bundle.path / CARD).read_text("utf-8")
    template = Template(TEMPLATE.read_text("utf-8"))
    return template.substitute(title=title, card=to_html(markdown, plots(bundle)))


def plots(bundle: Bundle) -> frozenset[str]:
    """Names of the pictures that the manifest lists, whose bytes were therefore checked when it was loaded."""
    return frozenset(name for name in bundle.manifest.files if Path(name).suffix in PLOTS)


def to_html(markdown: str, pictures: frozenset[str]) -> str:
    """CommonMark with tables as HTML that needs no inline style; `pictures` are served below `card/`."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - 20 ms that only a reader of the card should wait for
    from markdown_it.token import Token  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = []
    for token in parser.parse(markdown):
        if style := token.attrs.pop("style", ""):  # markdown-it's `text-align:right`, which the policy forbids
            token.attrSet("class", str(style).rpartition(":")[2])
        for child in token.children or ():
            if child.type == "image" and child.attrs["src"] in pictures:
                child.attrs |= {"src": f"card/{child.attrs['src']}", "loading": "lazy"}
            elif child.type == "image":
                child.type = "text"  # its content is the text that stands for the picture
        if token.type == "table_open":  # wide tables scroll, by keyboard too
            tokens.append(Token("box_open", "div", 1, attrs={"class": "scroll", "tabindex": "0"}, block=True))
        tokens.append(token)
        if token.type == "table_close":
            tokens.append(Token("box_close", "div", -1, block=True))
    return str(parser.renderer.render(tokens, parser.options, {}))
