import numpy as np

from training.book.chance_baselines import majority_accuracy, shuffled_accuracy


def test_majority_is_taken_from_training_and_scored_on_test() -> None:
    assert majority_accuracy(np.array([3, 3, 4]), np.array([3, 4, 4, 4])) == 0.25


def test_shuffled_labels_hit_by_the_sum_of_squared_shares() -> None:
    labels = np.repeat([0, 1], [5_000, 5_000])
    assert abs(shuffled_accuracy(labels, 1) - 0.5) < 0.03
    assert shuffled_accuracy(labels, 1) == shuffled_accuracy(labels, 1)
