"""Options and arguments that several commands have."""

import os
import re
from pathlib import Path

import click

from app.bundle_folders import MANIFEST
from app.cli.usage_errors import NonEmptyPath
from training.data.fetch import ARCHIVE, DEFAULT_FOLDER
from training.errors import OutputError

FOLDER = NonEmptyPath(file_okay=False, path_type=Path)

data_option = click.option(
    "--data",
    type=NonEmptyPath(file_okay=False, exists=True, path_type=Path),
    help=f"Folder with keras/reuters.npz, keras/reuters_word_index.json and {ARCHIVE}, used instead of a download."
    f"  [default: Keras's own cache, and the archive in {DEFAULT_FOLDER}]",
)


def archive_path(data: Path | None) -> Path:
    """The archive in the folder of --data, or where `fetch` puts it."""
    return (data or DEFAULT_FOLDER) / ARCHIVE


def bundle_folder(output: Path) -> Path:
    """The folder of the bundle: with version 1 if the path has a name only, which is said on stderr.

    A version begins with a digit, or with v and a digit; the folder of an existing bundle stays as it is.

    Raises:
        OutputError: the path has no name, or name or version do not fit into a URL.
    """
    from app.classifier.manifest import SLUG

    if not output.name or output.name == "..":
        raise OutputError(f"--output {output}: does not name the model; give a folder such as models/news/1.")
    resolved = Path(os.path.realpath(output))  # Path.resolve raises RuntimeError for a loop of symbolic links
    fits = re.fullmatch(SLUG, output.name)  # in a folder whose name is too long, no manifest can be looked for
    versioned = fits and (re.match(r"v?\d", output.name) or (output / MANIFEST).exists())
    for part in (resolved.parent.name, output.name) if versioned else (output.name,):
        if not re.fullmatch(SLUG, part):
            raise OutputError(
                f"--output {output}: {part!r} does not fit into a URL; use up to 64 letters A to Z, digits, '.', '_'"
                " and '-', such as models/news/1."
            )
    if versioned:
        return output
    click.echo(f"--output {output}: has no version; the bundle is written to {output / '1'}.", err=True)
    return output / "1"
