"""python -m app classify: in this process, or in a subprocess for signals, pipes and terminals."""

import csv
import gzip
import io
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.classifier import load_classifier
from app.cli import chunked_run, classify
from app.cli.classify_options import ClassifyOptions
from app.cli.readers.row import TO_UTF_8
from app.cli.writers import Answer
from app.settings import Settings
from tests import any_bundles
from tests.app.cli.running import command, rows, run
from tests.server import ROOT, RunningServer

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]


def test_headlines_as_arguments_are_answered_as_the_classifier_does(tiny_bundle: Path) -> None:
    result = run("classify", *HEADLINES)
    classifier = load_classifier(tiny_bundle)
    answers = classifier.classify(HEADLINES, 1)
    assert result.exit_code == 0
    assert rows(result) == [
        {
            "line": number,
            "headline": headline,
            "topic": classifier.topics[answer.labels[0]].code if answer.labels else None,
            "name": classifier.topics[answer.labels[0]].name if answer.labels else None,
            "probability": answer.probabilities[0] if answer.labels else None,
            "outside": answer.outside,
            "abstained": answer.abstained,
            "topic_set": None,
        }
        for number, (headline, answer) in enumerate(zip(HEADLINES, answers, strict=True), start=1)
    ]


def test_top_k_adds_columns_in_both_formats() -> None:
    as_json = rows(run("classify", *HEADLINES, "--top-k", 3))
    table = csv.DictReader(io.StringIO(run("classify", *HEADLINES, "--top-k", 3, "--format", "csv").stdout))
    as_csv = list(table)
    assert table.fieldnames == list(as_json[0])
    assert table.fieldnames[5:9] == ["topic_2", "probability_2", "topic_3", "probability_3"]
    assert [{name: "" if value is None else str(value) for name, value in one.items()} for one in as_json] == as_csv
    assert as_csv[2]["topic_3"] == ""


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.txt", "oil\nwheat\n", ()),
        ("a.txt", "oil\r\nwheat", ()),
        ("a.txt", "\ufeffoil\nwheat\n", ()),
        ("a.csv", "id,headline\n1,oil\n2,wheat\n", ()),
        ("a.txt", "id,title\n1,oil\n\n2,wheat\n", ("--column", "title")),
        ("a.csv", '\ufeff"headline"\n"oil"\nwheat\n', ()),
        ("a.jsonl", '{"headline": "oil"}\n{"headline": "wheat"}\n', ()),
        ("a.txt", '{"t": "oil"}\n{"t": "wheat", "more": [1]}\n', ("--field", "t")),
        ("a.json", '["oil", "wheat"]', ()),
        ("a.txt", '[{"t": "oil"}, {"t": "wheat"}]', ("--field", "t")),
        ("a.ndjson", '{"t": "oil"}\n{"t": "wheat"}\n', ("--field", "t")),
        ("a.tsv", "id\theadline\n1\toil\n2\twheat\n", ()),
        ("a.TSV", "id\ttitle\n1\toil\n2\twheat\n", ("--column", "title")),
        ("a.txt", "oil\rwheat\r", ()),
    ],
)
def test_every_form_of_input_gives_the_same(tmp_path: Path, name: str, content: str, options: tuple[str, ...]) -> None:
    (tmp_path / name).write_bytes(content.encode())
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
    for file in (name, f"{name}.gz"):
        result = run("classify", "-f", tmp_path / file, *options)
        assert result.exit_code == 0
        assert [(one["headline"], one["topic"]) for one in rows(result)] == [("oil", "crude"), ("wheat", "wheat")]


