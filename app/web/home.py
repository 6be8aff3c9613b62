"""The page at `/` as HTML, with the title and the number of topics of the default model."""

import html
from pathlib import Path
from string import Template

from app.classifier.manifest import Manifest

TEMPLATE = Path(__file__).with_name("index.html")

MODULES = Path(__file__).with_name("static")

METRICS_LINK = '<a href="metrics">Metrics</a>'


def home_page(manifest: Manifest, *, metrics: bool) -> str:
    """The complete page; `metrics`: whether it links to /metrics.

    With TOPICS_METRICS_PORT browsers may be unable to reach the metrics.
    """
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        title=html.escape(manifest.title_or_name),
        topics=len(manifest.topics),
        metrics=METRICS_LINK if metrics else "",
        preload="\n".join(f'  <link rel="modulepreload" href="page/{name}">' for name in _modules()),
    )


def _modules() -> list[str]:
    """The page's modules, which the browser would otherwise discover level by level, each after a round trip."""
    paths = [path.relative_to(MODULES).as_posix() for path in MODULES.rglob("*.js")]
    return sorted(path for path in paths if path != "docs.js")
