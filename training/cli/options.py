"""Options and arguments that several commands have."""

from pathlib import Path

import click

from training.data.fetch import ARCHIVE, DEFAULT_FOLDER

FOLDER = click.Path(file_okay=False, path_type=Path)

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help=f"Folder with keras/reuters.npz, keras/reuters_word_index.json and {ARCHIVE}: nothing is downloaded."
    f"  [default: Keras's own cache, and the archive in {DEFAULT_FOLDER}]",
)


def archive_path(data: Path | None) -> Path:
    """The archive in the folder of --data, or where `fetch` puts it."""
    return (data or DEFAULT_FOLDER) / ARCHIVE