@pytest.mark.parametrize(
    ("name", "content", "option"),
    [
        ("a.csv", "id,Subject,Body\n1,oil,prices\n2,,wheat\n", "--column"),
        ("a.txt", "id;subject;body\n1;oil;prices\n2;;wheat\n", "--column"),
        ("a.tsv", "id\tSubject\tBody\n1\toil\tprices\n2\t\twheat\n", "--column"),
        ("a.jsonl", '{"id": 1, "Subject": "oil", "Body": "prices"}\n{"Subject": null, "Body": "wheat"}\n', "--field"),
        ("a.txt", '[{"Subject": "oil", "Body": "prices"}, {"Subject": "", "Body": "wheat"}]', "--field"),
    ],
)
def test_texts_of_several_columns_are_one_headline(tmp_path: Path, name: str, content: str, option: str) -> None:
    (tmp_path / name).write_text(content)
    result = run("classify", "-f", tmp_path / name, option, "Subject", option, "Body")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [(one["headline"], one["topic"]) for one in rows(result)] == [("oil prices", "crude"), ("wheat", "wheat")]


def test_standard_input_is_read() -> None:
    for content in (b"oil\nwheat\n", gzip.compress("\ufeffoil\nwheat".encode("utf-16-le"))):
        done = subprocess.run(command("classify", "-f", "-"), cwd=ROOT, input=content, capture_output=True, check=True)
        assert [json.loads(line)["topic"] for line in done.stdout.splitlines()] == ["crude", "wheat"]


def test_bad_lines_are_reported_by_number_and_the_rest_is_done(tmp_path: Path) -> None:
    lines = [b"oil", b"", b"\xff\xfe", b"gold " * 5000, b"x" * 3_000_000, b"wheat"]
    (tmp_path / "a.txt").write_bytes(b"\n".join(lines))
    result = run("classify", "-f", tmp_path / "a.txt")
    assert result.exit_code == 1
    assert [(one["line"], one["topic"]) for one in rows(result)] == [(1, "crude"), (6, "wheat")]
    assert result.stderr.splitlines() == [
        "line 2 has no text",
        "line 3 is not UTF-8",
        "line 4 has 25,000 characters, more than 20,000",
        "line 5 has more than 1048576 bytes",
        "4 bad lines; all others were classified.",
        f"To classify the lines that are not UTF-8, {TO_UTF_8}.",
    ]


@pytest.mark.parametrize(
    ("name", "option", "error"),
    [
        ("a.jsonl", "--column", "a.jsonl: is JSON, which has no columns; use --field instead of --column."),
        ("a.json.gz", "--column", "a.json.gz: is JSON, which has no columns; use --field instead of --column."),
        ("a.csv", "--field", "a.csv: has columns and no fields; use --column instead of --field."),
        ("a.tsv", "--field", "a.tsv: has columns and no fields; use --column instead of --field."),
    ],
)
def test_option_of_another_format_names_the_right_one(tmp_path: Path, name: str, option: str, error: str) -> None:
    (tmp_path / name).write_bytes(b'{"title": "oil"}\n')
    result = run("classify", "-f", tmp_path / name, option, "title")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"{error}\n")


@pytest.mark.parametrize("options", [[], ["--skip-empty"]])
def test_wrong_field_is_an_error_that_names_the_fields(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"title": "oil"}\n{"title": "wheat"}\n')
    result = run("classify", "-f", tmp_path / "a.jsonl", *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "line 1 has no field 'headline' (it has 'title')",
        "line 2 has no field 'headline' (it has 'title')",
        "2 bad lines; none was classified.",
    ]


def test_field_that_is_not_a_text_is_an_error_also_if_empty_ones_are_skipped(tmp_path: Path) -> None:
    values = ["7", "null", '["oil"]', '" "']
    (tmp_path / "a.jsonl").write_text("".join(f'{{"headline": {value}}}\n' for value in values))
    result = run("classify", "-f", tmp_path / "a.jsonl", "--skip-empty")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "line 1 has a field 'headline' that is not a text",
        "line 3 has a field 'headline' that is not a text",
        "2 bad lines; none was classified.",
    ]


def test_arguments_are_validated_like_lines() -> None:
    result = run("classify", "oil", "", " ", "caf\udce9", "gold " * 5000, "wheat")
    assert result.exit_code == 1
    assert [(one["line"], one["topic"]) for one in rows(result)] == [(1, "crude"), (6, "wheat")]
    assert result.stderr.splitlines() == [
        "line 2 has no text",
        "line 3 has no text",
        "line 4 is not UTF-8",
        "line 5 has 25,000 characters, more than 20,000",
        "4 bad lines; all others were classified.",
    ]


