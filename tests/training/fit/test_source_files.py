import gzip
import os
from pathlib import Path

import pytest

from training.errors import TableError
from training.fit.source_files import ensure_regular, file_digests, unpacked_digests


def test_names_that_are_not_utf_8_are_written_with_escapes_and_stay_different(tmp_path: Path) -> None:
    files = [tmp_path / os.fsdecode(name) for name in (b"\xfe.csv", b"\xff.csv", "가.csv".encode())]
    for file in files:
        file.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digests(files) == dict.fromkeys(["\\xfe.csv", "\\xff.csv", "가.csv"], digest)
    files[1].write_bytes(gzip.compress(b"abc"))
    assert unpacked_digests(files) == {"\\xff.csv": digest}


def test_named_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "rows.csv")
    with pytest.raises(TableError, match=r"rows\.csv: is not a regular file; save its content as a file first\.$"):
        ensure_regular([pipe])
    ensure_regular([Path(__file__), tmp_path / "none.csv"])
