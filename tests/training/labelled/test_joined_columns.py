"""Texts from several columns (--text given several times), as labelled rows and in the reports on them."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from training.cli import cli
from training.errors import ColumnError, TableError
from training.labelled.columns import RequestedColumns, find_columns, find_numbered
from training.labelled.read import ReadingOptions, read_rows
from training.labelled.rows import MAX_CHARACTERS
from training.labelled.unlabelled import read_unlabelled

pa = pytest.importorskip("pyarrow", reason="needs the train extra")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = ("Subject", "Description", "Queue")
BOTH = ("Subject", "Description")
TICKETS = [
    ("No heat", "The boiler is off.", "repair"),
    ("Where is it?", "", "delivery"),
    ("", "I was billed twice", "billing"),
]
TEXTS = ["No heat The boiler is off.", "Where is it?", "I was billed twice"]
FILES = ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet"]


def write(path: Path, rows: Sequence[Sequence[str | None]] = TICKETS, header: Sequence[str] | None = COLUMNS) -> Path:
    """The rows in the format of the path."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows]), path)
    elif path.suffix in (".json", ".jsonl"):
        objects = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        path.write_text(json.dumps(objects) if path.suffix == ".json" else "\n".join(map(json.dumps, objects)))
    else:
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
                [*([header] if header else []), *rows]
            )
    return path


@pytest.mark.parametrize("name", FILES)
def test_texts_are_joined_in_the_order_given_without_empty_cells(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    table = read_rows([path], ReadingOptions(text=BOTH, label="Queue"))
    assert [(row.text, *row.labels) for row in table.rows] == [
        (text, row[-1]) for text, row in zip(TEXTS, TICKETS, strict=True)
    ]
    assert (table.columns[0].text, table.columns[0].guessed) == (BOTH, ())
    turned = read_rows([path], ReadingOptions(text=("description", "SUBJECT"), label="Queue"))
    assert turned.rows[0].text == "The boiler is off. No heat"
    assert turned.columns[0].text == ("Description", "Subject")
    assert [row.text for row in read_unlabelled([path], BOTH)[0]] == TEXTS


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_columns_without_a_header_are_joined(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, header=None)
    table = read_rows([path], ReadingOptions(no_header=True, text=("1", "2")))
    assert [row.text for row in table.rows] == TEXTS
    assert (table.columns[0].text, table.columns[0].label, table.columns[0].guessed) == (("1", "2"), "3", ("label",))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("empty", ["", " ", None])
def test_row_is_empty_only_if_all_cells_are(tmp_path: Path, name: str, empty: str | None) -> None:
    path = write(tmp_path / name, [("oil", empty, "a"), (empty, empty, "a"), (empty, "gold", "b")])
    table = read_rows([path], ReadingOptions(text=BOTH, label="Queue", most_bad=0.5))
    assert ([row.text for row in table.rows], table.bad) == (["oil", "gold"], 1)
    assert next(iter(table.bad_reasons)).startswith("has no text")


@pytest.mark.parametrize("name", FILES)
def test_limit_on_characters_applies_to_the_joined_text(tmp_path: Path, name: str) -> None:
    half = "x" * (MAX_CHARACTERS // 2)
    path = write(tmp_path / name, [(half, half[1:], "a"), (half, half, "b")])
    table = read_rows([path], ReadingOptions(text=BOTH, label="Queue", most_bad=0.5))
    assert [len(row.text) for row in table.rows] == [MAX_CHARACTERS]
    assert list(table.bad_reasons) == ["has 20,001 characters, more than 20,000"]


def test_plain_lines_are_texts_whatever_the_columns_are(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("oil\n")
    assert [row.text for row in read_unlabelled([tmp_path / "a.txt"], BOTH)[0]] == ["oil"]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_texts_to_label_without_one_of_the_columns_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ColumnError, match="there is no column 'Body'") as error:
        read_unlabelled([write(tmp_path / name)], ("Subject", "Body"))
    assert str(error.value).endswith("must be in columns 'Subject' and 'Body', as in the training rows.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (("Subject", "Body"), "a.csv: there is no column 'Body'; it has: 'Subject', 'Description', 'Queue'."),
        (("Subject", "subject"), "a.csv: the column 'Subject' is named more than once; name it once with --text."),
        (("Subject", "Queue"), "a.csv: text, label and time must be different columns; correct --text, --label or"),
    ],
)
def test_wrong_column_among_several_is_refused(text: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ColumnError) as error:
        find_columns(COLUMNS, RequestedColumns(text, "Queue"), "a.csv")
    assert str(error.value).startswith(sentence)


def test_json_without_one_of_the_fields_is_refused_with_its_first_bad_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"Body": "oil"}\n{"Body": "gas"}\n')
    with pytest.raises(TableError) as refused:
        read_unlabelled([tmp_path / "a.jsonl"], ["Body", "Subject"])
    assert str(refused.value).endswith("a.jsonl:1 has no field 'Subject' (it has 'Body')); correct the rows.")


