"""`python -m training fit` on a small committed file, and the service on the bundle that it writes."""

import gzip
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.classifier import load_classifier
from app.main import create_app
from app.settings import load_settings
from tests.real_data import REPOSITORY
from tests.training.bundles.test_export import assert_onnx_agrees, assert_saved_model_agrees, saved_model_runner
from tests.training.fit.rows import cluster_rows, made_rows
from training.errors import LabelsError
from training.evaluation.training_files import digest, training_file_warning
from training.fit.command import _listed, fit_rows
from training.fit.insights.suspects import Suspects
from training.labelled.options import DataOptions

TOWN = Path(__file__).with_name("town.csv")
ABSENT = "gives one of its labels to any text"
"""Said of a model without an outside class."""


def fit(target: Path, *options: str, rows: Path = TOWN) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "training", "fit", str(rows), "--output", str(target), *options]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """The file, compressed."""
    (file := tmp_path / "town.csv.gz").write_bytes(gzip.compress(TOWN.read_bytes()))
    return file


def test_no_suspect_is_said_plainly() -> None:
    assert _listed(Suspects(0, 0, b""), 217, "") == "none of 217 rows, because no label looks wrong."


def test_many_suspects_are_not_said_to_be_wrong() -> None:
    assert _listed(Suspects(20, 20, b""), 100, " with a label").endswith("assuming that 10% of all labels are wrong.")
    assert "; 1 of them has a label that is more likely wrong than right (" in _listed(Suspects(2, 1, b""), 100, "")
    assert "; 2 of them have a label that is more likely wrong than right (" in _listed(Suspects(2, 2, b""), 100, "")
    many = _listed(Suspects(21, 21, b""), 100, " with a label")
    assert many.startswith("21 of 100 rows with a label, the most suspect first; ")
    assert many.endswith(" With so many, most labels are probably right, but hard to tell from the text.")


def test_test_file_without_a_learned_label_is_refused_before_training(tmp_path: Path) -> None:
    (tests := tmp_path / "tests.csv").write_text("title,section\nA new story,unseen\n")
    with pytest.raises(LabelsError, match="No row of the test files has a label that the model learns, so nothing"):
        fit_rows(DataOptions(files=(TOWN,), test_files=(tests,)), tmp_path / "town" / "1", force=False)
    assert [*tmp_path.iterdir()] == [tests]


@pytest.mark.slow
def test_file_becomes_a_service(tmp_path: Path, packed: Path) -> None:
    target = tmp_path / "my models" / "town" / "1"
    (texts := tmp_path / "new.txt").write_text(
        "Tram strike ends\n\nTRAM strike ends\nRain delays the bakery\n=1+1 storm\n"
    )
    out, progress = (run := fit(target, "--unlabelled", str(texts), rows=packed)).communicate(timeout=600)
    assert run.returncode == 0, progress
    to_label = target.with_name("1.to_label.csv")
    assert f"{to_label}: the 3 of 4 texts to label next; left out: 1 duplicate, 1 bad row." in out
    assert to_label.read_text().startswith("headline,section,guess,probability,")
    assert "\n'=1+1 storm,," in to_label.read_text()
    assert "216 training rows: takes less than a minute on one core.\n" in progress
    assert "networks, pass 6 of 6: " in progress
    assert "loss " in progress
    assert "] label errors\n" in progress
    assert "] learning curve\n" in progress
    assert "TF-IDF and linear SVM" in out
    assert f"{target}: written, and loaded" in out
    assert f"python -m app serve --model '{target}'" in out
    files = {file.name for file in target.iterdir()}
    assert files >= {"manifest.json", "model.keras", "README.md", "history.csv", "data.html", "data.json"}
    manifest = json.loads((target / "manifest.json").read_text())
    assert [topic["code"] for topic in manifest["topics"]] == ["food", "sport", "transport", "weather"]
    assert manifest["figures"]["test"]["accuracy"] > 0.9
    assert [manifest["data"][key] for key in ("sha256", "unpacked_sha256")] == [
        {packed.name: digest(packed)},
        {packed.name: digest(TOWN)},
    ]
    assert not [file.name for file in target.iterdir() if str(tmp_path).encode() in file.read_bytes()]
    card = (target / "README.md").read_text()
    assert manifest["figures"]["test"]["texts"] == 24
    assert "wires" not in json.dumps(manifest)
    assert "fitted by 5-fold cross-validation" in card
    assert not re.search("Reuters|wires", card)
    assert "| **this model** |" in card
    assert ABSENT in out
    assert "To change that, add rows about none of the labels" in card
    written = (target / "README.md").read_bytes()
    subprocess.run([sys.executable, "-m", "training", "card", str(target)], cwd=REPOSITORY, check=True, timeout=300)
    assert (target / "README.md").read_bytes() == written
    assert "Accuracy of a simpler linear SVM with the model's features, by number of training rows: " in card
    assert "Accuracy of a simpler linear SVM with the model's features, by number of training rows: " in out
    assert [one["rows"] for one in manifest["figures"]["learning_curve"]] == [54, 108, 216]
    beside = target.with_name("1.suspects.csv")
    assert beside.read_text().startswith("text,label,likelier_label,")
    assert f"{beside}: " in out
    golden = [one["headline"] for one in json.loads((target / "golden.json").read_text())]
    assert len(set(golden) & {line.rpartition(",")[0] for line in TOWN.read_text().splitlines()}) >= 5
    texts = [line.rpartition(",")[0] for line in TOWN.read_text().splitlines()[1:]] + [
        "zzyzx tramlike",
        "!?",
        "雪 tram",
    ]
    assert_onnx_agrees(target, texts, tmp_path / "onnx")
    with saved_model_runner(tmp_path) as run_saved_model:
        assert_saved_model_agrees(run_saved_model, target, texts, tmp_path / "saved")
    with TestClient(create_app(load_settings(model=target, access_log=False))) as client:
        answer = client.post("/predict", json={"headline": "Snow storm closes the tram bridge", "top_k": 4}).json()
    assert {one["topic"] for one in answer["predictions"]} == {"food", "sport", "transport", "weather"}
    assert answer["predictions"][0]["topic"] in {"transport", "weather"}


