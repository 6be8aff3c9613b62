"""The exports give the answers of the service; the SavedModel runs in a process without the code of this project."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from click.testing import CliRunner

from app.classifier import TopicClassifier, load_bundle, load_classifier
from app.classifier.golden import OUTSIDE_TOLERANCE
from app.classifier.manifest import Calibration, EncodingSpec, MultiLabel
from app.classifier.networks.weights import read_network
from tests.any_bundles import BUNDLES, write
from tests.real_data import ARCHIVE, DATA, REPOSITORY, needs_data
from tests.tiny_bundle import COMMON, KEYWORDS, RARE_WORDS, SIZE, keras_file, write_outside_bundle
from training.bundles.export import export
from training.bundles.writer import Draft, write_bundle
from training.cli import cli
from training.data.golden import GOLDEN_HEADLINES
from training.errors import OutputError

TOLERANCE = 1e-5

LOAD = """
import importlib.util, json, sys
assert importlib.util.find_spec("app") is None and importlib.util.find_spec("training") is None
import numpy as np
import tensorflow as tf
for line in sys.stdin:
    folder, headlines, output = json.loads(line)
    serve = tf.saved_model.load(folder).signatures["serving_default"]
    parts = [serve(headline=tf.constant(headlines[start : start + 256])) for start in range(0, len(headlines), 256)]
    answers = {name: np.concatenate([part[name].numpy() for part in parts]) for name in parts[0]}
    np.savez(output, **(answers | {"topic": answers["topic"].astype("U")}))
    print("answered", flush=True)
