"""Encodings, gzip, and binary input."""

import gzip
import io
import os
import random
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from app.cli.exit_status import InputError
from app.cli.readers.decoding import decoded, encoding_of, gunzipped, read_pieces
from app.cli.readers.input_format import read_table
from app.cli.readers.row import RowOptions
from tests.app.cli.running import answered, faults, pieces

TEXT = "id,headline\n1,oil\n2,Café 😀 wheat\n"
EXPECTED = [(2, "oil"), (3, "Café 😀 wheat")]
SIZES = [1, 3, 100_000]


def rows(content: bytes, size: int, form: str = "csv") -> list:
    return list(
        read_table(decoded(pieces(content, size), "a.csv"), form, RowOptions(("headline",), 1000), "a.csv").rows
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_mark_says_the_encoding(encoding: str, packed: bool, size: int) -> None:
    mark = "\ufeff" if encoding[:5] != "utf-8" else ""
    content = (mark + TEXT).encode(encoding)
    assert answered(rows(gzip.compress(content) if packed else content, size)) == EXPECTED


@pytest.mark.parametrize("size", SIZES)
def test_damage_in_utf_16_costs_its_line_only(size: int) -> None:
    content = "\ufeffoil\nwh".encode("utf-16-le") + b"\x00\xd8" + "eat\ngold\nti".encode("utf-16-le") + b"n"
    found = rows(content, size, "lines")
    assert answered(found) == [(1, "oil"), (3, "gold")]
    assert faults(found) == {2: "is not UTF-8", 4: "is not UTF-8"}


@pytest.mark.parametrize("size", SIZES)
def test_gzip_may_have_several_members_and_padding(size: int) -> None:
    content = gzip.compress(TEXT[:20].encode()) + gzip.compress(TEXT[20:].encode()) + b"\0" * 512
    assert answered(rows(content, size)) == EXPECTED


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (gzip.compress(b"oil")[:4], "gzip"),
        ("\ufeffoil".encode("utf-16-le")[:4], "utf-16-le"),
        ("\ufeffoil".encode("utf-32-le")[:4], "utf-32-le"),
        ("\ufeffoil".encode()[:4], None),
        (b"oil\n", None),
        (b"", None),
    ],
)
def test_encoding_is_named_unless_it_is_utf_8(head: bytes, encoding: str | None) -> None:
    assert encoding_of(head) == encoding


CHANCE = random.Random(5)
LONG = "".join(f"oil {CHANCE.random()}\n" for _ in range(5000)).encode()


