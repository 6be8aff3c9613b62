import pytest

from app.classifier import load_bundle
from tests.real_data import REPOSITORY
from training.data.topics import LABELS, NAMES, TOPICS


def test_names_are_in_label_order() -> None:
    shipped = load_bundle(REPOSITORY / "models" / "book" / "1").manifest.topics
    assert [(topic.label, topic.code, topic.name) for topic in shipped] == [
        (LABELS[code], code, NAMES[code]) for code in TOPICS
    ]


def test_no_two_topics_have_one_name() -> None:
    assert len(set(NAMES.values())) == 46


@pytest.mark.slow
def test_codes_are_those_of_keras() -> None:
    keras = pytest.importorskip("keras")
    assert tuple(NAMES) == keras.datasets.reuters.get_label_names()