"""


UNSPACED = [
    "中国",
    "苹果发布iPhone",
    "น้ำท่วม",
    "မြန်မာ",
    "東京ガｽ",
    "뉴스 속보",
    "뉴스의",
    "barrelz",
    "Nestlé",
    "zürich",
    "\u0301",
    "gol'd",
]
SYMBOLS = ["👍", "👍🏽", "❤️oil", "🇫🇷", "🇫🇷🇩🇪", "🤷🏽‍♀️", "&copy;"]


def texts(count: int) -> list[str]:
    """Generated headlines and wires, with every separator of the encoder."""
    draw = random.Random(3)
    words = [
        *COMMON,
        "''",
        "wh\u00adeat",
        "\uff47\uff4f\uff4c\uff44",
        *" ".join(KEYWORDS.values()).split(),
        *RARE_WORDS,
        "zzyzx",
        "İstanbul",
        "oil?",
        "ΟΔΟΣ",
        "don't",
        "'oil'",
        "côffee",
        *UNSPACED,
        *SYMBOLS,
    ]
    between = [" ", " ", " ", "  ", "-", ", ", "/", "\t", "\u2003", "\u2014", "\x1f", "\xa0", ". ", " \u201c", "\u2026"]
    between += ["&nbsp;", "&amp;", "&#8212;", "\u2122 ", "\u2192", "\u2019 \u2018", " \u20ac"]
    cases = [str, str.upper, str.title, lambda word: word.replace("'", "\u2019")]
    made = ["", "zzyzx qqq", "!?", "the the the", "\u3000", "oil\x00prices", "\U0001f600 gold", "".join(words)]
    while len(made) < count:
        chosen = draw.choices(words, k=draw.choice([1, 3, 7, 10, 120]))
        made.append("".join(draw.choice(cases)(word) + draw.choice(between) for word in chosen))
    return made


@pytest.fixture(scope="module")
def variants(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The tiny bundle, and variants with other encodings and calibrations."""
    base = load_bundle(tiny_bundle)
    words = dict(base.word_index)
    for pair in ("oil prices", "wheat harvest", "gold mine", "the the"):
        words[pair] = words.pop(f"filler{len(pair)}")
    words |= {"prices fall": SIZE + 50}
    again = dict(base.word_index)
    for repeat, given_up in (("the *2", "filler3"), ("oil *2", "filler4"), ("gold *2", "filler5")):
        again[repeat] = again.pop(given_up)
    lead = dict(again)
    for later, given_up in (("of *later", "filler6"), ("oil *later", "filler7"), ("said *later", "filler8")):
        lead[later] = lead.pop(given_up)
    lead["zzyzx"] = lead["don't"] = lead["filler9"]  # a cluster of words with one id
    pieces = dict(lead)
    for i, entry in enumerate(
        (
            "中",
            "国",
            "น้ำ",
            "မာ",
            "中 国",
            "<뉴 *piece",
            "뉴스> *piece",
            "rel *piece",
            "züri *piece",
            "e> *piece",
            "'d *piece",
            "<zz *piece",
        )
    ):
        pieces[entry] = pieces.pop(f"filler{10 + i}")
    pieces |= {"뉴스": SIZE + 1, "arr *piece": SIZE + 2}
    symbols = dict(pieces)
    for i, entry in enumerate(("👍", "❤", "🇫🇷", "👍 *2", "❤ oil", "🤷 ♀", "©", "🇩🇪 *piece", "?", "oil ?")):
        symbols[entry] = symbols.pop(f"filler{30 + i}")
    changes = {
        "calibrated": {"calibration": Calibration(intercept=-0.4, gap_slope=0.5)},
        "pairs": {"encoding": EncodingSpec(size=SIZE, pairs=True), "calibration": Calibration(intercept=-0.2)},
        "repeats": {
            "encoding": EncodingSpec(size=SIZE, repeats=True),
            "calibration": Calibration(intercept=-0.4, gap_slope=0.5),
        },
        "lead": {
            "encoding": EncodingSpec(size=SIZE, pairs=True, repeats=True, lead=4),
            "calibration": Calibration(intercept=-0.4, gap_slope=0.5),
        },
        "several": {"multi_label": MultiLabel(thresholds=(0.5, 0.25) * 23), "format": 4},
        "pieces": {
            "encoding": EncodingSpec(size=SIZE, pairs=True, repeats=True, lead=4, split_unspaced=True, pieces=(2, 4)),
            "calibration": Calibration(intercept=0.1, unknown_slope=0.5),
        },
        "long": {
            "encoding": EncodingSpec(size=SIZE, pairs=True, repeats=True, split_unspaced=True, pieces=(2, 4)),
            "calibration": Calibration(intercept=0.1, unknown_slope=0.5),
        },
        "symbols": {
            "encoding": EncodingSpec(
                size=SIZE,
                pairs=True,
                repeats=True,
                lead=4,
                split_unspaced=True,
                split_symbols=True,
                split_marks=True,
                pieces=(2, 4),
            ),
            "calibration": Calibration(intercept=0.1, unknown_slope=0.5),
            "format": 6,
        },
        "bare": {"encoding": EncodingSpec(size=SIZE, start_id=None, rare_id=None, references="html")},
    }
    assert base.manifest.network is not None
    layers = read_network(base.model, base.manifest.network, base.model_path, "softmax").layers
    first = [(one.kernel, one.bias, one.activation) for one in layers[:-1]]
    # The bundle with repeats is also the one whose model scales its input to length 1.
    models = {
        "repeats": keras_file([*first, (layers[-1].kernel, layers[-1].bias, "softmax")], unit_length=True),
        "several": keras_file([*first, (layers[-1].kernel, layers[-1].bias, "sigmoid")]),
    }
    indexes = {"pairs": words, "repeats": again, "lead": lead, "pieces": pieces, "long": pieces, "symbols": symbols}
    folder = tmp_path_factory.mktemp("variants")
    for name, change in changes.items():
        write_bundle(
            folder / name,
            Draft(
                manifest=base.manifest.model_copy(update=change),
                save_model=lambda path, name=name: path.write_bytes(models.get(name) or base.model_path.read_bytes()),
                word_index=indexes.get(name, base.word_index),
                golden=GOLDEN_HEADLINES,
            ),
        )
    outside = write_outside_bundle(folder / "outside")
    return {"tiny": tiny_bundle, "outside": outside} | {name: folder / name for name in changes}


