"""JSON Lines and JSON arrays."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.exit_status import InputError
from app.cli.readers.input_format import read_table
from app.cli.readers.row import RowOptions
from tests.app.cli.running import answered, faults, pieces, read


def test_lines_that_are_no_object_with_a_text_are_named() -> None:
    lines = ['{"headline": "oil"}', "{", "[1]", '{"headline": 7}', '{"title": "x"}', '{"headline": " "}', "", '"oil"']
    found = read("\n".join([*lines, '{"headline": "wheat"}']).encode() + b'\n{"headline": "\xff"}\n', "jsonl")
    assert answered(found) == [(1, "oil"), (9, "wheat")]
    reasons = {line: fault.partition(" (")[0] for line, fault in faults(found).items()}
    assert reasons == {
        2: "is not JSON",
        3: "is not a JSON object",
        4: "has a field 'headline' that is not a text",
        5: "has no field 'headline'",
        6: "has no text",
        7: "has no text",
        8: "is not a JSON object",
        10: "is not UTF-8",
    }


def test_object_without_the_field_is_told_which_it_has() -> None:
    many = json.dumps({f"field {number}": 1 for number in range(9)} | {"çay": 2})
    found = faults(read(f'{{"id": 7, "çay": "oil", "a\\u001b": 1}}\n{{}}\n{many}\n'.encode(), "jsonl"))
    assert found == {
        1: r"has no field 'headline' (it has 'id', 'çay', 'a\x1b')",
        2: "has no field 'headline'",
        3: "has no field 'headline' (it has 'field 0', 'field 1', 'field 2', 'field 3', 'field 4', ...)",
    }


@pytest.mark.parametrize("size", [1, 2, 7, 14])
def test_first_object_may_arrive_in_pieces(size: int) -> None:
    content = b'\n{ "headline": "oil"}\n{"headline": "wheat"}\n'
    assert answered(read(content, "json", size)) == [(2, "oil"), (3, "wheat")]


@pytest.mark.parametrize("content", [b"{", b'{\n"headline": "oil"\n}\n', b"{" + b" " * 3_000_000])
@pytest.mark.parametrize("size", [7, 65536])
def test_object_whose_brace_is_alone_is_refused(content: bytes, size: int) -> None:
    with pytest.raises(InputError, match="holds an object over several lines"):
        read(content, "json", size)


@pytest.mark.parametrize(
    "content",
    [
        b'{"version": 1,\n "rows": [{"headline": "oil"}]}',
        b'{"rows": [\r\n{"headline": "oil"},\r\n{"headline": "wheat"}\r\n]}',
        b'\n{"rows": \n[{"headline": "oil"}]}',
        b'{"data": {\n"rows": [{"headline": "oil"}]}}',
    ],
)
def test_object_over_several_lines_is_refused_with_the_command_that_converts_it(content: bytes) -> None:
    with pytest.raises(InputError, match=r"over several lines; .*, as jq -c '\.rows\[\]' does with"):
        read(content, "json", 65536)


@pytest.mark.parametrize("first", [b'{"headline": "oil', b'{"headline": "oil,"}', b"{}", b'{"headline": "o"} ['])
def test_first_line_that_is_cut_off_is_one_bad_row(first: bytes) -> None:
    rows = list(read(first + b'\n{"headline": "wheat"}\n', "json"))
    assert [(row.line, row.headline) for row in rows][1:] == [(2, "wheat")]


VALUES = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.floats(allow_nan=False),
    st.none(),
    st.fixed_dictionaries({"headline": st.text()}),
)


@given(st.lists(VALUES), st.integers(1, 9), st.sampled_from([None, 1]), st.booleans())
def test_elements_of_an_array_are_numbered_wherever_the_bytes_are_cut(
    values: list[object], size: int, indent: int | None, escaped: bool
) -> None:
    content = f" \n{json.dumps(values, indent=indent, ensure_ascii=escaped)}\n".encode()
    found = read(content, "json", size)
    texts = [value["headline"] if isinstance(value, dict) else value for value in values]
    assert [row.line for row in found] == list(range(1, len(values) + 1))
    assert answered(found) == [
        (number, text)
        for number, text in enumerate(texts, start=1)
        if isinstance(text, str) and text.strip() and "\0" not in text
    ]


@pytest.mark.parametrize(
    ("content", "before", "sentence"),
    [
        (b'["oil", "wheat"', 2, "is not a valid JSON array after element 2 (it ends too early)"),
        (b'["oil", "wheat', 1, "after element 1 (Unterminated string starting at)"),
        (b'["oil" "wheat"]', 1, "after element 1 ('\"' where a comma should be)"),
        (b'["oil",]', 1, "after element 1 (Expecting value)"),
        (b'["oil"] ["wheat"]', 1, "after element 1 (text follows its end)"),
        (b"[", 0, "after element 0 (it ends too early)"),
        (b'["oil", ' + b"[" * 100_000, 1, "after element 1 ("),
        (b'["oil", "' + b"x" * 3_000_000 + b'"]', 1, "after element 1 (the next one has more than 1048576 bytes)"),
        (b'["oil", ' + b"7" * 9000 + b"]", 1, "after element 1 ("),
    ],
)
def test_damaged_array_is_answered_up_to_the_damage(content: bytes, before: int, sentence: str) -> None:
    table = read_table(pieces(content, 65536), "json", RowOptions(("headline",), 1000), "the input")
    found = []
    with pytest.raises(InputError) as refused:
        found.extend(row for row in table.rows)
    assert len(found) == before
    assert sentence in refused.value.message
    assert refused.value.message.startswith("the input: ")
    assert len(refused.value.message) < 200


HALF = "has half of a surrogate pair, which no UTF-8 text has"


def test_half_of_a_pair_in_an_array_is_not_taken_for_another_encoding() -> None:
    texts = [r'"\ud83d"', r'"\udc80\udfff"', r'{"headline": "oil", "id": "\ud83d"}', r'"\ud83d\ude00"']
    content = f"[{', '.join(texts)}, ".encode() + b'{"headline": "oil", "id": "\xff"}]'
    table = read_table(pieces(content, 65536), "json", RowOptions(("headline",), 1000, None), "the input")
    assert [row.fault for row in table.rows] == [HALF, HALF, HALF, None, "is not UTF-8"]


def test_element_that_is_not_text_costs_itself_only() -> None:
    found = read(b'["oil", "\xff", "\\ud800", {"headline": "gold"}, [], "wheat"]', "json")
    assert answered(found) == [(1, "oil"), (4, "gold"), (6, "wheat")]
    assert faults(found) == {2: "is not UTF-8", 3: HALF, 5: "is neither a text nor an object"}


def test_json_that_is_no_array_is_read_as_lines() -> None:
    found = read(b'\n{"headline": "oil"}\n{"headline": "wheat"}\n', "json")
    assert answered(found) == [(2, "oil"), (3, "wheat")]
    with pytest.raises(InputError, match="write an array, or one object per line"):
        read(b'{\n "headline": "oil"\n}\n', "json")
    assert read(b" \n", "json") == []


def test_array_of_any_length_takes_the_memory_of_a_piece() -> None:
    def endless() -> Iterator[bytes]:
        yield b"["
        for _ in range(500):
            yield b'"oil prices rise", ' * 100
        yield b'"wheat"]'

    tracemalloc.start()
    try:
        rows = read_table(endless(), "json", RowOptions(("headline",), 1000), "the input").rows
        assert sum(row.fault is None for row in rows) == 50_001
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 400_000  # of 950,000; first imports and other threads may take some, too
