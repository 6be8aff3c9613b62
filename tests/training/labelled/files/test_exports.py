"""Exports and nested JSON: the error has a jq command that makes rows of them."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from training.errors import ColumnError, TableError
from training.labelled.files.exports import command, find_export, nested_rows
from training.labelled.read import ReadingOptions, read_rows


def chosen(*labels: str, question: str = "topic", cancelled: bool = False) -> dict[str, Any]:
    """An annotation of Label Studio, whose second question has other choices."""
    results = [
        {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": choices}}
        for name, choices in ((question, labels), ("urgent", ["yes"]))
    ]
    return {"id": 1, "result": results, "was_cancelled": cancelled, "ground_truth": False}


def commented(label: str) -> dict[str, Any]:
    comment = {"from_name": "comment", "to_name": "text", "type": "textarea", "value": {"text": ["unsure"]}}
    annotation = chosen(label)
    return annotation | {"result": [comment, *annotation["result"]]}


def task(text: str, *annotations: dict[str, Any], key: str = "text") -> dict[str, Any]:
    return {"id": 1, "annotations": annotations, "drafts": [], "predictions": [], "data": {"id": "7", key: text}}


def answered(text: str, answer: str, **fields: object) -> dict[str, Any]:
    return {"text": text, "_input_hash": 1, "_task_hash": -2, "_view_id": "choice", "answer": answer} | fields


def record(text: str, *labels: object) -> dict[str, Any]:
    responses = {"label": [{"value": label, "user_id": "5"} for label in labels]} if labels else {}
    return {"id": "1", "fields": {"text": text}, "metadata": {}, "responses": responses, "status": "completed"}


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


EXPORTS = {
    "Label Studio": ("json", json.dumps([task("oil", chosen("a")), task("gold", chosen("b", "c"))]), "oil a, gold b c"),
    "Label Studio, several annotations": (
        "json",
        json.dumps([task("oil", chosen("a"), chosen("x", cancelled=True), chosen("b")), task("no", chosen("b"))]),
        "oil a, oil b, no b",
    ),
    "Label Studio, another key": (
        "json.gz",
        json.dumps([task("oil", chosen("a", question='"it\'s"'), key="review text")]),
        "oil a",
    ),
    "Label Studio, a comment before the choices": ("json", json.dumps([task("oil", commented("a"))]), "oil a"),
    "Label Studio, first task without choices": (
        "json",
        json.dumps([task("no", {"result": [], "was_cancelled": True}), task("oil", chosen("a"))]),
        "oil a yes",
    ),
    "Prodigy, one label": (
        "jsonl",
        lines(
            answered("oil", "accept", label="a"),
            answered("no", "reject", label="a"),
            answered("no", "ignore", label="a"),
        ),
        "oil a",
    ),
    "Prodigy, choices": (
        "jsonl",
        lines(
            answered("oil", "accept", options=[{"id": "a", "text": "a"}], accept=["a", "b"]),
            answered("no", "ignore", accept=[]),
        ),
        "oil a b",
    ),
    "Argilla": (
        "json",
        json.dumps([record("oil", "a", "b"), record("gold", ["a", "c"]), record("no")]),
        "oil a, oil b, gold a c",
    ),
    "pandas": ("json", json.dumps({"text": {"0": "oil", "7": "gold"}, "label": {"0": 1, "7": 2}}), "oil 1, gold 2"),
    "pandas, split": (
        "json",
        json.dumps({"columns": ["label", "text"], "index": [0, 1], "data": [["a", "oil"], ["b", "gold"]]}),
        "oil a, gold b",
    ),
    "fastText": ("txt", '__label__a __label__b-c "oil" __label\n__label__a gold\n', '"oil" __label a b-c, gold a'),
}
NESTED = {
    "in another field": ({"meta": {"n": 1}, "hits": [{"text": "oil", "label": "a"}]}, "oil a"),
    "labels beside an odd text": ({"note": "oil", "labels": [{"x": "a"}, {"x": "b"}]}, "oil a b"),
    "in objects": ({"fields": {"headline": "oil", "id": "a long key"}, "Section": {"name": "a"}}, "oil a"),
    "labels in a list": ({"id": 1, "text": "oil", "annotations": [{"label": 3}, {"label": 4}], "meta": {}}, "oil 3 4"),
    "a label with fields": ({"id": 1, "text": "oil", "label": {"id": 3, "name": "a"}}, "oil a"),
    "the longer of two texts": ({"fields": {"code": "7b", "words": "oil"}, "label": {"name": "a"}}, "oil a"),
    "texts in a list, too": ({"text": "oil", "label": {"name": "a"}, "comments": [{"text": "no"}]}, "oil a"),
    "an odd key": ({"a b": {"c-d": "oil"}, "classes": {"class": True}}, "oil true"),
}


def rows_after(sentence: str, path: Path) -> str:
    """The rows that the command of an error makes, each as its text and labels."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    convert = sentence.rpartition("with `")[2].removesuffix("`.")
    subprocess.run(["sh", "-c", convert], cwd=path, check=True, timeout=20)
    read = read_rows([path / "rows.jsonl"])
    return ", ".join(" ".join((row.text, *row.labels)) for row in read.rows)


