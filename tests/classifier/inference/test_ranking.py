import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier.inference.products import Floats
from app.classifier.inference.ranking import Ranking

RNG = np.random.default_rng(1)


def probabilities(topics: int, scale: float = 3.0) -> Floats:
    found = np.exp(scale * RNG.standard_normal((40, topics), np.float32))
    found /= found.sum(axis=1, keepdims=True)
    return found


@pytest.mark.parametrize("topics", [2, 46, 306])
@pytest.mark.parametrize("threshold", [None, 0.3, 0.1, 0.004, 1e-320])
@given(top_k=st.integers(1, 306))
def test_ranked_are_the_most_probable_and_all_above_the_threshold(
    topics: int, threshold: float | None, top_k: int
) -> None:
    top_k = min(top_k, topics)
    some = probabilities(topics)
    found = Ranking(topics, threshold, None).best(some, top_k)
    assert found.shape[1] >= top_k
    assert np.array_equal(found, (-some).argsort(axis=1, kind="stable")[:, : found.shape[1]])
    if threshold is not None:
        assert found.shape[1] >= (some >= threshold).sum(axis=1).max()


@pytest.mark.parametrize("topics", [2, 5, 46, 306])
def test_equal_probabilities_are_ranked_by_label_for_any_top_k(topics: int) -> None:
    some = RNG.choice(np.array([0, 1e-40, 0.1, 0.3], np.float32), (40, topics))
    expected = [sorted(range(topics), key=lambda label: (-row[label], label)) for row in some.tolist()]
    for top_k in {1, 2, topics // 2, topics}:
        found = Ranking(topics, None, None).best(some, top_k).tolist()
        assert [row[:top_k] for row in found] == [row[:top_k] for row in expected]


def test_no_more_are_ranked_than_the_texts_need() -> None:
    sure = np.full((3, 200), 0.0005, np.float32)
    sure[:, 7] = 0.9
    assert Ranking(200, 0.005, None).best(sure, 5).shape == (3, 5)
    sure[1, :20] = 0.04
    assert Ranking(200, 0.005, None).best(sure, 5).shape == (3, 20)


@pytest.mark.parametrize("top_k", [1, 5])
def test_all_labels_above_thresholds_of_their_own_are_ranked(top_k: int) -> None:
    some = RNG.random((40, 60)).astype(np.float32)
    thresholds = tuple(RNG.uniform(0.6, 1, 60).tolist())
    found = Ranking(60, None, thresholds).best(some, top_k)
    for row, labels in zip(some >= np.array(thresholds, np.float32), found.tolist(), strict=True):
        assert set(np.flatnonzero(row).tolist()) <= set(labels)
