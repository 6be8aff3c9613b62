"""Files and folders of results: complete or absent, and what stands in their way is found out first."""

from pathlib import Path

import pytest

from training.errors import OutputError
from training.output import ensure_replaceable, ensure_writable, write_files


def test_file_is_replaced_and_not_what_a_link_of_its_name_names(tmp_path: Path) -> None:
    (other := tmp_path / "other.csv").write_bytes(b"precious")
    (link := tmp_path / "1.csv").symlink_to(other)
    write_files(tmp_path, {"1.csv": b"new"})
    assert (link.read_bytes(), link.is_symlink(), other.read_bytes()) == (b"new", False, b"precious")


def test_file_that_cannot_be_written_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old := tmp_path / "1.csv").write_bytes(b"precious")

    def full(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_files(tmp_path, {"1.csv": b"new"})
    assert old.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize("force", [False, True])
def test_folder_of_the_name_is_in_the_way_whatever_the_options(tmp_path: Path, force: bool) -> None:
    (folder := tmp_path / "1.csv").mkdir()
    with pytest.raises(OutputError, match=r"1\.csv: is a folder, but a file of this name will be written; move the "):
        ensure_replaceable(folder, force)
    with pytest.raises(OutputError, match=r"1\.csv: is a folder"):
        ensure_writable(tmp_path, ["a.csv", "1.csv"])


def test_existing_file_or_link_is_replaced_only_with_force(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "dangling").symlink_to("none")
    for name in ("file", "dangling"):
        ensure_replaceable(tmp_path / name, force=True)
        with pytest.raises(OutputError, match="exists already; move it, or use --force to replace it"):
            ensure_replaceable(tmp_path / name, force=False)
    ensure_replaceable(tmp_path / "new", force=False)