def multi_hot(classifier: TopicClassifier, headlines: Sequence[str]) -> np.ndarray:
    rows = np.zeros((len(headlines), classifier.encoder.spec.size), np.float32)
    for row, one in zip(rows, classifier.encode(headlines), strict=True):
        row[one.ids] = 1
    return rows


def assert_onnx_agrees(bundle: Path, headlines: Sequence[str], folder: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    [file] = export(bundle, "onnx", folder)
    classifier = load_classifier(bundle)
    session = onnxruntime.InferenceSession(file)
    inputs = {"multi_hot": multi_hot(classifier, headlines)}
    encoded = classifier.encode(headlines)
    if len(session.get_inputs()) > 1:
        inputs["oov_share"] = np.array([one.oov_share for one in encoded], np.float32)
    found = session.run(None, inputs)
    expected, outside = classifier.infer(encoded)
    assert np.abs(found[0] - expected).max() < TOLERANCE
    assert len(found) == (1 if outside is None and not classifier.multi_label else 2)
    if classifier.multi_label:
        assert_labels_agree(classifier, expected, found[1])
    if outside is not None:
        assert np.abs(found[1] - outside).max() < OUTSIDE_TOLERANCE
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["labels"]) == [topic.code for topic in classifier.topics]


def assert_labels_agree(classifier: TopicClassifier, probabilities: np.ndarray, given: np.ndarray) -> None:
    """Whether each text has each label, unless its probability is within the tolerance of the threshold."""
    thresholds = np.array(classifier.bundle.manifest.multi_label.thresholds)  # type: ignore[union-attr]
    clear = np.abs(probabilities - thresholds) > TOLERANCE
    assert given.any()
    assert clear.mean() > 0.9
    assert (given == (probabilities >= thresholds))[clear].all()


Run = Callable[[Path, Sequence[str]], Mapping[str, np.ndarray]]


