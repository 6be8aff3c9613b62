import numpy as np

from training.headlines.samples import (
    Sample,
    cut_spans,
    labels_of,
    others_of,
    random_rows,
    soft_targets,
)


def test_spans_are_pieces_of_their_bodies() -> None:
    bodies = [Sample(tuple(f"w{i}" for i in range(50)), (0,)), Sample(("too", "short"), (0,))]
    rng = np.random.default_rng(0)
    for _ in range(50):
        long, short = cut_spans(bodies, (4, 20), rng)
        assert 4 <= len(long.words) <= 20
        assert " ".join(long.words) in " ".join(bodies[0].words)
        assert short.words == ("too", "short")


def test_others_are_the_topics_after_the_first() -> None:
    titles = [Sample(("a",), (1, 5, 1, 9)), Sample(("b",), (2,))]
    others = others_of(titles, 12)
    assert np.flatnonzero(others[0]).tolist() == [5, 9]
    assert not others[1].any()


def test_target_is_shared_by_all_assigned_topics() -> None:
    titles = [Sample(("a",), (1, 5, 5, 9)), Sample(("b",), (2,))]
    targets = soft_targets(titles, 12, 12, 0.7).toarray()
    np.testing.assert_allclose(targets[0, [1, 5, 9]], [0.7, 0.15, 0.15])
    assert targets[1, 2] == 1
    assert targets.shape == (2, 12)
    np.testing.assert_allclose(targets.sum(axis=1), 1)


def test_text_about_none_of_the_topics_has_the_column_after_theirs() -> None:
    samples = [Sample(("a",), ()), Sample(("b",), (2, 0))]
    assert labels_of(samples, 3).tolist() == [3, 2]
    assert soft_targets(samples, 3, 4, 0.75).toarray().tolist() == [[0, 0, 0, 1], [0.25, 0, 0.75, 0]]
    assert others_of(samples, 4).tolist() == [[False] * 4, [True, False, False, False]]


def test_rows_are_all_or_a_random_choice_in_their_order() -> None:
    assert random_rows(5, None, 1).tolist() == random_rows(5, 5, 1).tolist() == [0, 1, 2, 3, 4]
    some = random_rows(1_000, 100, 1).tolist()
    assert some == sorted(set(some))
    assert len(some) == 100
    assert some == random_rows(1_000, 100, 1).tolist() != random_rows(1_000, 100, 2).tolist()
