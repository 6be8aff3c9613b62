"""Writers: answers as JSON Lines and CSV."""

import csv
import io
import json
import re

import pytest

from app.cli import writers
from app.cli.readers.row import Row
from app.cli.writers import Answer, Prediction, Writer, columns
from tests.server import ROOT

OIL = Answer([Prediction("crude", "Crude oil", 0.9)], None)


def written(headline: str, verdict: Answer = OIL, **kept: object) -> list[str]:
    text = Writer("csv", 1, list(kept)).rows([(Row(1, headline, None, kept), verdict)]).decode()
    [row] = csv.reader(io.StringIO(text, newline=""))
    return row


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+oil", "'+oil"),
        ("-oil", "'-oil"),
        ("@oil", "'@oil"),
        ("\toil", "'\toil"),
        ("\roil", "'\roil"),
        ("-5", "-5"),
        ("+5.25", "+5.25"),
        ("-1e-05", "'-1e-05"),
        ("\uff1doil", "'\uff1doil"),
        ("\ufeff=oil", "'\ufeff=oil"),
        ("\noil", "'\noil"),
        ("-5+1", "'-5+1"),
        ("-5\n", "-5\n"),
        ("oil;=cmd();gas", "oil;'=cmd();gas"),
        ('"oil";\u00a0@cmd()', '"oil";\'\u00a0@cmd()'),
        ("=a\t+b\r\n\r\n-c", "'=a\t'+b\r\n\r\n'-c"),
        ("a\r=b\t+c", "a\r'=b\t'+c"),
        ("\t=oil", "'\t'=oil"),
        ("0.5;-0.25;+1;-x", "0.5;-0.25;+1;'-x"),
        ("oil; a=b, -c", "oil; a=b, -c"),
        ("-\u0665", "'-\u0665"),
        ("- 5", "'- 5"),
        ("oil = 5", "oil = 5"),
        (" =oil", "' =oil"),
        ("", ""),
        ("'=oil", "'=oil"),
        ('oil "up", gas\r\ndown\rup', 'oil "up", gas\r\ndown\rup'),
    ],
)
def test_csv_has_no_formulas_and_gives_all_else_as_it_is(text: str, cell: str) -> None:
    assert written(text)[1] == cell
    assert written("oil", more=text)[-1] == cell
    assert written("oil", Answer([Prediction(text, text, 0.5)], None))[2:4] == [cell, cell]
    head = Writer("csv", 1, [text]).header().decode()
    assert next(csv.reader(io.StringIO(head, newline="")))[-1] == cell


def test_formulas_are_those_of_the_page() -> None:
    page = (ROOT / "app" / "web" / "static" / "files" / "csv.js").read_text("utf-8")
    [rule] = re.findall("const FORMULA = /(.+)/g;", page)
    # JavaScript's \\s matches the byte order mark, Python's does not; Python's \\d matches digits of all scripts.
    blanks = r"[^\S\t\r\n]"
    assert writers._FORMULA.pattern == rule.replace(blanks, rf"(?:{blanks}|\ufeff)").replace(r"\d", "[0-9]")


@pytest.mark.parametrize("text", ["a\rb", "a\r\nb", "a\nb", 'a"b', "a,b"])
def test_cell_with_a_line_end_is_quoted_whichever_it_is(text: str) -> None:
    content = Writer("csv", 1).rows([(Row(1, text), OIL), (Row(2, "oil"), OIL)]).decode()
    assert f'"{text.replace(chr(34), chr(34) * 2)}"' in content
    assert content.endswith("\n2,oil,crude,Crude oil,0.9,,,\n")


def test_json_lines_have_the_text_as_it_was_and_the_kept_values_with_their_types() -> None:
    kept = {"id": 7, "big": 10**30, "nan": float("nan"), "more": ["=a"]}
    line = Writer("jsonl", 1, None).rows([(Row(1, "=oil", None, kept), OIL)])
    one = json.loads(line)
    assert one["headline"] == "=oil"
    assert list(one.items())[len(columns(1)) :] == [("id", 7), ("big", 10**30), ("nan", None), ("more", ["=a"])]


def test_columns_follow_the_rank() -> None:
    assert columns(1) == ["line", "headline", "topic", "name", "probability", "outside", "abstained", "topic_set"]
    more = ["topic_2", "probability_2", "topic_3", "probability_3"]
    assert columns(3) == [
        "line",
        "headline",
        "topic",
        "name",
        "probability",
        *more,
        "outside",
        "abstained",
        "topic_set",
    ]


def test_head_names_the_columns_in_csv_only() -> None:
    assert Writer("csv", 1, ["id"]).header() == b"line,headline,topic,name,probability,outside,abstained,topic_set,id\n"
    assert Writer("csv", 1).header() == b"line,headline,topic,name,probability,outside,abstained,topic_set\n"
    assert Writer("jsonl", 1, ["id"]).header() == b""


def test_every_column_is_empty_where_the_model_has_no_answer() -> None:
    silent = Answer([], "no_known_words")
    assert Writer("csv", 2).rows([(Row(3, "qqq"), silent)]) == b"3,qqq,,,,,,,no_known_words,\n"
    assert Writer("jsonl", 2).values([(Row(3, "qqq"), silent)]) == [
        [3, "qqq", None, None, None, None, None, None, "no_known_words", None]
    ]


def test_further_guesses_are_without_a_name() -> None:
    verdict = Answer([Prediction("crude", "Crude oil", 0.5), Prediction("gas", "Gasoline", 0.25)], "low_confidence")
    assert Writer("csv", 2).rows([(Row(1, "oil"), verdict)]) == b"1,oil,crude,Crude oil,0.5,gas,0.25,,low_confidence,\n"


def test_kept_values_that_are_no_text_are_json_in_csv() -> None:
    assert written("oil", a=7, b=None, c=["x"], d=float("nan"), e=True)[8:] == ["7", "", '["x"]', "null", "true"]


def test_kept_value_that_a_row_lacks_is_an_empty_cell() -> None:
    table = [(Row(1, "oil", None, {"id": "7"}), OIL), (Row(2, "gas", None, {}), OIL)]
    assert Writer("csv", 1, ["id"]).rows(table) == b"1,oil,crude,Crude oil,0.9,,,,7\n2,gas,crude,Crude oil,0.9,,,,\n"


def test_json_lines_with_named_columns_repeat_what_each_row_keeps() -> None:
    table = [(Row(1, "oil", None, {"id": "7"}), OIL), (Row(2, "gas"), OIL)]
    lines = [json.loads(line) for line in Writer("jsonl", 1, ["id"]).rows(table).splitlines()]
    assert [line.get("id") for line in lines] == ["7", None]
    assert [line["headline"] for line in lines] == ["oil", "gas"]


def test_json_lines_without_kept_columns_are_one_object_a_row() -> None:
    assert Writer("jsonl", 1).rows([(Row(1, "oil"), OIL)]) == (
        b'{"line":1,"headline":"oil","topic":"crude","name":"Crude oil","probability":0.9,"outside":null,'
        b'"abstained":null,"topic_set":null}\n'
    )


def test_outside_probability_is_a_column_of_its_own() -> None:
    table = [(Row(1, "vote"), Answer(OIL.predictions, "outside", 0.93))]
    assert Writer("csv", 1).rows(table) == b"1,vote,crude,Crude oil,0.9,0.93,outside,\n"
    (line,) = Writer("jsonl", 1).rows(table).splitlines()
    assert json.loads(line)["outside"] == 0.93
