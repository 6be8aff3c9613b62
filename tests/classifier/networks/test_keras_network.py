"""The Keras runtime, with a fake Keras model and compared with the NumPy runtime."""

import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from app.classifier import BundleError, load_classifier
from app.classifier.bundle import MODEL
from app.classifier.networks.keras_network import KerasNetwork, read_keras_network
from tests.tiny_bundle import keras_file

PATH = Path("models/odd/1/model.keras")


class Model:
    """Takes four words and returns three topics: the values of the first three words, scaled to sum 1."""

    input_shape, output_shape = (None, 4), (None, 3)

    def __init__(self) -> None:
        self.given: list[Any] = []

    def __call__(self, multi_hot: Any, training: bool) -> Any:
        self.given.append((multi_hot.tolist(), multi_hot.dtype, training))
        return multi_hot[:, :3] / 4


def test_words_go_in_as_ones_and_logarithms_come_out() -> None:
    model = Model()
    logits = KerasNetwork(model, PATH).logits([[0, 3], [], [1, 2, 3]])
    assert model.given == [([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]], np.float32, False)]
    assert logits.shape == (3, 3)
    assert logits[0, 0] == logits[2, 1] == logits[2, 2] == pytest.approx(np.log(0.25))
    assert logits[1].tolist() == pytest.approx([np.log(np.finfo(np.float32).tiny)] * 3)  # and no minus infinity


def test_variants_of_a_text_go_in_with_their_own_ids() -> None:
    model = Model()
    assert KerasNetwork(model, PATH).logits_of_variants([0, 3], [([], []), ([0], []), ([3], [1, 2])]).shape == (3, 3)
    assert model.given[0][0] == [[1, 0, 0, 1], [0, 0, 0, 1], [1, 1, 1, 0]]


def test_shape_is_words_and_topics() -> None:
    assert KerasNetwork(Model(), PATH).shape == (4, 3)


@pytest.mark.parametrize("output", [{"topics": np.zeros((2, 3))}, [np.zeros((2, 3))] * 2, np.zeros((4, 3)), "text"])
def test_output_that_is_not_one_vector_per_text_is_one_sentence(output: object) -> None:
    model = type("Other", (Model,), {"__call__": lambda *_, **__: output})()
    with pytest.raises(
        BundleError, match=r"^models/odd/1/model\.keras: Keras cannot compute one vector .* \(\w+Error\); "
    ):
        KerasNetwork(model, PATH).logits([[0], [1]])


def test_missing_folder_for_temporary_files_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "keras", ModuleType("keras"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    content = keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")])
    with pytest.raises(BundleError, match=r"model\.keras: TOPICS_RUNTIME=keras cannot write .*; set TMPDIR to "):
        read_keras_network(content, tmp_path / MODEL, "softmax")


def test_model_is_loaded_from_the_given_bytes_in_safe_mode_and_uncompiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keras = pytest.importorskip("keras")
    content = keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")])
    loaded: list[Any] = []

    def load(path: Path, **options: Any) -> Model:
        loaded.append((path.read_bytes(), options))
        return Model()

    monkeypatch.setattr(keras.saving, "load_model", load)
    read_keras_network(content, tmp_path / MODEL, "softmax")
    assert loaded == [(content, {"compile": False, "safe_mode": True})]


def test_what_keras_raises_is_one_sentence_with_the_files_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    content = keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")])

    def load(*_: Any, **__: Any) -> Model:
        raise ValueError("many\nlines")

    monkeypatch.setattr(keras.saving, "load_model", load)
    with pytest.raises(BundleError) as refused:
        read_keras_network(content, tmp_path / MODEL, "softmax")
    assert str(refused.value) == f"{tmp_path / MODEL}: Keras cannot load it (ValueError); copy the bundle again."


@pytest.mark.parametrize(
    "shapes",
    [
        {"output_shape": (None, 2, 3)},
        {"output_shape": {"x" * 1000: (None, 3)}},
        {"output_shape": [(None, 3), (None, 3)]},
        {"output_shape": (None, None)},
        {"input_shape": [(None, 4), (None, 4)]},
        {"input_shape": (None, None)},
        {"input_shape": None},
    ],
    ids=lambda shapes: str(shapes)[:40],
)
def test_model_that_does_not_map_vectors_to_vectors_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shapes: dict[str, object]
) -> None:
    keras = pytest.importorskip("keras")
    content = keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")])
    model = type("Other", (Model,), shapes)()
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: model)
    with pytest.raises(BundleError, match="both must be one vector per text") as refused:
        read_keras_network(content, tmp_path / MODEL, "softmax")
    assert len(str(refused.value)) < 400 + len(str(tmp_path))


def test_runtime_without_keras_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(BundleError, match=r"needs TensorFlow; .* pip install '\.\[train\]'$"):
        read_keras_network(b"", tmp_path / MODEL, "softmax")


@pytest.mark.parametrize("more", [0, 1])
def test_model_may_unpack_to_the_limit_and_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: int) -> None:
    keras = pytest.importorskip("keras")
    content = keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")])

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    monkeypatch.setattr("app.classifier.networks.keras_network.MAX_FILE_BYTES", unpacked - more)
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: Model())
    if more:
        with pytest.raises(BundleError, match=f"unpacks to {unpacked:,} bytes, more than {unpacked - 1:,}"):
            read_keras_network(content, tmp_path / MODEL, "softmax")
    else:
        assert read_keras_network(content, tmp_path / MODEL, "softmax").shape == (4, 3)


def test_keras_agrees_with_numpy(tiny_bundle: Path) -> None:
    pytest.importorskip("keras")
    headlines = ["oil prices rise opec", "wheat", "filler1 filler2 zimbabwe", "unknown", ""]
    numpy_, keras = (load_classifier(tiny_bundle, runtime) for runtime in ("numpy", "keras"))
    encoded = [numpy_.encoder.encode(one) for one in headlines]
    np.testing.assert_allclose(numpy_.probabilities(encoded), keras.probabilities(encoded), atol=1e-5)


def archive_with(changes: dict[int, bytes]) -> bytes:
    """The archive of a model, with other bytes at offsets of the first entry of its central directory."""
    content = bytearray(keras_file([(np.zeros((4, 3), np.float32), np.zeros(3, np.float32), "softmax")]))
    entry = content.index(b"PK\x01\x02")
    for at, value in changes.items():
        content[entry + at : entry + at + len(value)] = value
    return bytes(content)


VERSION_255 = archive_with({6: b"\xff"})
NAME_NOT_UTF_8 = archive_with({8: b"\x00\x08", 46: b"\xff"})  # the flag for UTF-8, and a name that is not


@pytest.mark.parametrize("content", [b"PK", VERSION_255, NAME_NOT_UTF_8], ids=["short", "version", "name"])
def test_file_that_keras_cannot_load_is_refused(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    with pytest.raises(BundleError, match="is not a Keras model"):
        read_keras_network(content, tmp_path / MODEL, "softmax")


def test_keras_that_cannot_be_imported_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keras.py").write_text("raise ValueError('Unable to import backend : none\\nmore')")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BundleError, match=r"cannot be imported \(Unable to import backend : none\); correct "):
        read_keras_network(b"", tmp_path / MODEL, "softmax")