@pytest.mark.parametrize("bad", [20, 21, 700])  # 700: in two chunks
def test_terminal_shows_the_first_bad_lines_and_counts_the_others(monkeypatch: pytest.MonkeyPatch, bad: int) -> None:
    monkeypatch.setattr(chunked_run, "is_terminal", lambda _: True)
    result = run("classify", *[""] * bad, "oil")
    assert (result.exit_code, len(rows(result))) == (1, 1)
    further = "Further bad lines are counted, but not shown; add 2> FILE to write all of them to a file."
    assert result.stderr.splitlines() == [
        *(f"line {number} has no text" for number in range(1, 21)),
        *([further] if bad > 20 else []),
        f"{bad} bad lines; all others were classified.",
    ]


def test_file_or_pipe_gets_every_bad_line() -> None:
    result = run("classify", *[""] * 700, "oil")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        *(f"line {number} has no text" for number in range(1, 701)),
        "700 bad lines; all others were classified.",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "\noil\n\n \nwheat\n\n"),
        ("a.csv", 'id,headline\n1,\n2,oil\n3," "\n\n4,wheat\n5,"\n\n"\n'),
        ("a.jsonl", '\n{"headline": ""}\n{"headline": "oil"}\n{"headline": null}\n{"headline": "wheat"}\n'),
        ("a.json", '["", "oil", {"headline": " "}, {"headline": null}, "wheat"]'),
    ],
)
def test_empty_lines_are_no_failure_if_they_are_skipped(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    result = run("classify", "-f", tmp_path / name, "--skip-empty")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [one["topic"] for one in rows(result)] == ["crude", "wheat"]
    kept = run("classify", "-f", tmp_path / name)
    assert kept.exit_code == 1
    assert kept.stdout == result.stdout


def test_other_bad_lines_are_reported_also_if_empty_ones_are_skipped() -> None:
    result = run("classify", "oil", "", "caf\udce9", "--skip-empty")
    assert (result.exit_code, len(rows(result))) == (1, 1)
    assert result.stderr.splitlines() == ["line 3 is not UTF-8", "1 bad line; all others were classified."]


@pytest.mark.parametrize(("content", "status"), [("", 0), ("\n", 1), (" \n\n", 1)])
def test_file_without_a_headline_is_good_only_if_it_has_no_line(tmp_path: Path, content: str, status: int) -> None:
    (tmp_path / "a.txt").write_text(content)
    result = run("classify", "-f", tmp_path / "a.txt")
    assert (result.exit_code, result.stdout) == (status, "")


KEPT = {"id": "7", "topic": "mine", "input_topic": "too", "date": "2026"}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json"])
def test_keep_repeats_named_columns_in_both_formats(tmp_path: Path, name: str, form: str) -> None:
    values = KEPT | {"headline": "oil"}
    separator = "\t" if name == "a.tsv" else ","
    content = f"{separator.join(values)}\n{separator.join(values.values())}\n"
    content = {"a.jsonl": json.dumps(values), "a.json": json.dumps([values])}.get(name, content)
    (tmp_path / name).write_text(content)
    result = run("classify", "-f", tmp_path / name, "--keep", "topic,date", "--keep", "id", "--format", form)
    assert result.exit_code == 0, result.stderr
    [one] = rows(result) if form == "jsonl" else csv.DictReader(io.StringIO(result.stdout))
    assert list(one)[-4:] == ["topic_set", "input_topic", "date", "id"]
    assert (one["topic"], one["input_topic"], one["date"], one["id"]) == ("crude", "mine", "2026", "7")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_keep_alone_repeats_all_other_columns(tmp_path: Path, name: str) -> None:
    values = KEPT | {"title": "oil"}
    content = f"{','.join(values)}\n{','.join(values.values())}\n" if name == "a.csv" else json.dumps(values)
    (tmp_path / name).write_text(content)
    option = "--column" if name == "a.csv" else "--field"
    [one] = rows(run("classify", "-f", tmp_path / name, "--keep", option, "title"))
    assert list(one)[8:] == ["id", "input_topic", "input_input_topic", "date"]
    assert list(one.values())[8:] == list(KEPT.values())


def test_keep_keeps_the_types_of_json(tmp_path: Path) -> None:
    kept = {"id": 7, "tags": ["a", None], "more": {"a": 1.5}, "line": True}
    (tmp_path / "a.jsonl").write_text(json.dumps({"headline": "oil"} | kept) + '\n{"headline": "oil", "x": NaN}\n')
    one, other = rows(run("classify", "-f", tmp_path / "a.jsonl", "--keep"))
    assert list(one.items())[8:] == [("id", 7), ("tags", ["a", None]), ("more", {"a": 1.5}), ("input_line", True)]
    assert other["x"] is None
    names = ("--keep", "id,tags,none", "--format", "csv")
    lines = run("classify", "-f", tmp_path / "a.jsonl", *names).stdout.splitlines()
    assert lines[1].endswith(',7,"[""a"",null]",')
    result = run("classify", "-f", tmp_path / "a.jsonl", "--keep", "--format", "csv")
    assert result.exit_code == 2
    assert "name the fields" in result.stderr


def test_keep_takes_a_name_with_a_comma_and_refuses_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"a,b",headline\n1,oil\n')
    [one] = rows(run("classify", "-f", tmp_path / "a.csv", "--keep", '"a,b"'))
    assert one["a,b"] == "1"
    result = run("classify", "-f", tmp_path / "a.csv", "--keep", "a")
    assert result.exit_code == 2
    assert "no column 'a' to keep; the first line has: a,b, headline." in result.stderr
    assert "takes names as CSV has them" in run("classify", "-f", tmp_path / "a.csv", "--keep", '"a').stderr
    (tmp_path / "a.txt").write_text("oil\n")
    result = run("classify", "-f", tmp_path / "a.txt", "--keep")
    assert result.exit_code == 2
    assert "plain lines, which have no columns to keep." in result.stderr


def test_missing_column_is_a_usage_error_that_names_those_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,oil\n")
    result = run("classify", "-f", tmp_path / "a.csv")
    assert result.exit_code == 2
    assert "no column 'headline'; the first line has: id, title; choose one with --column." in result.stderr


BOTH = "Give headlines, or -f FILE (- for standard input)."
RAY = "--engine ray takes INPUT and OUTPUT, and neither -f nor --url nor --keep."
NOT_RAY = "--format parquet and --address are for --engine ray."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), BOTH),
        (("oil", "-f", "-"), BOTH),
        (("-f", "-", "--column", "a", "--field", "b"), "--column is for CSV and --field for JSON; give one of them."),
        (("oil", "--format", "parquet"), NOT_RAY),
        (("oil", "--address", "auto"), NOT_RAY),
        (("-f", "a.parquet"), "a.parquet is a Parquet file; classify it with --engine ray INPUT OUTPUT."),
        (("--engine", "ray", "in"), RAY),
        (("--engine", "ray", "in", "out", "more"), RAY),
        (("--engine", "ray", "in", "out", "-f", "-"), RAY),
        (("--engine", "ray", "in", "out", "--url", "http://127.0.0.1:1"), RAY),
        (("--engine", "ray", "in", "out", "--keep", "id"), RAY),
        (("oil", "--keep", "id"), "--keep is for the columns of a file."),
        (
            ("-f", "-", "--column", "a", "--column", "a"),
            "Invalid value for '--column': 'a' is named more than once; name it once.",
        ),
        (
            ("-f", "-", "--field", "a", "--field", "b", "--field", "a"),
            "Invalid value for '--field': 'a' is named more than once; name it once.",
        ),
    ],
)
def test_options_that_cannot_be_combined_are_reported(arguments: tuple[str, ...], sentence: str) -> None:
    result = run("classify", *arguments)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"Error: {sentence}")


