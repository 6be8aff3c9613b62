import json
from pathlib import Path

import numpy as np
import pytest

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from tests.training.conftest import WIRES, write_data
from training.data.dataset import Dataset, load_dataset
from training.errors import DataError

INDEX = {"oil": 1, "gold": 2}
GOOD = [[1, 2], [2]] * 5
LABELS = [0, 45] * 5


def refusal(data: Path) -> str:
    with pytest.raises(DataError) as refused:
        load_dataset(data)
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_small_set_is_split_one_to_four(small_set: Dataset) -> None:
    assert (len(small_set.train.texts), len(small_set.test.texts)) == (WIRES * 4 // 5, WIRES // 5)
    assert len(small_set.train.labels) == WIRES * 4 // 5
    assert {len(digest) for digest in small_set.files.values()} == {64}


@pytest.mark.slow
def test_ids_are_those_that_keras_gives(small_data: Path, small_set: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    keras = pytest.importorskip("keras")
    monkeypatch.setattr("keras.src.datasets.reuters.get_file", lambda *_, **__: str(small_data / "keras/reuters.npz"))
    (x_train, y_train), (x_test, y_test) = keras.datasets.reuters.load_data(num_words=10_000)
    encoder = Encoder(EncodingSpec(), small_set.word_index)
    assert small_set.train.sequences(encoder) == list(x_train)
    assert small_set.test.sequences(encoder) == list(x_test)
    assert [*y_train, *y_test] == [*small_set.train.labels, *small_set.test.labels]
    assert any(2 in sequence for sequence in [*x_train, *x_test])  # the word beyond the limit


@pytest.mark.slow
def test_keras_own_loader_gives_the_same_set(
    small_data: Path, small_set: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    (tmp_path / "datasets").symlink_to(small_data / "keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(
        "keras.src.datasets.reuters.get_file",
        lambda fname=None, *args, **_: str(small_data / "keras" / (fname or args[0])),
    )
    through_keras = load_dataset()
    assert through_keras.train.texts == small_set.train.texts
    assert through_keras.test.labels.tolist() == small_set.test.labels.tolist()
    assert through_keras.files == small_set.files


@pytest.mark.slow
def test_keras_that_cannot_download_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras")

    def fail(*_: object, **__: object) -> str:
        raise Exception("URL fetch failure")  # noqa: TRY002 - what Keras raises

    monkeypatch.setattr("keras.src.datasets.reuters.get_file", fail)
    with pytest.raises(DataError, match=r"URL fetch failure\); check the connection, or set --data"):
        load_dataset()


@pytest.mark.parametrize("name", ["reuters.npz", "reuters_word_index.json"])
def test_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    data = write_data(tmp_path / "data", GOOD, LABELS, INDEX)
    (data / "keras" / name).unlink()
    assert f"{name}: no such file" in refusal(data)


@pytest.mark.parametrize("labels", [[0, 46] * 5, [-1, 3] * 5, [0.5, 1.5] * 5, ["a", "b"] * 5, [True, False] * 5])
def test_labels_outside_0_to_45_are_refused(tmp_path: Path, labels: list[object]) -> None:
    assert "labels that are not integers from 0 to 45" in refusal(write_data(tmp_path / "data", GOOD, labels, INDEX))


@pytest.mark.parametrize(("count", "part"), [(0, "training"), (1, "training")])
def test_empty_split_is_refused(tmp_path: Path, count: int, part: str) -> None:
    data = write_data(tmp_path / "data", GOOD[:count], np.array(LABELS[:count], int), INDEX)
    assert f"its {part} part is empty" in refusal(data)


@pytest.mark.parametrize("wire", [[1, "2"], [1.5], "12", 7, None, [True], [[1]]])
def test_wire_that_is_no_list_of_integers_is_refused(tmp_path: Path, wire: object) -> None:
    data = write_data(tmp_path / "data", [*GOOD[:-1], wire], LABELS, INDEX)
    assert "a wire that is not a list of integers" in refusal(data)


def test_fewer_labels_than_wires_are_refused(tmp_path: Path) -> None:
    assert "10 wires but 9 labels" in refusal(write_data(tmp_path / "data", GOOD, LABELS[:-1], INDEX))


def test_rank_that_the_word_index_lacks_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", [*GOOD[:-1], [3]], LABELS, INDEX)
    assert "rank 3, which reuters_word_index.json lacks" in refusal(data)


def test_wires_of_far_more_characters_than_the_real_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = [1] * 1_000  # in the file once, and seven references to it
    data = write_data(tmp_path / "data", [wire] * 8 + GOOD[:2], LABELS, INDEX)
    assert (data / "keras" / "reuters.npz").stat().st_size < 6_000
    assert len(load_dataset(data).train.texts) == 8
    monkeypatch.setattr("training.data.dataset.MAX_CHARACTERS", 10_000)
    assert "its training part has more than 10,000 characters" in refusal(data)


def test_wires_of_empty_words_count_with_their_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.data.dataset.MAX_CHARACTERS", 5_000)
    data = write_data(tmp_path / "data", [[3] * 1_000] * 8 + GOOD[:2], LABELS, {**INDEX, "": 3})
    assert "its training part has more than 5,000 characters" in refusal(data)


@pytest.mark.parametrize("index", [["oil"], {"oil": "1"}, {"oil": 0}, {"oil": True}])
def test_word_index_of_another_kind_is_refused(tmp_path: Path, index: object) -> None:
    assert "is not a map from words to ranks" in refusal(write_data(tmp_path / "data", GOOD, LABELS, index))


def test_truncated_word_index_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", GOOD, LABELS, INDEX)
    (data / "keras" / "reuters_word_index.json").write_text(json.dumps(INDEX)[:-3])
    assert "is truncated or not JSON" in refusal(data)
