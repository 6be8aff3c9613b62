"""Drift reference: word ratios that are cross-fitted, and the mix of topics."""

import pytest

from app.classifier import Encoder
from app.classifier.manifest import EncodingSpec
from training.headlines.drift_reference import FOLDS, drift_reference
from training.headlines.samples import Sample

SPEC = EncodingSpec(size=3, offset=0, start_id=None, rare_id=None)
ENCODER = Encoder(SPEC, {"oil": 1, "wheat": 2, "scarce": 3, "lone": 4})
CODES = ("crude", "grain")


def title(text: str, source: int, *labels: int) -> Sample:
    return Sample(tuple(text.split()), labels or (0,), source)


def test_word_is_rare_if_it_is_in_other_texts_and_else_unknown() -> None:
    titles = [title("oil scarce", 0), title("oil scarce wheat", 1), title("lone oil", 2, 1)]
    found = drift_reference(ENCODER, titles, [Sample(("wheat",), ())], CODES)
    assert found["unknown_word_ratio"] == round(1 / 7, 6) == 0.142857  # `lone`, although the encoder has it
    assert found["rare_word_ratio"] == round(2 / 7, 6) == 0.285714


def test_texts_of_the_same_row_or_of_the_same_fold_do_not_count_as_others() -> None:
    same_row = [Sample(("oil",), (), 0)]
    assert drift_reference(ENCODER, [title("oil", 0)], same_row, CODES)["unknown_word_ratio"] == 1
    folds = [title("wheat", number) for number in range(1, FOLDS)]
    same_fold = [title("oil", 0), *folds, title("oil", FOLDS)]
    assert drift_reference(ENCODER, same_fold, (), CODES)["unknown_word_ratio"] == pytest.approx(
        2 / (FOLDS + 1), abs=1e-6
    )


@pytest.mark.parametrize(("multi_label", "share"), [(False, 1.0), (True, 0.6)])
def test_mix_is_that_of_the_first_topics_or_of_all(multi_label: bool, share: float) -> None:
    titles = [title("oil", 0, 0), title("oil", 1, 0, 1), title("wheat", 2, 0, 1)]
    mix = drift_reference(ENCODER, titles, (), CODES, multi_label=multi_label)["topic_mix"]
    assert mix["crude"] == pytest.approx(share, abs=0.25)
    assert sum(mix.values()) == pytest.approx(1)
