"""Key file: a text file of API keys, one per line, such as a Docker or Kubernetes secret."""

import re
import stat
from pathlib import Path

MAX_BYTES = 1024 * 1024


class KeyFileError(Exception):
    """The key file cannot be read or has no valid keys; the message says why."""


def read_keys(file: Path) -> frozenset[str]:
    """The keys in a file; raises KeyFileError if it is unreadable, has no key, or has one that no header can carry."""
    try:
        keys = _parse(_read(file))
    except OSError as error:
        raise KeyFileError(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise KeyFileError("the file is not UTF-8 text") from None
    if not keys:
        raise KeyFileError("the file has no key; write one per line")
    if not all(key.isprintable() for key in keys):
        raise KeyFileError("a key contains a control character, which no header can carry")
    return keys


def _read(file: Path) -> bytes:
    if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be empty at the second read
        raise KeyFileError("it is not a regular file")
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise KeyFileError("the file is larger than 1 MiB")
    return content


def _parse(content: bytes) -> frozenset[str]:
    """One key per line, with LF, CR LF or CR; lines that begin with # are comments."""
    lines = [line.strip() for line in re.split("\r\n|\r|\n", content.decode("utf-8-sig"))]
    return frozenset(line for line in lines if line and not line.startswith("#"))
