"""Key files: the keys that are read, and the files that are refused."""

import os
from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings
from app.settings.key_file import read_keys

KEY_FILES = [
    (b"one\ntwo\n", {"one", "two"}),
    (b"one", {"one"}),
    (b"one\r\ntwo\r\n", {"one", "two"}),
    (b"one\rtwo", {"one", "two"}),
    (b"\xef\xbb\xbfone\ntwo", {"one", "two"}),
    (b"  one \t\n\n\t\n two", {"one", "two"}),
    (b"# of the shop\none\n  # old: two\n#three", {"one"}),
    (b"one,two\n,\n", {"one,two", ","}),
    (b"a#b\nc # d\n", {"a#b", "c # d"}),
    ("schl\u00fcssel\n".encode(), {"schl\u00fcssel"}),
]


@pytest.mark.parametrize(("content", "keys"), KEY_FILES)
def test_key_file_has_one_key_a_line(tmp_path: Path, content: bytes, keys: set[str]):
    file = tmp_path / "keys"
    file.write_bytes(content)
    assert load_settings(api_keys_file=file).read_keys() == read_keys(file) == keys


def test_key_file_that_is_a_pipe_or_a_folder_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(SettingsError, match="it is not a regular file"):
            load_settings(api_keys_file=file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"# none\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe\x00",
        "one".encode("utf-16-le"),
        b"o\x00e",
        b"x" * 2_000_000,
    ],
)
def test_key_file_without_keys_is_refused(tmp_path: Path, content: bytes):
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="TOPICS_API_KEYS_FILE"):
        load_settings(api_keys_file=file)
