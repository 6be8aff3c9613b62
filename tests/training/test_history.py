import pytest

from training.history import history_csv, spread


def test_spread_is_that_of_a_sample() -> None:
    assert spread([1.0, 3.0]) == {"mean": 2.0, "deviation": pytest.approx(2**0.5), "min": 1.0, "max": 3.0}
    assert spread([1.0])["deviation"] == 0.0


def test_history_has_a_row_for_each_epoch_and_no_values_for_what_was_not_measured() -> None:
    whole = {"loss": [2.0, 1.0], "accuracy": [0.25, 0.5], "val_loss": [2.5, 2.0], "val_accuracy": [0.2, 0.3]}
    short = {"loss": [0.125], "accuracy": [1.0]}
    assert history_csv([("explore", 1, whole), ("train", 2, short)]).decode().splitlines() == [
        "run,seed,epoch,loss,accuracy,val_loss,val_accuracy",
        "explore,1,1,2.000000,0.250000,2.500000,0.200000",
        "explore,1,2,1.000000,0.500000,2.000000,0.300000",
        "train,2,1,0.125000,1.000000,,",
    ]