def test_keeping_all_fields_of_json_as_csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"headline": "oil"}]')
    result = run("classify", "-f", tmp_path / "a.json", "--format", "csv", "--keep")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "name the fields" in result.stderr


def test_one_bad_line_is_counted_in_the_singular() -> None:
    result = run("classify", "oil", "")
    assert (result.exit_code, result.stderr) == (1, "line 2 has no text\n1 bad line; all others were classified.\n")


def test_ray_gets_every_option(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[ClassifyOptions, Settings]] = []
    monkeypatch.setattr("app.cli.classify.classify_in_bulk", lambda *arguments: given.append(arguments))
    options = ("--column", "title", "--format", "parquet", "--top-k", 3, "--address", "auto", "--model", tiny_bundle)
    assert run("classify", "--engine", "ray", "in", "out", *options).exit_code == 0
    [(got, settings)] = given
    assert settings.model == (tiny_bundle,)
    assert (got.headlines, got.headline_names, got.columns, got.fields) == (("in", "out"), ("title",), ("title",), ())
    assert (got.form, got.top_k, got.skip_empty, got.address) == ("parquet", 3, False, "auto")


def test_key_for_a_service_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setenv("TOPICS_API_KEY", "secret")
    monkeypatch.setattr(classify, "settings_for", lambda _: Settings())
    monkeypatch.setattr(
        classify, "remote_predictor", lambda *options: given.append(options) or (lambda texts: ["refused"] * len(texts))
    )
    assert run("classify", "--url", "http://127.0.0.1:9", "gold").exit_code == 1
    assert given == [("http://127.0.0.1:9", "secret", 1, None)]


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_stop_is_reported_and_has_its_status(stop: BaseException, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: object) -> None:
        raise stop

    monkeypatch.setattr("app.cli.classify.local_predictor", lambda *_: ask)
    result = run("classify", "oil")
    assert (result.exit_code, result.stdout, result.stderr) == (status, "", "Stopped.\n")