@contextmanager
def saved_model_runner(folder: Path) -> Iterator[Run]:
    """`run(saved, headlines)`: the answers of a SavedModel, all in one process that has its files in `folder`."""
    # -I: neither this folder nor PYTHONPATH is searched for modules.
    command = [sys.executable, "-I", "-c", LOAD]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(command, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdin
        assert process.stdout

        def run(saved: Path, headlines: Sequence[str]) -> Mapping[str, np.ndarray]:
            print(json.dumps([str(saved), headlines, str(folder / "answers.npz")]), file=process.stdin, flush=True)
            assert process.stdout.readline() == "answered\n", (folder / "errors").read_text()
            return np.load(folder / "answers.npz")

        yield run
        process.stdin.close()


@pytest.fixture(scope="module")
def run_saved_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with saved_model_runner(tmp_path_factory.mktemp("answers")) as run:
        yield run


def assert_saved_model_agrees(run: Run, bundle: Path, headlines: Sequence[str], folder: Path) -> None:
    export(bundle, "saved_model", folder)
    answers = run(folder, headlines)
    classifier = load_classifier(bundle)
    encoded = classifier.encode(headlines)
    known = np.array([one.readable for one in encoded])
    assert 0.5 < known.mean() < 1
    inferred, outside = classifier.infer(encoded)
    assert ("outside" in answers) is (outside is not None)
    if outside is not None:
        assert np.abs(answers["outside"] - np.array(outside) * known).max() < OUTSIDE_TOLERANCE
    expected = inferred * known[:, None]
    assert ("topic_set" in answers) is classifier.multi_label
    if classifier.multi_label:
        assert_labels_agree(classifier, expected, answers["topic_set"])
    assert np.abs(answers["probabilities"] - expected).max() < TOLERANCE
    assert np.abs(answers["probability"] - expected.max(axis=1)).max() < TOLERANCE
    # Of two topics within the tolerance of each other, either may come first.
    chosen = [classifier.label(topic) if topic else -1 for topic in answers["topic"]]
    assert [label >= 0 for label in chosen] == known.tolist()
    assert (expected.max(axis=1) - expected[np.arange(len(chosen)), chosen] < TOLERANCE)[known].all()


@pytest.mark.parametrize(
    "name",
    ["tiny", "calibrated", "pairs", "repeats", "lead", "bare", "outside", "pieces", "long", "symbols", "several"],
)
def test_onnx_answers_as_the_service(variants: Mapping[str, Path], name: str, tmp_path: Path) -> None:
    assert_onnx_agrees(variants[name], texts(1000), tmp_path / "onnx")


@pytest.mark.parametrize("kind", ["two", "hundreds", "korean", "strange"])
def test_onnx_of_any_labels_answers_as_the_service(kind: str, tmp_path: Path) -> None:
    headlines = [keyword for _, keyword in BUNDLES[kind][0].values()] + ["zzyzx", ""]
    assert_onnx_agrees(write(tmp_path / "bundle", kind), headlines, tmp_path / "onnx")


# "symbols" also has marks, pairs, repeats, a lead and pieces.
@pytest.mark.slow
@pytest.mark.parametrize("name", ["several", "repeats", "bare", "outside", "symbols"])
def test_saved_model_answers_as_the_service(
    run_saved_model: Run, variants: Mapping[str, Path], name: str, tmp_path: Path
) -> None:
    assert_saved_model_agrees(run_saved_model, variants[name], texts(1000), tmp_path / "saved")


@pytest.fixture(scope="module")
def wires() -> list[str]:
    """A thousand real headlines and bodies."""
    from training.data.corpus import read_corpus

    found = [text for wire in read_corpus(ARCHIVE) for text in (wire.title, wire.body) if text]
    return ["zzyzx", *random.Random(5).sample(found, 1000)]


SHIPPED = sorted(folder for folder in (REPOSITORY / "models").glob("*/*") if (folder / "manifest.json").exists())


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("bundle", SHIPPED, ids=lambda one: "-".join(one.parts[-2:]))
def test_exports_of_shipped_bundles_answer_as_the_service_on_real_wires(
    run_saved_model: Run, bundle: Path, wires: list[str], tmp_path: Path
) -> None:
    assert DATA.exists()
    assert_onnx_agrees(bundle, wires, tmp_path / "onnx")
    assert_saved_model_agrees(run_saved_model, bundle, wires, tmp_path / "saved")


def test_command_writes_the_files_and_says_so(tiny_bundle: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["export", str(tiny_bundle), "--format", "onnx", "--output", str(tmp_path / "out")]
    )
    assert result.exit_code == 0
    assert result.output == (
        f"{tmp_path / 'out' / 'model.onnx'}\n"
        f"{tmp_path / 'out'}: ONNX model written. To load and check it: docs/export.md#onnx\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_output_that_exists_is_refused_and_left_alone(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = CliRunner().invoke(cli, ["export", str(tiny_bundle), "--format", "onnx", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "exists already" in result.output
    assert (tmp_path / "mine").read_text() == "precious"


def test_dangling_link_is_refused_before_the_conversion(tiny_bundle: Path, tmp_path: Path) -> None:
    (link := tmp_path / "out").symlink_to("none")
    with pytest.raises(OutputError, match="out: exists already"):
        export(tiny_bundle, "onnx", link)


def test_damaged_bundle_is_refused_and_nothing_written(tiny_bundle: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(tiny_bundle, tmp_path / "damaged")
    (damaged / "word_index.json").write_text("{}")
    result = CliRunner().invoke(cli, ["export", str(damaged), "--format", "onnx", "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "word_index.json" in result.output
    assert not (tmp_path / "out").exists()


def test_onnx_of_what_only_keras_can_run_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    from tests.tiny_bundle import seal

    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    seal(bundle, network=None)
    result = CliRunner().invoke(cli, ["export", str(bundle), "--format", "onnx", "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "not a stack of dense layers" in result.output
