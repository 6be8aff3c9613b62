"""The README is correct: its first commands, settings, figures and links; also the curl of docs/v2.md."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.classifier import load_bundle, load_classifier
from app.settings import Settings, load_settings
from benchmarks.scaling.scaling_page import FIGURES
from benchmarks.speed.targets import FRAMEWORKS, SERVICE
from tests.server import ROOT, RunningServer
from training.evaluation.present_day.headlines import read_headlines

PRESENT_DAY = ROOT / "docs" / "headlines" / "present_day.json"
OTHER_SENSES = ROOT / "docs" / "headlines" / "other_senses.tsv"
README = (ROOT / "README.md").read_text("utf-8")
DEFAULT_ADDRESS = "http://127.0.0.1:8000"


def close(value: object) -> object:
    """The same value, with its numbers compared within the differences between processors."""
    if isinstance(value, dict):
        return {key: close(one) for key, one in value.items()}
    if isinstance(value, list):
        return [close(one) for one in value]
    return pytest.approx(value, abs=1e-5) if isinstance(value, float) else value


def answer_of(command: str) -> object:
    """The JSON that a curl command of a page prints, with the default model."""
    assert DEFAULT_ADDRESS in command
    with RunningServer(load_settings().model[0]) as server:
        here = command.replace(DEFAULT_ADDRESS, server.url)
        done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_first_curl_gives_the_printed_answer():
    command = re.search(r"^    (curl .*?[^\\])$", README, re.MULTILINE | re.DOTALL)[1]
    printed = json.loads(re.search(r"```json\n(.*?)```", README, re.DOTALL)[1])
    assert answer_of(command) == close(printed)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_of_the_open_inference_page_gives_the_printed_answer():
    page = (ROOT / "docs" / "v2.md").read_text("utf-8")
    [*_, command] = re.findall(r"^    curl (?:.*\n)(?:    .*\n)*", page, re.MULTILINE)
    [printed] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert answer_of(command) == close(json.loads(printed))


def shown(default: object) -> str:
    """A setting's default as in the table."""
    if isinstance(default, SecretStr) or default in (None, "", []):
        return ""
    if isinstance(default, tuple):
        return f"`{','.join(str(one.relative_to(ROOT)) for one in default)}`"
    return f"`{default}`".lower()