def test_file_of_texts_alone_has_no_column_of_labels() -> None:
    with pytest.raises(ColumnError, match="which column has the labels; use --label"):
        find_columns(BOTH, RequestedColumns(BOTH), "a.csv")
    with pytest.raises(ColumnError, match="which of its 2 columns have texts and labels"):
        find_numbered([BOTH], RequestedColumns(("1", "2")), "a.csv")
    with pytest.raises(ColumnError, match="there is no column '4'; without a header, columns are numbers from 1 to 3"):
        find_numbered([COLUMNS], RequestedColumns(("1", "4")), "a.csv")


def test_parquet_column_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"Subject": ["oil"], "Description": [7], "Queue": ["a"]}), path)
    with pytest.raises(TableError, match=r"the column 'Description' has the type int64.*another column with --text"):
        read_rows([path], ReadingOptions(text=BOTH, label="Queue"))


@pytest.fixture
def queues(tmp_path: Path) -> Path:
    rows = [
        (f"{subject} {number}", f"since {number}", queue)
        for number in range(12)
        for subject, _, queue in TICKETS
        if subject
    ]
    return write(tmp_path / "queues.csv", rows)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def test_reports_name_all_the_columns(queues: Path, tmp_path: Path) -> None:
    test, out = write(tmp_path / "test.jsonl", [("No heat", "at all", "repair")]), tmp_path / "out"
    options = ("--text", "Subject", "--text", "Description", "--label", "Queue")
    done = run("check", queues, "--test", test, *options, "--output", out)
    assert done.exit_code == 0, done.output
    assert f"{queues}: texts from 'Subject' and 'Description', labels from 'Queue'\n" in done.stdout
    assert f"{test}: texts from 'Subject' and 'Description', labels from 'Queue'\n" in done.stdout
    assert "No heat 0 since 0" in done.stdout
    assert "texts from <code>Subject</code> and <code>Description</code>, labels" in (out / "data.html").read_text()
    report = json.loads((out / "data.json").read_text())
    assert [columns["text"] for columns in report["columns"]] == [list(BOTH)] * 2
    one = json.loads(run("check", queues, "--text", "Subject", "--label", "Queue", "--json").stdout)
    assert one["columns"][0]["text"] == "Subject"


@pytest.mark.parametrize("command", ["check", "fit", "evaluate"])
def test_column_named_twice_is_refused(queues: Path, tmp_path: Path, command: str) -> None:
    given = (tmp_path, "--test", queues) if command == "evaluate" else (queues,)
    output = ("--output", tmp_path / "1") if command == "fit" else ()
    done = run(command, *given, *output, "--text", "Subject", "--text", "Queue", "--text", "Subject")
    assert done.exit_code == 2
    assert "Invalid value for '--text': 'Subject' is named more than once; name it once." in done.stderr


def test_file_without_one_of_the_columns_says_that_all_files_need_them(queues: Path, tmp_path: Path) -> None:
    (other := tmp_path / "other.csv").write_text("Subject,Queue\noil,repair\n")
    done = run("check", queues, other, "--text", "Subject", "--text", "Description", "--label", "Queue")
    assert f"{other}: there is no column 'Description'; it has: 'Subject', 'Queue'." in done.stderr
    assert "Every file must have the columns of --text and --label; rename" in done.stderr


CELL = st.text(st.characters(codec="utf-8", exclude_characters=",;\t\r\n\0"), max_size=12)


@given(cells=st.lists(CELL, min_size=1, max_size=20), name=st.sampled_from(FILES))
def test_text_of_one_column_is_as_it_is_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], name: str
) -> None:
    path = write(tmp_path_factory.mktemp("one") / name, [("certain", "", "a"), *((cell, "", "a") for cell in cells)])
    one = read_rows([path], ReadingOptions(text=("Subject",), label="Queue", most_bad=1))
    assert [row.text for row in one.rows] == ["certain", *(cell for cell in cells if cell and not cell.isspace())]
    two = read_rows([path], ReadingOptions(text=("Description", "Subject"), label="Queue", most_bad=1))
    assert (two.rows, two.bad) == (one.rows, one.bad)
