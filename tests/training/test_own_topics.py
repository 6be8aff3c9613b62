"""The walk of docs/own-topics.md and the notebooks of examples/ run as they are printed."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.server import ROOT
from tests.shell_blocks import free_ports, run_shell, shell_blocks

PAGE = (ROOT / "docs" / "own-topics.md").read_text("utf-8")
HEADINGS = ("Check", "Fit", "Serve", "Predict", "Correct and retrain", "Compare", "Shadow and switch")
MARK = "----- next block -----"


def printed(heading: str, language: str = "text") -> str:
    """The output that the page shows under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1].strip()


def accuracies(text: str) -> dict[str, float]:
    """Accuracy by row of the table that `fit` prints."""
    return {name.strip(): float(value) for name, value in re.findall(r"^(.+?)  +(0\.\d{3})", text, re.MULTILINE)}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What every block of the page prints, by heading; the blocks run in one shell, from the first to the last."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    folder = tmp_path_factory.mktemp("walk")
    for name in (".venv", "app", "training", "examples"):
        (folder / name).symlink_to(ROOT / name)
    blocks = [(heading, block) for heading in HEADINGS for block in shell_blocks(PAGE, heading)]
    commands = [f"echo; echo '{MARK}'\n{block}" for _, block in blocks]
    parts = run_shell(folder, ["exec 2>errors", *commands], ports=free_ports(1)).split(f"{MARK}\n")[1:]
    found: dict[str, list[str]] = {}
    for (heading, _), part in zip(blocks, parts, strict=True):
        found.setdefault(heading, []).append(part.strip())
    found["suspects"] = [(folder / "models" / "support" / "1.suspects.csv").read_text("utf-8")]
    return found


def test_every_block_of_the_page_is_run():
    assert sum(len(shell_blocks(PAGE, one)) for one in HEADINGS) == PAGE.count("```sh\n")


def test_page_shows_the_figures_of_the_notebook():
    notebook = json.loads((ROOT / "examples" / "own_topics.ipynb").read_text("utf-8"))
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    shown = "".join(line for out in outputs for line in out.get("text", []))
    for heading in ("Check", "Fit", "Compare"):
        assert [line for line in printed(heading).splitlines() if line not in shown] == []


@pytest.mark.slow
def test_check_prints_what_the_page_shows(outputs: dict[str, list[str]]):
    assert outputs["Check"] == [printed("Check")]


@pytest.mark.slow
def test_fit_reaches_what_the_page_shows(outputs: dict[str, list[str]]):
    [output] = outputs["Fit"]
    shown, measured = accuracies(printed("Fit")), accuracies(output)
    assert measured.keys() >= shown.keys()
    assert {name: measured[name] for name in shown} == pytest.approx(shown, abs=0.12)
    assert "models/support/1: written" in output


WRONG = (
    "Where is my parcel? The tracking page has not changed since Monday",
    "How long until an exchange is posted",
    "Could the invoice be issued in my wife's name",
    "password must have a special character, which ones are allowed?",
    "Warranty claim rejected because of",
)
"""Rows of examples/support_requests.csv with a wrong label on purpose."""


@pytest.mark.slow
def test_wrong_labels_are_among_the_suspects(outputs: dict[str, list[str]]):
    assert sum(text in outputs["suspects"][0] for text in WRONG) >= 2
    assert len(outputs["suspects"][0].splitlines()) == 21  # with the header


@pytest.mark.slow
def test_service_answers_as_the_page_shows(outputs: dict[str, list[str]]):
    [line] = [one for one in outputs["Predict"][0].splitlines() if one.startswith('{"predictions"')]  # others: the log
    shown, answer = json.loads(printed("Predict", "json")), json.loads(line)
    assert answer.keys() == shown.keys()
    assert answer["model"] == shown["model"]
    assert answer["predictions"][0]["topic"] == shown["predictions"][0]["topic"]


@pytest.mark.slow
def test_comparison_prints_what_the_page_shows(outputs: dict[str, list[str]]):
    (shown, _), (found, table) = (
        text.split("\n\n| | text | label |") for text in (printed("Compare"), outputs["Compare"][0])
    )
    # Above 20 different answers, the sentence says that the worst are listed.
    plain = [re.sub(r"[0-9.]+", "N", re.sub(r", of which.*:", ":", text)) for text in (found, shown)]
    assert plain[0] == plain[1]
    for figure, tolerance in ((r"([0-9.]+)%", 12), (r"0\.[0-9]{3}", 0.12)):  # accuracy; macro-F1, calibration error
        measured, expected = (list(map(float, re.findall(figure, text))) for text in (found, shown))
        assert measured == pytest.approx(expected, abs=tolerance)
    both = [int(one) for one in re.findall(r"(?<=[|] )[0-9]+(?= [|])", found)]
    assert sum(both) == 60
    rows = [line.split(" | ") for line in table.splitlines()[2:]]
    assert len(rows) == min(20, int(re.findall(r"\n([0-9]+) different answers", found)[0]))
    assert {row[0] for row in rows} <= {"| worse", "| still wrong", "| better"}


@pytest.mark.slow
def test_new_model_runs_as_shadow_and_then_answers(outputs: dict[str, list[str]]):
    shadow, switched = outputs["Shadow and switch"]
    assert re.search(r'"shadow":\{"name":"support","version":"2"', shadow)
    assert re.search(r'"name":"support","version":"2"', switched)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own_topics", "reuters_book"])
def test_notebook_runs(name: str, small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("REUTERS_DATA", str(small_data))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    file = ROOT / "examples" / f"{name}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    committed = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in committed), "execute the notebook before committing it"
    assert file.stat().st_size < 300_000
    # A kernel that answers nothing for ten minutes hangs.
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(file.parent)}}).execute()
    images = [out for cell in notebook.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert len(images) >= 2
    assert not list(tmp_path.glob("tmp*"))  # TemporaryDirectory and mkdtemp make such names
