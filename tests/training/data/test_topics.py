import pytest

from training.data.corpus import TOPICS
from training.data.topics import NAMES


def test_names_are_in_label_order() -> None:
    assert tuple(NAMES) == TOPICS


def test_names_differ() -> None:
    assert len(set(NAMES.values())) == 46


@pytest.mark.slow
def test_codes_are_those_of_keras() -> None:
    keras = pytest.importorskip("keras")
    assert tuple(NAMES) == keras.datasets.reuters.get_label_names()
