"""The model card as an HTML page."""

from html import escape
from pathlib import Path
from string import Template

from app.classifier import Bundle

TEMPLATE = Path(__file__).with_name("card.html")

PATHS_NOTE = (
    '<p class="fine">Paths that begin with <code>docs/</code> are in the source repository of this service.</p>'
)

PLOTS = frozenset({".png", ".svg", ".jpg", ".webp"})
"""Suffixes of the bundle's files that the card may show as images."""

MAX_CHARACTERS = 200_000
"""A longer card is shown as it is written: 1 MB of Markdown would take 3 s and 60 MB."""


def card_page(bundle: Bundle, query: str = "") -> str:
    """The complete HTML page. HTML in the Markdown is escaped, and only images of the bundle are shown.

    `query`: of the links to the images, such as `?model=news/2`.
    """
    manifest = bundle.manifest
    title = f"{manifest.name} {manifest.version}"
    markdown = f"# {title}\n\nThis bundle has no model card." if bundle.card is None else bundle.card
    template = Template(TEMPLATE.read_text("utf-8"))
    note = PATHS_NOTE if "docs/" in markdown else ""
    if len(markdown) > MAX_CHARACTERS:
        card = f'<pre tabindex="0">{escape(markdown)}</pre>'  # scrolls, also by keyboard
    else:
        card = to_html(markdown, plots(bundle), query)
    return template.substitute(title=title, card=card + note)


def plots(bundle: Bundle) -> frozenset[str]:
    """Names of the images listed in the manifest; their hashes were verified when the bundle was loaded."""
    return frozenset(name for name in bundle.manifest.files if Path(name).suffix in PLOTS)


def to_html(markdown: str, pictures: frozenset[str], query: str = "") -> str:
    """Convert CommonMark with tables to HTML without inline styles.

    `pictures`: images, served below `card/`; `query` is appended to their URLs.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - takes 20 ms, needed only here
    from markdown_it.token import Token  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = []
    for token in parser.parse(markdown):
        if style := token.attrs.pop("style", ""):  # `text-align:right`, which the Content-Security-Policy forbids
            token.attrSet("class", str(style).rpartition(":")[2])
        for child in token.children or ():
            if child.type == "image" and child.attrs["src"] in pictures:
                child.attrs |= {"src": f"card/{child.attrs['src']}{query}", "loading": "lazy"}
            elif child.type == "image":
                child.type = "text"  # the content of the token is the alternative text
        if token.type == "table_open":  # wide tables scroll, also by keyboard
            tokens.append(Token("box_open", "div", 1, attrs={"class": "scroll", "tabindex": "0"}, block=True))
        tokens.append(token)
        if token.type == "table_close":
            tokens.append(Token("box_close", "div", -1, block=True))
    return str(parser.renderer.render(tokens, parser.options, {}))
