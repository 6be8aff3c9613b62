import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.fit.held_out import FOLDS, MOST_HELD_OUT, folds, held_out_share

LABELS = st.lists(st.integers(0, 8), min_size=1, max_size=300).map(np.array)


@given(LABELS, st.integers(0, 3))
def test_every_row_is_in_one_fold_and_labels_are_spread(labels: np.ndarray, seed: int) -> None:
    masks = np.array(folds(labels, seed))
    assert masks.shape == (FOLDS, len(labels))
    assert (masks.sum(axis=0) == 1).all()
    for label in set(labels.tolist()):
        counts = masks[:, labels == label].sum(axis=1)
        assert counts.max() - counts.min() <= 1


@given(LABELS, st.integers(0, 3))
def test_every_label_keeps_a_row_to_learn_from(labels: np.ndarray, seed: int) -> None:
    kept = ~held_out_share(labels, seed)
    assert set(labels[kept].tolist()) == set(labels.tolist())


def test_share_is_a_tenth_and_never_above_the_limit() -> None:
    labels = np.arange(3_000) % 3
    assert held_out_share(labels, 0).sum() == 300
    many = held_out_share(np.arange(60_000) % 4, 0)
    assert many.sum() == MOST_HELD_OUT
    assert np.bincount(np.flatnonzero(many) % 4).tolist() == [500] * 4
    assert (held_out_share(labels, 0) != held_out_share(labels, 1)).any()
