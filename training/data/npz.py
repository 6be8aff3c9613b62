"""Reads the arrays of Keras's ragged data sets without NumPy's unpickling, which may run code from the file."""

import io
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from training.errors import DataError

MAX_MEMBER_BYTES: Final = 256 * 1024 * 1024
"""Limit of an unpacked member. The real ones have 4 MB; more is a zip bomb or another file."""

# Exactly what unpickling an object array needs; NumPy before 2 had the third instead of the fourth.
_ADMITTED: Final = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
    }
)


class _Unread:
    """Stands in for every global of NumPy: takes any arguments, and keeps the state."""

    state: Any = None

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state


class _ListsUnpickler(pickle._Unpickler):
    """Reads lists and numbers; NumPy's classes are not called, and any other global is refused.

    NumPy saves sequences of different lengths as an array of lists, with pickle. `np.load` would need
    `allow_pickle=True`, which runs code from the file. NumPy's own classes do not make it safe: a data type with other
    flags lets an array take its bytes for the addresses of objects. The base class is the one in Python, because the
    one in C takes gigabytes for a high number of a memo.
    """

    # Without BYTEARRAY8, which allocates the length that the file names before it reads a byte.
    dispatch: ClassVar = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code != pickle.BYTEARRAY8[0]
    }

    def find_class(self, module: str, name: str) -> type[_Unread]:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it loads {module}.{name}")
        return _Unread


def read_npz(file: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read the arrays `x` (object [n], a list each) and `y` (int64 [n]) of a data set.

    Raises:
        DataError: the file is missing, truncated, not an npz, lacks an array, or contains other objects.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            x = _read_member(archive, "x.npy", _read_objects)
            y = _read_member(archive, "y.npy", _read_numbers)
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file; --data takes the folder that holds keras/{file.name}.") from error
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{file}: is refused because {error}, which arrays of integers do not need; fetch it again."
        ) from error
    except KeyError as error:
        raise DataError(f"{file}: lacks an array ({error.args[0]}); fetch it again.") from error
    # What zipfile, zlib, NumPy's header and the unpickler raise for a damaged file.
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        MemoryError,
    ) as error:
        raise DataError(f"{file}: is truncated or not an npz file ({error}); fetch it again.") from error
    return x, y


def _read_member(archive: zipfile.ZipFile, name: str, read: Callable[[io.BytesIO], NDArray[Any]]) -> NDArray[Any]:
    size = archive.getinfo(name).file_size
    if size > MAX_MEMBER_BYTES:
        raise ValueError(f"{name} unpacks to {size:,} bytes, more than {MAX_MEMBER_BYTES:,}")
    return read(io.BytesIO(archive.read(name)))


def _read_numbers(stream: io.BytesIO) -> NDArray[Any]:
    array = np.lib.format.read_array(stream, allow_pickle=False)
    if array.ndim != 1:
        raise ValueError("y.npy is not one-dimensional")
    return array


def _read_objects(stream: io.BytesIO) -> NDArray[Any]:
    """Read an array of objects: NumPy's header, then a pickle. A plain array is refused."""
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read_header(stream)
    if dtype != np.dtype(object):
        raise ValueError(f"x.npy holds {dtype}, not lists")
    try:
        array = _ListsUnpickler(stream).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # whatever its operations raise for wrong operands
        raise ValueError(f"x.npy is not a pickled array: {error!r}") from error
    match array.state if isinstance(array, _Unread) else None:
        case (_, (int(length),), _, _, list(rows)) if length == len(rows):
            return np.fromiter(rows, object, length)
    raise ValueError("x.npy is not a one-dimensional array of lists")
