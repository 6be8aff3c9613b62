"""Output folders: written next to their final path and renamed when they are complete."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from training.errors import OutputError


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Make an empty folder next to `target`, on the same file system; delete it at the end unless it was renamed.

    Folders above it that had to be created are deleted, too, if nothing is in them at the end.

    Raises:
        OutputError: the folder, or a file in it, cannot be written.
    """
    # Not tempfile's: only its owner could read that one, and the server may run as another user.
    folder = target.parent / f".{target.name}-{uuid.uuid4().hex[:12]}"
    with _as_output_error(target):
        created = [parent for parent in folder.parents if not parent.exists()]
        try:
            folder.mkdir(parents=True)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # not empty
                for parent in created:
                    parent.rmdir()


def move_into_place(folder: Path, target: Path, force: bool = False) -> None:
    """Rename a complete folder to `target`; if that fails, an existing `target` is restored.

    Raises:
        OutputError: `force` is false, and `target` exists: another process has written it in the meantime.
        OSError: the folder cannot be renamed.
    """
    if not force or not target.exists():
        try:
            folder.replace(target)  # fails if `target` has files
        except OSError:
            if not os.path.lexists(target):
                raise
            raise OutputError(
                f"{target}: another process has written it in the meantime; choose another --output."
            ) from None
        return
    old = folder.with_name(f"{folder.name}.old")  # `with_suffix` would cut off a part of version 1.2
    target.replace(old)
    try:
        folder.replace(target)
    except BaseException:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def ensure_writable(folder: Path, names: Iterable[str] = ()) -> None:
    """Create the folder if necessary and check, before any training, that files of these names can be written to it.

    Raises:
        OutputError: they cannot.
    """
    with _as_output_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    for name in names:
        ensure_replaceable(folder / name, force=True)


def ensure_temporary_folder() -> None:
    """Check before any training that there is a folder for temporary files, which Keras needs to save a model.

    Raises:
        OutputError: there is none.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise OutputError(
            f"No temporary file can be written ({error.strerror}); set TMPDIR to a writable folder."
        ) from error


def ensure_replaceable(file: Path, force: bool) -> None:
    """Check before any training that `write_files` can write a file.

    Raises:
        OutputError: it exists and `force` is false, or it is a folder.
    """
    if file.is_dir() and not file.is_symlink():
        raise OutputError(f"{file}: is a folder, but a file of this name will be written; move the folder.")
    if os.path.lexists(file) and not force:
        raise OutputError(f"{file}: exists already; move it, or use --force to replace it.")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by name into a folder, which is created if necessary; each completely or not at all.

    A symbolic link of the name is replaced, and not what it names.

    Raises:
        OutputError: a file cannot be written.
    """
    with _as_output_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            new = folder / f".{name}-{uuid.uuid4().hex[:12]}"
            try:
                new.write_bytes(content)
                new.replace(folder / name)
            finally:
                new.unlink(missing_ok=True)


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); choose another --output.") from error
