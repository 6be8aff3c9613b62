"""Lines: the same rows for any division of the bytes into pieces."""

import io
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from app.cli.readers.lines import MAX_LINE_BYTES, LongLine, line_ends, split_lines
from tests.app.cli.running import pieces

TEXTS = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"oil", b"\0", b"\x0b", "\u2028é".encode()])).map(b"".join)


@given(TEXTS, st.integers(1, 9))
def test_lines_are_those_of_universal_newlines_wherever_the_bytes_are_cut(content: bytes, size: int) -> None:
    lines = list(split_lines(pieces(content, size)))
    assert b"".join(lines) == content
    decoded = io.StringIO(content.decode(), newline=None).readlines()
    assert [line.decode().replace("\r\n", "\n").replace("\r", "\n") for line in lines] == decoded
    assert line_ends(content) == sum(line.endswith((b"\n", b"\r")) for line in lines)


def test_line_that_is_too_long_is_dropped_and_counted() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        limit = b"x" * (MAX_LINE_BYTES - len(end)) + end
        content = b"oil" + end + limit + b"x" + limit + b"wheat"
        for size in (4096, len(content)):
            lines = list(split_lines(pieces(content, size)))
            assert lines == [b"oil" + end, limit, LongLine(len(limit) + 1), b"wheat"]


def test_endless_line_takes_no_more_memory_than_the_longest_allowed_line() -> None:
    tracemalloc.start()
    try:
        lines = list(split_lines(b"x" * 65536 for _ in range(1000)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == [LongLine(65536 * 1000)]
    assert peak < 5 * MAX_LINE_BYTES
