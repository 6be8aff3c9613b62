"""The sentence about test rows that differ from the training rows."""

import pytest

from training.fit.reporting.shift import shift_sentence


@pytest.mark.parametrize(
    ("test", "test_rows", "held_out", "differs"),
    [
        (0.50, 2_970, 0.78, True),
        (0.74, 2_970, 0.78, False),  # clear, but not worth a sentence
        (0.65, 60, 0.78, False),  # may be chance with so few rows
        (0.50, 60, 0.78, True),
        (0.95, 2_970, 0.78, False),
        (0.00, 1, 0.90, False),
        (0.00, 4, 0.90, True),
    ],
)
def test_test_rows_differ_if_the_model_is_far_better_on_held_out_rows(
    test: float, test_rows: int, held_out: float, differs: bool
) -> None:
    sentence = shift_sentence(test, test_rows, held_out, 1_313, "accuracy")
    assert sentence.startswith(f"On held-out training rows, the accuracy is {held_out:.3f},") == differs
    assert bool(sentence) == differs
