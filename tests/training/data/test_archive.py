"""Archives that are damaged or hostile; small ones that would take any amount of memory or time."""

import gzip
import tarfile
from pathlib import Path

import pytest

from training.data import archive
from training.data.archive import ArchiveError, read_files

NAME = "reut2-000.sgm"


def member(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A header and the blocks of its content."""
    header = tarfile.TarInfo(name)
    header.type, header.size = kind, len(content)
    return header.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def with_field(block: bytes, at: int, field: bytes) -> bytes:
    """A block whose bytes at `at` are replaced, with the checksum that it then needs."""
    changed = bytearray(block)
    changed[at : at + len(field)] = field
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


def write(folder: Path, *blocks: bytes) -> Path:
    file = folder / "archive.tar.gz"
    file.write_bytes(gzip.compress(b"".join(blocks) + bytes(1024)))
    return file


def refusal(file: Path) -> str:
    with pytest.raises(ArchiveError) as refused:
        read_files(file, [NAME])
    return str(refused.value)


def test_files_of_the_names_are_read_from_any_folder(tmp_path: Path) -> None:
    file = write(tmp_path, member("a/b/" + NAME, b"one"), member("other", b"two"))
    assert read_files(file, [NAME, "missing"]) == {NAME: b"one"}


def test_links_and_folders_of_the_name_are_no_files(tmp_path: Path) -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
    file = write(tmp_path, *[member(NAME, b"", kind) for kind in kinds], member(NAME, b"one"))
    assert read_files(file, [NAME]) == {NAME: b"one"}


def test_second_file_of_a_name_is_refused_because_only_the_first_might_be_verified(tmp_path: Path) -> None:
    file = write(tmp_path, member(NAME, b"one"), member("later/" + NAME, b"two"))
    assert refusal(file) == "it has reut2-000.sgm twice"


def test_sparse_file_is_refused_because_it_may_stand_for_any_number_of_bytes(tmp_path: Path) -> None:
    size = b"\x80" + (2**62).to_bytes(11, "big")
    block = with_field(member(NAME, b"", tarfile.GNUTYPE_SPARSE), 386, size + bytes(12))
    file = write(tmp_path, with_field(block, 483, size))
    with tarfile.open(file) as tar:
        assert tar.getmembers()[0].size == 2**62
    assert refusal(file) == "reut2-000.sgm is a sparse file"


def test_archive_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 100_000)
    file = write(tmp_path, member("other", bytes(200_000)), member(NAME, b"one"))
    assert file.stat().st_size < 1_000
    assert refusal(file) == "it unpacks to more than 100,000 bytes"


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_negative_size_does_not_make_the_archive_endless(tmp_path: Path, kind: bytes) -> None:
    negative = (-1024).to_bytes(12, "big", signed=True)
    file = write(tmp_path, member("first", b"one"), with_field(member(NAME, b"", kind), 124, negative))
    assert refusal(file) == "a file has a negative size"


def test_negative_size_in_an_extended_header_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, member("pax", b"14 size=-1024\n", tarfile.XHDTYPE), member(NAME, b""))
    assert refusal(file) == "a file has a negative size"


def test_thousands_of_extended_headers_of_one_file_are_refused(tmp_path: Path) -> None:
    refusal(write(tmp_path, member("pax", b"", tarfile.XHDTYPE) * 5_000, member(NAME, b"one")))


@pytest.mark.parametrize(
    "blocks",
    [
        with_field(member(NAME, b""), 124, b"\x80" + (2**80).to_bytes(11, "big")),  # no file has so large an offset
        member("pax", b"21 GNU.sparse.size=x\n", tarfile.XHDTYPE) + member(NAME, b""),
    ],
)
def test_numbers_that_tarfile_does_not_check_are_refused(tmp_path: Path, blocks: bytes) -> None:
    assert refusal(write(tmp_path, blocks))


def test_archive_that_unpacks_to_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, member(NAME, b"one"))
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", len(gzip.decompress(file.read_bytes())))
    assert read_files(file, [NAME]) == {NAME: b"one"}


def test_truncated_archive_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, member(NAME, b"one"))
    file.write_bytes(file.read_bytes()[:-4])
    refusal(file)


def test_missing_archive_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_files(tmp_path / "none.tar.gz", [NAME])
