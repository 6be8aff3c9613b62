import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.fit.held_out import MAX_HELD_OUT, MAX_TOGETHER, folds, groups_of, held_out_masks, held_out_share
from training.fit.sizes import FOLDS
from training.headlines.samples import Sample

LABELS = st.lists(st.integers(0, 8), min_size=1, max_size=300).map(np.array)


@given(LABELS, st.integers(0, 3))
def test_every_row_is_in_one_fold_and_labels_are_spread(labels: np.ndarray, seed: int) -> None:
    masks = np.array(folds(labels, np.arange(len(labels)), seed))
    assert masks.shape == (FOLDS, len(labels))
    assert (masks.sum(axis=0) == 1).all()
    for label in set(labels.tolist()):
        counts = masks[:, labels == label].sum(axis=1)
        assert counts.max() - counts.min() <= 1


@given(LABELS, st.integers(0, 3))
def test_every_label_keeps_a_row_to_learn_from(labels: np.ndarray, seed: int) -> None:
    kept = ~held_out_share(labels, np.arange(len(labels)), seed)
    assert set(labels[kept].tolist()) == set(labels.tolist())


def test_share_is_fifteen_percent_and_never_above_the_limit() -> None:
    labels = np.arange(3_000) % 3
    assert held_out_share(labels, np.arange(3_000), 0).sum() == 450
    many = held_out_share(np.arange(60_000) % 4, np.arange(60_000), 0)
    assert many.sum() == MAX_HELD_OUT
    assert np.bincount(np.flatnonzero(many) % 4).tolist() == [1_000] * 4
    assert (held_out_share(labels, np.arange(3_000), 0) != held_out_share(labels, np.arange(3_000), 1)).any()


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        *((7_495, [1_499] * 5), (7_500, [1_125]), (19_995, [3_000])),
        *((20_000, [4_000] * 2), (39_995, [7_999] * 2), (40_000, [4_000])),
    ],
)
def test_number_of_held_out_parts_is_by_rows(rows: int, sizes: list[int]) -> None:
    masks = held_out_masks(np.arange(rows) % 5, np.arange(rows), 0)
    assert [mask.sum() for mask in masks] == sizes
    assert np.sum(masks, axis=0).max() == 1


@pytest.mark.parametrize(("copies", "parts"), [(MAX_TOGETHER, 1), (MAX_TOGETHER + 1, FOLDS)])
def test_text_that_is_repeated_often_is_in_every_fold(copies: int, parts: int) -> None:
    labels = np.array([0] * (copies + 20) + [1] * (copies + 20))
    groups = np.concatenate([np.zeros(copies, int), np.arange(1, 21)] * 2)  # both labels have the text
    masks = folds(labels, groups, 0)
    for label in (0, 1):
        repeated = (groups == 0) & (labels == label)
        assert sum(mask[repeated].any() for mask in masks) == parts


@given(LABELS, st.integers(2, 30), st.integers(0, 3))
def test_rows_of_one_group_and_label_are_held_out_together(labels: np.ndarray, count: int, seed: int) -> None:
    groups = np.random.default_rng(seed).integers(0, count, len(labels))
    numbers = np.argmax(folds(labels, groups, seed), axis=0)
    held_out = held_out_share(labels, groups, seed)
    assert set(labels[~held_out].tolist()) == set(labels.tolist())
    for label in set(labels.tolist()):
        here = labels == label
        if len(set(groups[here].tolist())) == 1:
            continue  # all of its rows are copies: some must be learned from
        for group in set(groups[here].tolist()):
            copies = here & (groups == group)
            if copies.sum() > MAX_TOGETHER:
                continue
            assert len(set(numbers[copies].tolist())) == len(set(held_out[copies].tolist())) == 1


def test_rare_class_has_a_held_out_row() -> None:
    labels = np.repeat([0, 1, 2], [20_000, 20_000, 4])
    assert np.bincount(labels[held_out_share(labels, np.arange(40_004), 0)])[2] == 1


@pytest.mark.parametrize("rows", range(20_000, 20_005))  # the rare labels begin in another fold each time
def test_labels_of_few_rows_have_a_held_out_row_and_keep_one(rows: int) -> None:
    rare = np.repeat([5, 6, 7, 8], [4, 3, 2, 1])
    labels = np.concatenate([np.arange(rows) % 5, rare, np.repeat(9, 10)])
    groups = np.arange(len(labels))
    groups[-10:] = groups[-1] + np.arange(10) % 2  # a label of two texts, five times each
    masks = held_out_masks(labels, groups, 0)
    assert np.sum(masks, axis=0).max() == 1
    assert set(labels[np.any(masks, axis=0)].tolist()) >= {*range(8), 9}
    for mask in masks:
        assert set(labels[~mask].tolist()) >= {*range(8), 9}


def test_groups_are_those_of_equal_and_nearly_equal_texts() -> None:
    texts = ["oil rises", "Rises oil", "gold falls", "a b c d e f g h", "a b c d e f g i"]
    samples = [Sample(tuple(text.lower().split()), (0,), number) for number, text in enumerate(texts)]
    groups = groups_of(samples, range(5)).tolist()
    assert groups[0] == groups[1] != groups[2]
    assert groups[3] == groups[4]
    groups = groups_of(samples, [0, 1, 3, 3, 4]).tolist()  # the third and the fourth are from one line
    assert groups[0] == groups[1] != groups[2]
    assert groups[2] == groups[3] == groups[4]
