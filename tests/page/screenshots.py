"""python -m tests.page.screenshots: regenerate the README's screenshots with the default bundle."""

import io
import random
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from app.settings import load_settings
from tests.page.conftest import QUIET, opened, program
from tests.page.test_batch import finished, upload
from tests.server import RunningServer

FOLDER = Path(__file__).parents[2] / "docs" / "images"
HEADLINE = "Zimbabwe fears famine as drought cuts wheat harvest, says flurble"
SUBJECTS = (
    *("Oil", "Crude", "OPEC", "Wheat", "Corn", "Gold", "Copper", "Dollar", "Yen", "Texaco", "Coffee", "Sugar"),
    *("Bundesbank", "Soybeans", "Steel", "Zinc"),
)
EVENTS = (
    *(
        "rises on supply fears",
        "falls to three-month low",
        "profit up 12 pct",
        "merger talks end",
        "exports hit by strike",
    ),
    *("intervention seen", "interest rates unchanged", "shares offered to holders", "quota talks collapse"),
)


def main() -> None:
    """One headline in light, dark and on a phone; a file of 1,200 lines."""
    desktop = {"viewport": {"width": 1120, "height": 860}}
    phone = {"viewport": {"width": 360, "height": 760}, "device_scale_factor": 1.5}
    with RunningServer(load_settings().model[0]) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(QUIET))

        def take(name: str, show: str, **window: object) -> None:
            with browser.new_context(reduced_motion="reduce", **window) as context:
                page = opened(context.new_page(), server)
                prepare(page, many=show == "many")
                page.evaluate("id => document.getElementById(id)?.scrollIntoView()", show)
                picture = Image.open(io.BytesIO(page.screenshot()))
                # 256 colours take a third; this method keeps those of small areas, such as the legend's.
                few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, 5, dither=Image.Dither.NONE)
                few.save(FOLDER / f"{name}.png", optimize=True)

        take("headline", "top", **desktop)
        take("dark", "top", color_scheme="dark", **desktop)
        take("phone", "top", **phone)
        take("many", "many", viewport={"width": 1120, "height": 1240})
        browser.close()


def prepare(page: Page, many: bool) -> None:
    """Prepare the page for the screenshot."""
    if many:
        choose = random.Random(1)
        upload(page, "\n".join(f"{choose.choice(SUBJECTS)} {choose.choice(EVENTS)}" for _ in range(1200)))
        finished(page)
    else:
        page.fill("#headline", HEADLINE)
        page.get_by_role("button", name="flurble").wait_for()


if __name__ == "__main__":
    main()