@pytest.mark.parametrize(
    ("damage", "sentence", "least"),
    [
        (
            lambda packed: packed[: len(packed) // 2],
            "a.gz: its gzip data end too early, so the file is incomplete; copy it again.",
            2000,
        ),
        (lambda packed: packed[:-1], "end too early", 4999),
        (lambda packed: packed[:-8] + b"12345678", "a.gz: its gzip data are damaged (", 1000),
        (lambda packed: packed + b"oil\n", "are damaged", 4999),
        (lambda _: b"\x1f\x8b", "end too early", 0),
        (lambda _: b"", "end too early", 0),
        (lambda _: b"\x1f\x8boil prices", "are damaged", 0),
    ],
)
def test_damaged_gzip_is_read_up_to_the_damage(damage: Callable[[bytes], bytes], sentence: str, least: int) -> None:
    content = damage(gzip.compress(LONG))
    read = []
    with pytest.raises(InputError) as refused:
        read.extend(decoded(pieces(content, 1000), "a.gz"))
    assert sentence in refused.value.message
    there = b"".join(read)
    assert LONG.startswith(there)
    assert there.count(b"\n") >= least


def test_gzip_without_content_is_empty_text() -> None:
    assert b"".join(decoded(pieces(gzip.compress(b"")), "a.gz")) == b""
    assert b"".join(decoded(pieces(b""), "a.txt")) == b""


def test_gzip_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(b"\n" * 50_000_000, 9)
    tracemalloc.start()
    try:
        assert sum(map(len, gunzipped(iter([bomb]), "a.gz"))) == 50_000_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000 + len(bomb)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.csv: is a PNG image and not text; convert it, or name a text file."),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG image"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document"),
        (b"PK\x03\x04\x14\0\0\0", "is a ZIP archive or an Office document"),
        (b"BZh91AY&SY\xd0\xcf", "is packed with bzip2"),
        (b"\xfd7zXZ\0", "is packed with xz"),
        (b"\x28\xb5\x2f\xfd\x04", "is packed with Zstandard"),
        (b"PAR1\x15\x04\x15\0", "is a Parquet file"),
        (TEXT.encode("utf-16-le"), "is not text, or UTF-16 without a byte order mark"),
        (TEXT.encode("utf-16-be"), "is not text, or UTF-16 without a byte order mark"),
        ("oil".encode("utf-32-le"), "is not text, or UTF-16 without a byte order mark"),
        (random.Random(6).randbytes(5000), "is not text, or not in UTF-8"),
        ("нефть и пшеница дорожают\n".encode("cp1251") * 9, "is not text, or not in UTF-8"),
        ("택배가 아직 안 왔어요\n".encode("cp949") * 9, "or not in UTF-8; convert the file, such as with iconv -f"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, sentence: str) -> None:
    for given in (content, gzip.compress(content)):
        with pytest.raises(InputError) as refused:
            list(decoded(pieces(given, 100_000), "a.csv"))
        assert sentence in refused.value.message


@pytest.mark.parametrize("code", range(32))
def test_text_full_of_control_characters_is_refused(code: int) -> None:
    content = (b"oi" + bytes([code])) * 200
    if chr(code) in "\t\n\v\f\r\b\x1b":
        assert b"".join(decoded([content], "a.txt")) == content
    else:
        with pytest.raises(InputError, match="is not text"):
            list(decoded([content], "a.txt"))


def test_gzip_in_gzip_is_refused() -> None:
    with pytest.raises(InputError, match="is packed twice"):
        list(decoded(pieces(gzip.compress(gzip.compress(TEXT.encode()))), "a.csv.gz"))


@pytest.mark.parametrize(
    "content",
    [
        "GIF89a is a format\n",
        "PAR1\n",
        "BZh\n",
        "PK\n",
        "%PDF-1.7 is a format\n",
        "\x1b[1moil\x1b[0m\n",
        "日本の小麦価格\n" * 20,
        "a\n\0\nb\n",
    ],
)
def test_text_that_looks_odd_is_read(content: str) -> None:
    assert b"".join(decoded(pieces(content.encode()), "a.txt")) == content.encode()


def test_pipe_that_has_no_more_yet_is_noticed() -> None:
    reading, writing = os.pipe()
    waits = []

    def wait() -> None:
        waits.append(len(waits))
        if len(waits) == 3:
            os.close(writing)
        else:
            os.write(writing, b"oil\n")

    os.set_blocking(reading, False)  # a parent process may have set this
    with os.fdopen(reading, "rb") as stream:
        assert list(read_pieces(stream, "-", wait)) == [b"oil\n", b"oil\n"]
    assert waits == [0, 1, 2]


def test_pipe_without_data_is_waited_for_although_it_does_not_block() -> None:
    reading, writing = os.pipe()

    def write_later() -> None:
        os.write(writing, b"oil\n")
        os.close(writing)

    later = threading.Timer(0.05, write_later)
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as stream:
        later.start()
        assert b"".join(read_pieces(stream, "-")) == b"oil\n"
    later.join()


@pytest.mark.parametrize(
    ("error", "reason"), [(OSError(5, "Input/output error"), "Input/output error"), (OSError("odd"), "odd")]
)
def test_unreadable_stream_is_reported_with_its_reason(error: OSError, reason: str) -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise error

    with pytest.raises(InputError) as refused:
        list(read_pieces(Broken(), "a.txt"))
    assert refused.value.message == f"a.txt: cannot be read ({reason})."
