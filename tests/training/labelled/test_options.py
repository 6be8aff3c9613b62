from pathlib import Path

import pytest

from training.errors import LabelsError
from training.labelled.options import DataOptions


def options(file: Path, outside: str) -> DataOptions:
    return DataOptions(
        text=None,
        label=None,
        label_separator=None,
        outside=outside,
        no_header=False,
        most_bad=0.1,
        time=None,
        files=(file,),
        test_files=(),
        test_share=0.2,
        min_rows=2,
        seed=1,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = [
        f"{word} number {number},{label}" for number in range(9) for word, label in (("rain", "a"), ("fog", "other"))
    ]
    (file := tmp_path / "rows.csv").write_text("\n".join(["text,label", *lines]))
    return file


@pytest.mark.parametrize(
    ("label", "advice"),
    [("Other", "did you mean other?"), ("nothing", "name the label of texts about none of the others.")],
)
def test_outside_label_that_no_row_has_is_refused(file: Path, label: str, advice: str) -> None:
    with pytest.raises(LabelsError) as refused:
        options(file, label).load()
    assert str(refused.value) == f"--outside: no row has the label {label!r}; {advice}"


def test_outside_label_of_some_rows_is_no_label(file: Path) -> None:
    assert options(file, "other").load().split.labels == ["a"]


def test_rows_without_a_label_are_outside_whatever_the_option_says(file: Path) -> None:
    file.write_text(file.read_text() + "\nhaze," + "\nmist in the valley,")
    assert "other" in options(file, "none").load().split.labels
