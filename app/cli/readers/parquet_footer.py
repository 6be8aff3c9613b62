"""Footer of a Parquet file: its size is checked before pyarrow reads it."""

from os import SEEK_END
from typing import BinaryIO, Final

from app.cli.exit_status import InputError

MAX_FOOTER_BYTES: Final = 8 * 1024**2
"""Maximum size of the footer, which lists the columns of each row group. pyarrow needs up to 230 times the memory, and
its own limit holds for each list alone, not for all lists of columns together."""


def ensure_small_footer(stream: BinaryIO, name: str) -> None:
    """Raise InputError if the footer of a seekable Parquet file is too large; the message calls the file `name`."""
    size = stream.seek(0, SEEK_END)
    stream.seek(max(0, size - 8))
    length = int.from_bytes(stream.read(4), "little")  # then PAR1 ends the file
    if MAX_FOOTER_BYTES < length < size:
        raise InputError(
            f"{name}: its footer has {length:,} bytes, more than {MAX_FOOTER_BYTES:,}; write it with larger row groups"
            " or fewer columns."
        )
