import gzip
from pathlib import Path

import pytest

from benchmarks.labelled_sets import Run, fit, row
from benchmarks.machine import MeasurementError

TOWN = Path(__file__).parents[1] / "training" / "fit" / "town.csv"


def test_row_has_the_means_of_the_runs() -> None:
    runs = [Run(0.9, 0.8, 0.01, 0.88, 100, 500, 12), Run(0.8, 0.7, 0.03, 0.88, 120, 700, 14)]
    assert row("one", runs) == "| one | 0.850 | 0.750 | 0.020 | 0.880 | 110 | 600 | 13.0 |"


def test_missing_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"none\.train\.tsv\.gz: does not exist"):
        fit(tmp_path, "none", 1)


@pytest.mark.slow
def test_set_is_fitted_and_measured(tmp_path: Path) -> None:
    rows = [line.rpartition(",") for line in TOWN.read_text().splitlines()[1:]]
    for part, some in (("train", rows[:200]), ("test", rows[200:])):
        lines = "".join(f"{label}\t{text}\n" for text, _, label in some)
        (tmp_path / f"town.{part}.tsv.gz").write_bytes(gzip.compress(lines.encode()))
    run = fit(tmp_path, "town", 1)
    assert run.accuracy > 0.9
    assert run.baseline > 0.9
    assert run.memory > 100
    assert 0.01 < run.size < 30
