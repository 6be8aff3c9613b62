import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from training.data import npz
from training.data.npz import read_npz
from training.errors import DataError


class Runs:
    """Runs a command when it is unpickled by pickle.loads."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_arrays_come_back_as_saved(small_data: Path) -> None:
    file = small_data / "keras" / "reuters.npz"
    x, y = read_npz(file)
    theirs = np.load(file, allow_pickle=True)
    assert x.tolist() == theirs["x"].tolist()
    assert y.tolist() == theirs["y"].tolist()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
def test_truncated_file_is_refused(small_data: Path, tmp_path: Path, share: float) -> None:
    content = (small_data / "keras" / "reuters.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=r"cut\.npz: is truncated or not an npz file"):
        read_npz(tmp_path / "cut.npz")


def test_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    rows = np.empty(1, dtype=object)
    rows[0] = Runs(f"touch {tmp_path / 'ran'}")
    np.savez(tmp_path / "evil.npz", x=rows, y=np.zeros(1, int))
    with pytest.raises(DataError, match=r"evil\.npz: is refused because it loads posix\.system"):
        read_npz(tmp_path / "evil.npz")
    assert not (tmp_path / "ran").exists()


def pickled(code: bytes) -> bytes:
    """A member `x.npy` with this pickle."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return header.getvalue() + b"\x80\x03" + code


ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR"
OBJECTS_WITHOUT_FLAGS = (
    b"cnumpy\ndtype\n(X\x02\0\0\0O8\x89\x88tR(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
)
HOSTILE = {
    # NumPy takes the bytes for the address of an object; the first use of it is a segmentation fault.
    "address": ARRAY + b"(K\x01(K\x01t" + OBJECTS_WITHOUT_FLAGS + b"\x89C\x08AAAAAAAAtb.",
    "gigabytes of an array": b"cnumpy\nndarray\n((J\0\0\0\x40tX\x02\0\0\0O8tR.",
    "gigabytes of a memo": b"Nr\0\0\0\x20.",
    "gigabytes of a bytearray": b"\x96\0\0\0\x40\0\0\0\0.",
    "another length": ARRAY + b"(K\x01(K\x01t" + OBJECTS_WITHOUT_FLAGS + b"\x89](NNetb.",
    "no operand": b"R.",
    "unknown operation": b"\xff.",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_pickle_is_read_without_numpys_classes(tmp_path: Path, code: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "evil.npz", "w") as archive:
        archive.writestr("x.npy", pickled(code))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"evil\.npz: is truncated or not an npz file"):
            read_npz(tmp_path / "evil.npz")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_lists_of_the_same_length_come_back_as_saved(tmp_path: Path) -> None:
    rows = np.empty(2, object)
    rows[:] = [1, 2], [3, 4]
    np.savez(tmp_path / "same.npz", x=rows, y=np.zeros(2, int))
    assert read_npz(tmp_path / "same.npz")[0].tolist() == [[1, 2], [3, 4]]


def test_labels_are_never_unpickled(tmp_path: Path) -> None:
    rows = np.empty(1, dtype=object)
    rows[0] = [1]
    np.savez(tmp_path / "evil.npz", x=rows, y=np.array([Runs(f"touch {tmp_path / 'ran'}")], dtype=object))
    with pytest.raises(DataError, match=r"evil\.npz"):
        read_npz(tmp_path / "evil.npz")
    assert not (tmp_path / "ran").exists()


def test_missing_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "half.npz", x=np.array([[1], [1, 2]], dtype=object))
    with pytest.raises(DataError, match=r"half\.npz: lacks an array"):
        read_npz(tmp_path / "half.npz")


def test_rectangular_array_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "square.npz", x=np.zeros((2, 2)), y=np.zeros(2, int))
    with pytest.raises(DataError, match=r"x\.npy holds float64, not lists"):
        read_npz(tmp_path / "square.npz")


def test_zip_bomb_is_refused_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MAX_MEMBER_BYTES", 1_000)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(1_001))
    with pytest.raises(DataError, match="unpacks to 1,001 bytes"):
        read_npz(tmp_path / "bomb.npz")


def test_labels_without_a_dimension_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=np.array([[1], [1, 2]], dtype=object), y=np.int64(1))
    with pytest.raises(DataError, match=r"one\.npz: is .* not an npz file \(y\.npy is not one-dimensional\)"):
        read_npz(tmp_path / "one.npz")


def test_header_that_declares_more_than_memory_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "big.npz", x=np.array([[1], [1, 2]], dtype=object), y=np.zeros(10, np.int64))
    with zipfile.ZipFile(tmp_path / "big.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(b"(10,), }" + b" " * 15, b"(10000000000000000,), }"))
    with pytest.raises(DataError, match=r"big\.npz: is truncated or not an npz file"):
        read_npz(tmp_path / "big.npz")
