"""The recipe `headlines-multi`: which rows the wires of the archive become, and its options."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training.cli import cli
from training.cli.multi_label_wires import NAME, Wires
from training.data import modapte
from training.data.corpus import ArchiveWire


def wire(number: int, *topics: str, part: str = "TRAIN", marked: str = "YES") -> ArchiveWire:
    words = f"about {' '.join(topics) or 'nothing'} number{number}"
    return ArchiveWire(number, f"Title {words}", f"Body {words}" if number % 2 else None, "", topics, marked, part)


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    some = [wire(number, *(("grain", "wheat"), ("crude",), ())[number % 3]) for number in range(30)]
    some += [wire(40, "grain", marked="NO"), wire(41, "rare"), wire(42, "crude", part="NOT-USED")]
    some += [
        wire(50, "wheat", "rare", part="TEST"),
        wire(51, part="TEST"),
        wire(52, "crude", part="TEST", marked="BYPASS"),
    ]
    monkeypatch.setattr(modapte, "read_archive", lambda _: iter(some))
    return Wires(
        text=None,
        label=None,
        label_separator=None,
        outside=("",),
        no_header=False,
        most_bad=0.05,
        files=(Path("reuters21578.tar.gz"),),
        test_files=(),
        test_share=0.1,
        min_rows=5,
        seed=1,
    )


def test_rows_are_titles_and_bodies_of_the_modapte_split_with_all_their_topics(wires: Wires) -> None:
    loaded = wires.load()
    assert loaded.split.labels == ["crude", "grain", "wheat"]
    assert len(loaded.split.train) == 30 + 15
    assert {row.labels for row in loaded.split.train} == {("grain", "wheat"), ("crude",), ()}
    assert [(row.text.split()[0], row.labels) for row in loaded.split.test] == [
        ("Title", ("wheat",)),
        ("Title", ()),
        ("Body", ()),
    ]


def test_title_and_body_of_a_wire_are_one_line(wires: Wires) -> None:
    lines = [row.line for row in wires.load().split.train if row.number == 3]
    assert lines == ["reuters21578.tar.gz:3"] * 2


@pytest.mark.parametrize(
    ("options", "wrong"),
    [([], "needs --output models/NAME/VERSION"), (["--epochs", "2", "--output", "models/a/1"], "omit the rest")],
)
def test_options_that_do_not_apply_are_refused(options: list[str], wrong: str) -> None:
    run = CliRunner().invoke(cli, ["train", "--recipe", NAME, *options])
    assert run.exit_code == 2
    assert wrong in run.stderr