def settings_rows(page: str) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting in the table of a page."""
    return re.findall(r"^\| `TOPICS_(\w+)` \| (.*?) ?\| (.*) \|$", (ROOT / page).read_text("utf-8"), re.MULTILINE)


def test_settings_table_equals_the_settings():
    listed = [(name.lower(), default, meaning) for name, default, meaning in settings_rows("docs/configuration.md")]
    assert listed == [
        (name, shown(field.default), field.description) for name, field in Settings.model_fields.items()
    ], "docs/configuration.md: the first table has one row per field of Settings, in this order, with its description"


def test_api_table_names_every_path_of_openapi(openapi_paths: set[str]):
    table = README.partition("## API")[2].partition("\n## ")[0]
    told = set(re.findall(r"`(?:GET |POST )(/[^ `]*)`", table))
    missing = {path for path in openapi_paths if not path.startswith("/v2")} - told
    assert missing == set(), "README.md and README.ko.md: the table under API lacks these paths"
    assert "`/v2/...`" in table


@pytest.fixture
def openapi_paths(tiny_bundle: Path) -> set[str]:
    from app.main import create_app

    return set(create_app(load_settings(model=tiny_bundle)).openapi()["paths"])


@pytest.mark.parametrize(
    "page",
    [ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    + sorted((ROOT / "docs").rglob("*.md")),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_have_an_existing_target(page: Path):
    for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#([^)\s]+))?\)", page.read_text("utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub generates for headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_targets_in_the_documentation_exist():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1].split()
    pages = [README, (ROOT / "CONTRIBUTING.md").read_text("utf-8")]
    told = {name for page in pages for name in re.findall(r"(?:`|^    )make ([a-z]+)", page, re.MULTILINE)}
    assert told <= set(targets)
    assert {"serve", "test", "check"} <= told


PEERS = {
    "an empty FastAPI endpoint with the same request and response schemas": "empty FastAPI route",
    "`tf.function` behind FastAPI": "tf.function",
    "the fastest of BentoML, MLServer and LitServe, which batch requests": "frameworks",
    "`model.predict` behind FastAPI": "tutorial: model.predict",
}


def test_speed_table_has_the_latest_measurement():
    ratios = json.loads((ROOT / "benchmarks" / "results" / "results.json").read_text())["http"]["ratios"]
    table = README.partition("## Speed")[2].partition("\n## ")[0]
    head, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", table, re.MULTILINE)
    ]
    for rates in ratios.values():
        rates["frameworks"] = min((rates[one.name] for one in FRAMEWORKS), key=lambda each: each["rate"])
    loads = [next(load for load in ratios if load.startswith(name)) for name in head[1:]]
    rows = [row for row in rows if row[0] in PEERS]
    assert len(rows) == len(PEERS)
    for peer, *cells in rows:
        for load, cell in zip(loads, cells, strict=True):
            told = [float(number) for number in cell.split(" to ")]
            # Within the spread of repeated measurements.
            assert 0.9 * told[0] <= ratios[load][PEERS[peer]]["rate"] <= 1.1 * told[-1], (peer, load)


def test_speeds_of_the_service_are_the_latest_measurement():
    http = json.loads((ROOT / "benchmarks" / "results" / "results.json").read_text())["http"]
    row = re.search(r"^\| for comparison: this service, headlines per second \|(.*)\|$", README, re.MULTILINE)[1]
    measured = [rates[SERVICE.name]["headlines_per_second"] for rates in http["medians"].values()]
    assert [float(cell.replace(",", "")) for cell in row.split("|")] == pytest.approx(measured, rel=0.1)
    assert f"one machine ({http['machine']['cpu']})" in README


def test_start_memory_and_file_speed_are_the_latest_measurement():
    told = re.search(r"ready ([\d.]+) s .* takes (\d+) MB, (\d+) MB of .* A million\nheadlines .* take (\d+) s", README)
    startup = json.loads((ROOT / "benchmarks" / "results" / "results.json").read_text())["startup"]
    workers = {one["workers"]: one["memory_mb"] for one in startup["workers"]}
    measured = [
        startup["starts"][SERVICE.name]["ready_s"],
        workers[1][0]["resident"],
        max(one["private"] for one in workers[2]),
        1e6 / json.loads(FIGURES.read_text("utf-8"))["command"],
    ]
    assert [float(number) for number in told.groups()] == pytest.approx(measured, rel=0.15)


def test_figures_for_test_titles_are_those_of_the_manifest():
    figures = load_bundle(load_settings().model[0]).manifest.figures["test_titles"]
    titles, right, off = re.search(
        r"\(([\d,]+) test titles\) \| (\d+) of 100 right; calibration error ([\d.]+) percentage points \|", README
    ).groups()
    assert titles == f"{figures['wires']:,}"
    assert (int(right), off) == (round(figures["accuracy"] * 100), f"{figures['ece'] * 100:.1f}")  # as the page


def test_figures_for_present_day_headlines_are_the_latest_measurement():
    business, general, total = json.loads(PRESENT_DAY.read_text("utf-8"))["rows"]
    told = re.search(r"topics \((\d+)\) \| (\d+) of 100 right; calibration error ([\d.]+) percentage", README).groups()
    right, off = round(business["right"] * 100), f"{business['ece'] * 100:.1f}"
    assert told == (str(business["with_topic"]), str(right), off)
    told = re.search(r"most general news \((\d+) and (\d+) headlines\) \|", README).groups()
    assert tuple(map(int, told)) == (business["without_topic"], general["without_topic"])
    assert f"a development sample of {total['headlines']} headlines" in README
    told = re.search(r"(\d+) of 100 business and (\d+) of 100 general headlines marked as `outside`", README).groups()
    assert tuple(map(int, told)) == (round(business["found"] * 100), round(general["found"] * 100))
    lost = re.search(r"by mistake, so are (\d+) of 100 business headlines about one", README)[1]
    assert int(lost) == round(business["lost"] * 100)
    told = re.search(r"All (\d+) headlines of 2016 to 2020: .* \| (\d+) of 100 right \|", README).groups()
    assert tuple(map(int, told)) == (total["headlines"], round(total["right_over_all"] * 100))
    assert "about half of today's business news and most general news" in README
    assert business["without_topic"] / business["headlines"] == pytest.approx(0.5, abs=0.1)
    assert general["without_topic"] / general["headlines"] > 0.75


def test_share_of_topic_words_in_another_sense_that_is_marked_is_measured():
    headlines = read_headlines(OTHER_SENSES)
    assert {one.codes for one in headlines} == {("none",)}
    answers = load_classifier(load_settings().model[0]).classify([one.text for one in headlines])
    marked = sum(answer.abstained == "outside" for answer in answers) / len(headlines)
    told = re.search(r'such as "([^"]+)" .* \| (\d+) of 100 marked as `outside` \|', README).groups()
    assert told[0] in [one.text for one in headlines]
    assert int(told[1]) == round(marked * 100)
    assert f"[{len(headlines)} headlines](docs/headlines/other_senses.tsv)" in README


def test_readme_is_short():
    assert len(README.splitlines()) <= 150, "shorten README.md, or move a part of it to a page of docs/"


def parts(page: str) -> list[dict[str, object]]:
    """For each section what does not depend on the language: code without comments, links and figures."""
    found = []
    for section in re.split(r"^## ", page, flags=re.MULTILINE):
        block = re.compile(r"(?s:```.*?```)|^    .*$", re.MULTILINE)
        text = block.sub("", section)
        links = re.findall(r"\]\(([^)]+)\)|(https?://[^\s)]+)", text)
        words = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", " ", text)
        found.append(
            {
                "blocks": [re.sub(r"  +# .*", "", code) for code in block.findall(section)],
                "code": sorted(re.findall(r"`[^`\n]+`", text)),
                "links": sorted(target or url for target, url in links if not target.startswith("README")),
                "figures": sorted(re.findall(r"\d+(?:[.,]\d+)*", words)),
            }
        )
    return found


def test_korean_readme_has_the_same_commands_code_links_and_figures():
    korean = parts((ROOT / "README.ko.md").read_text("utf-8"))
    for here, there in zip(parts(README), korean, strict=True):
        assert here == there, "README.ko.md (right) must have the same code, links and figures as README.md (left)"
