from dataclasses import replace

import numpy as np
import pytest

from training.book import train
from training.book.recipes import BOOK, RECIPES
from training.book.train import best_epoch, fit, prepare, train_and_evaluate
from training.data.dataset import Dataset
from training.errors import RecipeError

SMALL = replace(BOOK, words=400, validation=200)

pytestmark = pytest.mark.slow


def test_book_is_the_book() -> None:
    assert BOOK.describe() == {
        "name": "book",
        "title": BOOK.title,
        "hidden": (64, 64),
        "inputs": "multi-hot",
        "labels": "one-hot",
        "epochs": 9,
        "batch_size": 512,
        "validation": 1_000,
        "words": 10_000,
        "optimizer": "rmsprop",
        "length": 256,
        "loss": "categorical_crossentropy",
    }


def test_first_training_wires_are_held_out(small_set: Dataset) -> None:
    arrays = prepare(SMALL, small_set)
    assert arrays.validation[0].shape == (200, 400)
    assert arrays.train[0].shape == (1_000, 400)
    assert arrays.test[1].shape == (300, 46)
    labels = np.concatenate([arrays.validation[1], arrays.train[1]]).argmax(axis=1)
    assert labels.tolist() == small_set.train.labels.tolist()


def test_too_few_training_wires_are_refused(small_set: Dataset) -> None:
    with pytest.raises(RecipeError, match="has 1,200 wires and recipe book holds out 1,200"):
        prepare(replace(SMALL, validation=1_200), small_set)


def test_one_epoch_changes_every_parameter(small_set: Dataset) -> None:
    from training.book.model import build_network

    arrays = prepare(SMALL, small_set)
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(1)
    before = build_network(SMALL).get_weights()
    after = fit(SMALL, arrays, seed=1, epochs=1)[0].get_weights()
    assert len(before) == len(after) == 6
    assert all((a != b).any() for a, b in zip(before, after, strict=True))


def test_same_seed_gives_same_weights_and_another_gives_others(small_set: Dataset) -> None:
    arrays = prepare(SMALL, small_set)
    one, again, other = (fit(SMALL, arrays, seed=seed, epochs=2)[0].get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize("name", ["integer-labels", "embedding", "one-layer", "bottleneck-4"])
def test_every_kind_of_recipe_trains(small_set: Dataset, name: str) -> None:
    recipe = replace(RECIPES[name], words=400, validation=200, length=10)
    model, history = fit(recipe, prepare(recipe, small_set), seed=1, epochs=1)
    assert model.output_shape == (None, 46)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_one_hot_and_integer_labels_train_the_same_network(small_set: Dataset) -> None:
    integer = replace(SMALL, labels="integer")
    weights = [fit(one, prepare(one, small_set), seed=1, epochs=2)[0].get_weights() for one in (SMALL, integer)]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_training_explores_first_then_trains_each_seed_and_reports_every_epoch(
    small_set: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "EXPLORE_EPOCHS", 3)
    told: list[tuple[str, int, int, str]] = []
    recipe = replace(SMALL, batch_size=64)  # most of an epoch's time does not depend on its batches
    training = train_and_evaluate(recipe, small_set, [3, 4], epochs=4, report=lambda *some: told.append(some))
    assert [(phase, done, of) for phase, done, of, _ in told] == [
        (f"network, pass {number} of 3", done, of)
        for number, of in ((1, 3), (2, 4), (3, 4))
        for done in range(1, of + 1)
    ]
    loss, accuracy = training.runs[1].history["loss"][-1], training.runs[1].history["accuracy"][-1]
    assert told[-1][3] == f"loss {loss:.3f}, accuracy {accuracy:.3f}"
    assert [(run.seed, run.epochs) for run in training.runs] == [(3, 4), (4, 4)]
    assert len(training.exploration["val_loss"]) == 3
    assert training.runs[0].accuracy > 0.3  # chance is 0.04
    assert training.summary()["accuracy"]["mean"] == pytest.approx(np.mean([run.accuracy for run in training.runs]))


def test_epochs_are_read_off_the_validation_loss_where_none_are_given(
    small_set: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "EXPLORE_EPOCHS", 3)
    training = train_and_evaluate(SMALL, small_set, [1])
    assert len(training.exploration["loss"]) == 3
    assert training.runs[0].epochs == best_epoch(training.exploration)


def test_best_epoch_counts_from_one() -> None:
    assert best_epoch({"val_loss": [3.0, 1.0, 2.0]}) == 2