@pytest.mark.slow
def test_outside_class_is_learned_and_counted_apart(tmp_path: Path) -> None:
    file, bundle = tmp_path / "rows.csv", tmp_path / "models" / "made" / "1"
    lines = [f"{row.text},{''.join(row.labels) or 'other'}\n" for row in made_rows(3, 60, outside=54, words=40)]
    file.write_text("text,label\n" + "".join(lines))
    out, progress = fit(bundle, "--outside", "other", rows=file).communicate(timeout=600)
    assert ABSENT not in out
    assert "--outside" not in progress
    [labelled, others] = re.findall(r"training rows \((\d+) with a label, (\d+) about none", progress)[0]
    assert "training rows with a label: " in out
    assert f"with {labelled}. The last doubling" in out
    assert re.search(r"^on \d+ test rows with a label +accuracy", out, re.MULTILINE)
    assert f"of {labelled} rows with a label, because no label looks wrong." in out
    card = (bundle / "README.md").read_text()
    assert f"| training rows | {int(labelled) + int(others)}, {labelled} of them with a label |" in card
    assert "test rows with a label, which were not used in training" in card
    assert ABSENT not in card
    assert training_file_warning(load_classifier(bundle).bundle.manifest, [TOWN, file]) is not None
    assert training_file_warning(load_classifier(bundle).bundle.manifest, [TOWN]) is None


@pytest.mark.slow
def test_words_of_clusters_are_served_as_known(tmp_path: Path) -> None:
    bundle, files = tmp_path / "models" / "made" / "1", [tmp_path / "rows.csv", tmp_path / "test.csv"]
    for half, (file, each) in enumerate(zip(files, (12, 20), strict=True)):
        rows = cluster_rows(half, each)
        file.write_text("text,label\n" + "".join(f"{row.text},{row.labels[0]}\n" for row in rows))
    out, progress = fit(bundle, "--test", str(files[1]), rows=files[0]).communicate(timeout=600)
    assert "features, 1,000 of them clusters of similar English words, 32 units" in out, progress
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["recipe"]["clusters"] == 1_000
    assert manifest["reference"]["unknown_word_ratio"] == 0
    assert manifest["figures"]["test"]["accuracy"] > 0.95
    assert manifest["figures"]["learning_curve"][-1]["accuracy"] > 0.95
    assert "1,000 clusters of similar English words" in (bundle / "README.md").read_text()
    first, second, *_ = cluster_rows(1, 1)[0].text.split()
    with TestClient(create_app(load_settings(model=bundle, access_log=False))) as client:
        one, two = (
            client.post("/predict", json={"headline": text, "explain": True}).json()
            for text in (first, f"{first} {second}")
        )
    assert one["words"] == {"known": 1, "rare": 0, "unknown": []}
    assert one["explanation"]["words"][0]["effect"] > 0.1
    assert two["predictions"] == one["predictions"]  # one id
    assert [word["effect"] for word in two["explanation"]["words"]] == [0, 0]


@pytest.mark.slow
def test_interrupted_fit_leaves_nothing(tmp_path: Path) -> None:
    rows, models = tmp_path / "rows.csv", tmp_path / "models"
    lines = [f"{row.text},{row.labels[0]}\n" for row in made_rows(20, 100)]
    rows.write_text("text,label\n" + "".join(lines))
    run = fit(models / "town" / "1", rows=rows)
    assert run.stderr is not None
    for line in run.stderr:
        if "encoding" in line:  # the first of many steps, so that it still trains when the signal arrives
            break
    run.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 60
    _, rest = run.communicate(timeout=deadline - time.monotonic())
    assert run.returncode == 130
    assert "Stopped; incomplete results were not written." in rest
    assert not models.exists()
