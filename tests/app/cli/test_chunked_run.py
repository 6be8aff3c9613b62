"""Progress bar of a run of `classify`; what it writes: test_classify.py."""

from itertools import islice
from pathlib import Path
from typing import Any, Self

import pytest

from app.cli import chunked_run


class RecordingBar:
    """Takes the place of click's progress bar."""

    def __init__(self) -> None:
        self.pos = 0
        self.shown: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, steps: int) -> None:
        self.pos += steps
        self.shown.append(self.pos)


def test_progress_bar_shows_how_many_bytes_of_the_file_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar = RecordingBar()
    monkeypatch.setattr("click.progressbar", lambda **_: bar)
    monkeypatch.setattr(chunked_run, "is_terminal", lambda _: True)
    path = tmp_path / "headlines.txt"
    path.write_bytes(b"x" * 1200)
    with path.open("rb") as file:
        bytes_read: Any = iter(lambda: file.read(1), b"")
        assert len(list(chunked_run._with_progress(islice(bytes_read, 1001), file))) == 1001
    assert bar.shown == [1, 501, 1001, 1200]