def test_stop_before_the_first_row_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.classify.local_predictor", lambda *_: ask)
    (file := tmp_path / "a.txt").write_text("oil\n")
    assert run("classify", "-f", file).stderr == "Stopped before the first row was classified.\n"


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_interrupted_run_continues_from_a_line(form: str, tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_text('id,headline\n1,oil\n2,"gold\nup"\n3,\n4,wheat\n')
    options = ("classify", "-f", file, "--keep", "--format", form)
    whole = run(*options).stdout
    parts = whole.splitlines(keepends=True)
    first = parts[: 2 if form == "csv" else 1]
    rest = run(*options, "--from-line", 3)
    assert "".join(first) + rest.stdout == whole
    assert rest.stderr == "line 5 has no text\n1 bad line; all others were classified.\n"
    assert run(*options, "--from-line", 99).stdout == ""


@pytest.mark.parametrize(("arguments", "reason"), [(("oil",), ""), (("--engine", "ray", "a", "b"), "by itself")])
def test_line_to_continue_from_needs_a_file(arguments: tuple[str, ...], reason: str) -> None:
    result = run("classify", *arguments, "--from-line", 3)
    assert result.exit_code == 2
    assert "--from-line is for a file that -f names" in result.stderr
    assert reason in result.stderr


def test_rows_are_answered_500_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(
        "app.cli.classify.local_predictor",
        lambda *_: lambda texts: sizes.append(len(texts)) or [Answer([], "no_known_words")] * len(texts),
    )
    (tmp_path / "a.txt").write_text("oil\n" * 1_001)
    assert run("classify", "-f", tmp_path / "a.txt").exit_code == 0
    assert sizes == [500, 500, 1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("oil", "--top-k", "47"),
        ("oil", "--top-k", "0"),
        ("oil", "--topk", "3"),
    ],
)
def test_wrong_use_is_2(arguments: tuple[str, ...]) -> None:
    assert run("classify", *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.txt", "No such file or directory"),
        (".", "Is a directory"),
        ("\udcff.txt", "No such"),
        ("a\0b", "null byte"),
    ],
)
def test_file_that_cannot_be_read_is_4_with_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    result = run("classify", "-f", os.path.join(tmp_path, name))  # noqa: PTH118 - Path cannot hold all of them
    assert result.exit_code == 4
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "answers"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0),
        ("a.txt", "oil\n".encode("utf-16-le"), 0),
        ("a.txt.gz", gzip.compress(b"oil prices\nwheat\n", mtime=0)[:-4], 2),
        ("a.json", b'["oil", "wheat"', 2),
        ("a.csv", b"", 0),
        ("a.csv", b'"id,headline\n1,oil\n', 0),
    ],
)
def test_input_that_cannot_be_read_to_its_end_is_4_after_the_rows_before(
    tmp_path: Path, name: str, content: bytes, answers: int
) -> None:
    (tmp_path / name).write_bytes(content)
    result = run("classify", "-f", tmp_path / name)
    assert result.exit_code == 4
    assert len(rows(result)) == answers
    assert result.stderr.startswith(f"Error: {tmp_path / name}: ")
    assert len(result.stderr.splitlines()) == 1


