"""Short names of files in bundles and written reports, which need not say where on this machine the files were."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.labelled.read import shown_name
from training.labelled.reporting.report import DataReport, Groups


def short_names(files: Sequence[Path]) -> list[str]:
    """Names of files, with as many of their folders as tell them apart."""
    paths = [file.resolve() for file in files]
    depths = range(1, 1 + max(len(path.parts) for path in paths))
    names = [[shown_name(Path(*path.parts[-depth:])) for path in paths] for depth in depths]
    return next((file_names for file_names in names if len(set(file_names)) == len(files)), names[-1])


def with_short_names(report: DataReport, files: Sequence[Path]) -> DataReport:
    """The report on rows of these files, which must be all of them, with short names instead of paths."""
    names = dict(zip(map(shown_name, files), short_names(files), strict=True))

    def line(place: str) -> str:
        file, _, number = place.rpartition(":")
        return f"{names[file]}:{number}"

    def groups(found: Groups) -> Groups:
        largest = [replace(group, lines=list(map(line, group.lines))) for group in found.largest]
        return replace(found, largest=largest)

    return replace(
        report,
        columns=[replace(columns, file=names[columns.file]) for columns in report.columns],
        first_bad=[replace(bad, line=line(bad.line)) for bad in report.first_bad],
        exact=groups(report.exact),
        near=groups(report.near),
        conflicts=groups(report.conflicts),
        shared=groups(report.shared),
    )