@pytest.mark.parametrize("kind", EXPORTS)
def test_command_of_an_export_makes_its_rows(tmp_path: Path, kind: str) -> None:
    ending, content, expected = EXPORTS[kind]
    path = tmp_path / f"a file's.{ending}"
    path.write_bytes(gzip.compress(content.encode()) if ending.endswith(".gz") else content.encode())
    writer = kind.partition(",")[0]
    with pytest.raises(TableError, match=f"s (an export|the format) of {writer}; convert it with `") as refused:
        read_rows([path], ReadingOptions(most_bad=1))
    assert rows_after(str(refused.value), tmp_path) == expected


@pytest.mark.parametrize("array", [True, False])
@pytest.mark.parametrize("kind", NESTED)
def test_command_for_nested_fields_makes_rows(tmp_path: Path, kind: str, array: bool) -> None:
    value, expected = NESTED[kind]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([value] if array else value))
    with pytest.raises(ColumnError, match=r"Nested .* not read; make columns of them, such as with `") as refused:
        read_rows([path])
    assert rows_after(str(refused.value), tmp_path) == expected


def test_command_ends_before_more_advice(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": [{"text": "oil", "label": "a"}]}))
    with pytest.raises(ColumnError, match=r"> rows\.jsonl`\. Every file must have the columns of --text;"):
        read_rows([path], ReadingOptions(text=("text",)), more_files=True)


@pytest.mark.parametrize(
    "first",
    [
        {},
        {"text": "oil", "label": "a", "answer": "reject"},
        {"data": "oil", "annotations": ["a"]},
        {"data": {"text": "oil"}, "annotations": None},
        {"columns": [], "index": [], "data": [], "text": "oil"},
        {"text": {"en": "oil"}, "label": {"en": "a"}},
        {"text": {}, "label": {}},
    ],
)
def test_other_objects_are_no_exports(first: dict[str, Any]) -> None:
    assert find_export(first) is None


def test_several_choices_in_json_min_of_label_studio_are_labels(tmp_path: Path) -> None:
    (path := tmp_path / "rows.json").write_text(
        json.dumps([{"id": 1, "text": "oil", "sentiment": {"choices": ["a", "b"]}}])
    )
    assert [row.labels for row in read_rows([path]).rows] == [("a", "b")]


@pytest.mark.parametrize("annotations", [[5], [{"result": 5}], [{"result": [{"type": "choices"}]}], [None]])
def test_annotations_of_another_form_do_no_harm(annotations: list[Any]) -> None:
    export = find_export({"data": {"text": "oil"}, "annotations": annotations})
    assert export is not None
    assert "from_name" not in export.convert


@pytest.mark.parametrize(
    "first",
    [
        {"text": "oil", "topic": "a", "tag": "b", "meta": {"n": 1}},
        {"a": {}},
        {"a": {"x" * 41: "oil", "y": 1}},
        {"a": {"b": {"c": {"d": {"text": "oil", "label": "a"}}}}},
    ],
)
def test_fields_that_are_no_text_and_label_need_no_command(first: dict[str, Any]) -> None:
    assert nested_rows(first) == ""


def test_rows_of_a_field_are_taken_before_their_own_fields() -> None:
    answer = {"status": "ok", "total": 1, "re sults": [{"fields": {"headline": "oil"}, "section": {"name": "a"}}]}
    assert nested_rows(answer) == '.["re sults"][]'
    assert nested_rows(answer["re sults"][0]) == "{text: .fields.headline, label: .section.name}"


def test_command_is_safe_in_a_shell() -> None:
    convert = nested_rows({"$(rm x)": {"text": "oil", "it's": "a"}})
    told = command(convert, "$(rm y).json")
    assert re.findall(r"'[^']*'", told.replace("'\"'\"'", "_"))[1:] == ["'$(rm y).json'"]
    assert convert == '{text: .["$(rm x)"].text, label: .["$(rm x)"]["it\'s"]}'