def test_no_model_is_3_with_one_sentence(tmp_path: Path) -> None:
    result = run("classify", "oil", "--model", tmp_path / "none")
    assert result.exit_code == 3
    assert "no such bundle folder" in result.stderr
    assert result.stdout == ""


def test_ray_that_is_not_installed_is_3_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.bulk.command.find_spec", lambda _: None)
    result = run("classify", "--engine", "ray", "in", "out")
    assert result.exit_code == 3
    assert "--engine ray needs Ray; install it from the project's folder with: " in result.stderr
    assert "python -m pip install '.[ray]'" in result.stderr


def big_file(folder: Path, lines: int) -> Path:
    file = folder / "big.txt"
    file.write_text("\n".join(HEADLINES * (lines // 3)) + "\n")
    return file


def test_rows_of_a_pipe_are_answered_when_they_come() -> None:
    for first in (b"oil\n", b"oil\nwheat\n", b"oil\nwhe"):
        with subprocess.Popen(
            command("classify", "-f", "-"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            process.stdin.write(first)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["topic"] == "crude"  # while the pipe is open
            process.stdin.write(b"gold\n")
            process.stdin.close()
            rest = process.stdout.read().splitlines()
            assert json.loads(rest[-1])["line"] == 1 + first.count(b"\n")
            assert process.wait(30) == 0


def test_rows_of_a_fifo_are_answered(tmp_path: Path) -> None:
    fifo = tmp_path / "a.csv"
    os.mkfifo(fifo)
    with subprocess.Popen(command("classify", "-f", fifo), cwd=ROOT, stdout=subprocess.PIPE) as process:
        with fifo.open("wb") as stream:
            stream.write(b"headline\noil\n")
            stream.flush()
            assert json.loads(process.stdout.readline())["line"] == 2
        assert process.wait(30) == 0


def test_sigterm_ends_it_after_a_whole_row() -> None:
    with subprocess.Popen(
        command("classify", "-f", "-"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"oil\nwhe")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["topic"] == "crude"
        process.terminate()
        assert process.wait(30) == 143
        assert process.stdout.read() == b""
        assert process.stderr.read().decode() == (
            "Stopped after line 1, 1 row classified; to continue, repeat the command with --from-line 2 and >>.\n"
        )


def test_closed_pipe_ends_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("classify", "-f", big_file(tmp_path, 60_000)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["topic"] == "crude"
        process.stdout.close()
        assert process.wait(30) == 141
        assert process.stderr.read() == b""


def test_interrupt_ends_it_cleanly_and_gives_the_cursor_back() -> None:
    controller, terminal = pty.openpty()
    endless = subprocess.Popen(["yes", "oil prices"], stdout=subprocess.PIPE)
    process = subprocess.Popen(
        command("classify", "-f", "-"), cwd=ROOT, stdin=endless.stdout, stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["topic"] == "crude"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        shown = os.read(controller, 1_000_000).decode()
    finally:
        for one in (endless, process):
            one.kill()
            one.wait(10)
        endless.stdout.close()
        os.close(controller)
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["topic"] == "crude", "the last row is cut off"
    line = json.loads(rest.splitlines()[-1])["line"]
    assert f"Stopped after line {line:,}, {line:,} rows classified; " in shown
    assert f"--from-line {line + 1} and >>." in shown
    assert "Traceback" not in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    file = big_file(tmp_path, 3000)
    plain = subprocess.run(command("classify", "-f", file), cwd=ROOT, capture_output=True, check=True)
    assert plain.stderr == b""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        command("classify", "-f", file), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=terminal
    ) as process:
        os.close(terminal)
        assert process.wait(30) == 0
    shown = os.read(controller, 1_000_000)
    os.close(controller)
    assert b"100%" in shown


@pytest.mark.slow
def test_ten_times_the_lines_take_no_more_memory(tmp_path: Path) -> None:
    # Not getrusage's maximum, which includes that of the parent at the time of the fork.
    peak = "import sys; from app.__main__ import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\n"
    peak += "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line), file=sys.stderr)"

    def kilobytes(lines: int) -> int:
        arguments = [sys.executable, "-c", peak, "classify", "-f", str(big_file(tmp_path, lines))]
        done = subprocess.run(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return int(done.stderr)

    few, many = kilobytes(12_000), kilobytes(120_000)
    assert many < few + 4096, f"{few} kB for 12,000 lines, {many} kB for 120,000"


def test_outside_headline_is_marked_and_keeps_its_best_guess(
    outside_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPICS_MODEL", str(outside_bundle))
    texts = ["oil", "election court", "qqq"]
    expected = load_classifier(outside_bundle).classify(texts)
    found = rows(run("classify", *texts))
    assert [(one["outside"], one["abstained"]) for one in found] == [(one.outside, one.abstained) for one in expected]
    assert [one["abstained"] for one in found] == [None, "outside", "no_known_words"]
    assert found[1]["topic"]
    monkeypatch.setenv("TOPICS_OUTSIDE_THRESHOLD", "1")
    assert [one["abstained"] for one in rows(run("classify", *texts))] == [None, None, "no_known_words"]


def test_service_gives_the_same_outside_columns(outside_bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("topics_client")
    (tmp_path / "a.txt").write_text("oil\nelection court\nqqq\n")
    local = run("classify", "-f", tmp_path / "a.txt", "--model", outside_bundle).stdout
    with RunningServer(outside_bundle) as server:
        assert run("classify", "-f", tmp_path / "a.txt", "--url", server.url).stdout == local


@pytest.mark.parametrize("kind", any_bundles.BUNDLES)
def test_any_bundle_classifies_with_as_many_topics_as_it_has(tmp_path: Path, kind: str):
    bundle = any_bundles.write(tmp_path / "bundle", kind)
    known = any_bundles.BUNDLES[kind][0]
    words = [word for _, word in known.values()]
    result = run("classify", *words, "--model", bundle, "--top-k", len(known), "--format", "csv")
    table = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert [row["topic"].removeprefix("'") for row in table] == list(known)
    assert f"topic_{len(known)}" in table[0]
    refused = run("classify", *words, "--model", bundle, "--top-k", len(known) + 1)
    assert refused.exit_code == 2
    assert f"{len(known) + 1} is more than the {len(known)} topics of this model." in refused.stderr


@pytest.mark.parametrize("name", ["news.csv", "two words.txt"])
def test_path_of_a_file_in_place_of_a_headline_is_a_usage_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("headline\nOil prices rise\n")
    result = run("classify", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"did you mean -f {shlex.quote(str(tmp_path / name))}?" in result.stderr


@pytest.mark.parametrize("headline", ["Oil / gold", "x" * 5000, "/", "a\0b"])
def test_headline_that_is_no_file_is_classified(headline: str) -> None:
    assert run("classify", headline).exit_code in (0, 1)


def test_help_names_the_variable_of_the_key_and_the_default_engine() -> None:
    shown = " ".join(run("classify", "--help").stdout.split())
    assert "API key for the service at --url. [env var: TOPICS_API_KEY]" in shown
    assert "Run in this process, or on all cores with Ray. [default: process]" in shown
