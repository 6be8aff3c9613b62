"""CSV records: how often lines are read, and where a record ends; test_csv_rows.py has damaged files."""

import pytest

from app.cli.readers.csv_records import NOT_CLOSED, records


@pytest.mark.parametrize(
    ("line", "width"),
    [
        ('"",y","', 3),  # inside a quote, each line closes a cell and opens another
        (",".join(['a"', *['"b"'] * 298, '"c']), 300),  # quotes around each line have been trimmed
        (",".join(['a"', *['""', "2"] * 149, '"c']), 300),
    ],
)
def test_quotes_that_each_line_opens_do_not_make_it_be_read_many_times(line: str, width: int) -> None:
    count = 4_000
    read_lines = 0

    class Counted(bytes):
        def decode(self, *arguments: str) -> str:
            nonlocal read_lines
            read_lines += 1
            return super().decode(*arguments)

    lines = (Counted(f"{line}\n".encode()) for _ in range(count))
    assert {record.fault for record in records(lines, ",", width)} == {NOT_CLOSED}
    assert read_lines <= 5 * count


def test_row_may_have_line_ends_in_all_its_cells() -> None:
    [record] = records(iter([b'"a\n', b'b","c\n', b'""d","e\n', b'f"\n']), ",", 3)
    assert record.cells == ["a\nb", 'c\n"d', "e\nf"]
