"""The page at `/` as HTML, with the title and the number of topics of the default model."""

import html
import posixpath
import re
from pathlib import Path
from string import Template

from app.classifier.manifest import Manifest

TEMPLATE = Path(__file__).with_name("index.html")

MODULES = Path(__file__).with_name("static")

DESCRIPTION = "<!-- description -->"

METRICS_LINK = '<a href="metrics">Metrics</a>'


def home_page(manifest: Manifest, *, metrics: bool) -> str:
    """The complete page; `metrics`: whether it links to /metrics.

    With TOPICS_METRICS_PORT browsers may be unable to reach the metrics.
    """
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        title=html.escape(manifest.title_or_name),
        topics=len(manifest.topics),
        metrics=METRICS_LINK if metrics else "",
        preload="\n".join(f'  <link rel="modulepreload" href="page/{name}">' for name in modules()),
    )


def modules() -> list[str]:
    """The modules that main.js imports, which the browser would otherwise discover level by level, each a round trip.

    Those that it imports dynamically, after the first answer, are not among them.
    """
    modules, waiting = set[str](), ["main.js"]
    while waiting:
        module = waiting.pop()
        modules.add(module)
        imports = re.findall(r'^import .* from "(.*)";$', (MODULES / module).read_text("utf-8"), re.MULTILINE)
        paths = {posixpath.normpath(posixpath.join(posixpath.dirname(module), name)) for name in imports}
        waiting += paths - modules
    return sorted(modules)


def with_description(page: str, description: str) -> str:
    """The page with the JSON that it would otherwise ask for before the first answer; empty: without."""
    data = description.replace("<", "\\u003c")  # or `</script>` in a title would end the element
    return page.replace(DESCRIPTION, f'<script type="application/json" id="description">{data}</script>', 1)
