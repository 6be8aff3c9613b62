"""The page at `/` as HTML, with the title and the number of topics of the default model."""

import html
from pathlib import Path
from string import Template

from app.classifier.manifest import Manifest

TEMPLATE = Path(__file__).with_name("index.html")

METRICS_LINK = '<a href="metrics">Metrics</a>'


def home_page(manifest: Manifest, *, metrics: bool) -> str:
    """The complete page; `metrics`: whether it links to /metrics.

    With TOPICS_METRICS_PORT browsers may be unable to reach the metrics.
    """
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        title=html.escape(manifest.title_or_name),
        topics=len(manifest.topics),
        metrics=METRICS_LINK if metrics else "",
    )
