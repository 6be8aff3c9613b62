"""Writes a fitted model as a bundle: measured as it will be served, with model card and the report on its rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.classifier import TopicClassifier
from app.classifier.bundle import CARD
from app.classifier.manifest import FORMATS, Manifest
from app.control_characters import one_line
from training.bundles.publishing import library_versions, name_and_version, topics_with_support, with_measurements
from training.bundles.writer import Draft, write_bundle
from training.evaluation.labelled_rows import Measured, evaluate_rows
from training.fit.baselines import Baseline
from training.fit.fitted import Fitted
from training.fit.golden import golden_headlines
from training.fit.insights.linear_models import CurvePoint
from training.fit.reporting.model_card import write_card
from training.fit.training_rows import TrainingRows
from training.headlines.calibration import outside_probabilities
from training.headlines.drift_reference import drift_reference
from training.headlines.merge import save_stack
from training.headlines.samples import Sample
from training.history import HISTORY, history_csv
from training.labelled.rows import LabelledRow
from training.output import staging

RECIPE: Final = "fit"
"""Name in the manifest."""

LANGUAGES: Final = {
    "Hangul": "ko",
    "Japanese": "ja",
    "Thai": "th",
    "Lao": "lo",
    "Khmer": "km",
    "Myanmar": "my",
    "Greek": "el",
    "Armenian": "hy",
    "Georgian": "ka",
    "Tamil": "ta",
    "Telugu": "te",
    "Sinhala": "si",
}
"""Scripts that are in use for one language; the tag sets font and line breaking on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the rows come from."""

    files: Mapping[str, str]
    """Short name of each file -> its SHA-256; the training files first."""
    test_files: int
    """Number of files with test rows, which come last; 0 if the test rows are a share of the training files."""
    test: Sequence[LabelledRow]
    """The test rows."""
    report: Mapping[str, bytes]
    """Files of the report on the rows."""
    scripts: Mapping[str, int]
    """Script -> rows that are mostly in it."""
    unpacked: Mapping[str, str] = field(default_factory=dict)
    """Short name of each file compressed with gzip -> the SHA-256 of its content."""
    text_columns: Sequence[str] = ()
    """Columns that the texts of the first file are from."""

    @property
    def language(self) -> str | None:
        """BCP 47 tag of the language, where nine tenths of the rows are in a script of one language; else None."""
        script, count = max(self.scripts.items(), key=lambda item: item[1])
        return LANGUAGES.get(script) if count >= 0.9 * sum(self.scripts.values()) else None


def publish(
    target: Path,
    rows: TrainingRows,
    fitted: Fitted,
    source: Source,
    *,
    baselines: Sequence[Baseline],
    learning_curve: Sequence[CurvePoint],
    force: bool = False,
) -> tuple[TopicClassifier, Measured]:
    """Write the bundle `target` (models/NAME/VERSION) and measure it on the test rows.

    Returns:
        The classifier loaded from it, and its figures.

    Raises:
        OutputError: it exists and `force` is false, or cannot be written; nothing is left behind.
    """
    draft = _draft(target, rows, fitted, source)
    with staging(target) as scratch:
        unmeasured = write_bundle(scratch / "0", draft)
        measured = evaluate_rows(unmeasured, source.test)
    more: dict[str, Any] = {"baselines": [baseline.figures() for baseline in baselines]}
    more["learning_curve"] = [asdict(point) for point in learning_curve]
    more["held_out"] = fitted.held_out_figures
    if measured.outside is not None:
        more["outside"] = measured.outside
    evaluation = measured.evaluation
    described = unmeasured.bundle.manifest  # with the layers, unlike the draft's
    manifest = with_measurements(described, evaluation.topics, {"test": evaluation}, more, counted="texts")
    history = fitted.model.history
    extras = {
        HISTORY: history_csv([("train", fitted.seed, history)]),
        CARD: write_card(manifest).encode(),
        **source.report,
    }
    return write_bundle(target, replace(draft, manifest=manifest, extras=extras), force), measured


def describe(texts: int, labels: int, source: Source) -> str:
    """The description of the bundle, on one line: names of files may have line breaks."""
    names, first_test = list(source.files), len(source.files) - source.test_files
    trained, tested = ", ".join(names[:first_test]), ", ".join(names[first_test:])
    return one_line(
        f"Trained on {texts:,} texts under {labels:,} labels of {trained}{f', tested on {tested}' if tested else ''}."
    )


def _draft(target: Path, rows: TrainingRows, fitted: Fitted, source: Source) -> Draft:
    name, version = name_and_version(target, "fit")
    inside = [sample for sample in rows.samples if sample.labels]
    others = [sample for sample in rows.samples if not sample.labels]
    others += [Sample(cluster.words, ()) for cluster in fitted.clusters]
    reference = drift_reference(fitted.model.encoder, inside, others, rows.codes, multi_label=rows.multi_label)
    calibrated = fitted.calibrated
    if calibrated.outside is not None and calibrated.temperature is not None:
        held_out = outside_probabilities(fitted.held_out.inside, calibrated.temperature, calibrated.outside)
        reference["outside_ratio"] = round(float(np.mean(held_out)), 6)
    support = np.array([label for sample in inside for label in sample.labels], np.int64)
    manifest = Manifest(
        format=max(FORMATS),  # lowered by `write_bundle` where an older one will do
        name=name,
        version=version,
        language=source.language,
        description=describe(len(rows.samples), rows.topics, source),
        encoding=fitted.model.encoder.spec,
        topics=topics_with_support(support, dict(zip(rows.codes, rows.codes, strict=True))),
        calibration=calibrated.temperature,
        topic_set=calibrated.topic_set,
        multi_label=calibrated.multi_label,
        outside=calibrated.outside,
        files={},
        recipe={"name": RECIPE, "seed": fitted.seed, "with_networks": fitted.with_networks}
        | {"clusters": len(fitted.clusters)}
        | asdict(fitted.recipe),
        data={
            "sha256": source.files,
            "unpacked_sha256": source.unpacked,
            "test_files": source.test_files,
            "train_rows": len(rows.samples),
            "test_rows": len(source.test),
            "test_rows_by_label": Counter(label for row in source.test for label in row.labels),
            "held_out_rows": len(fitted.held_out_rows),
        }
        | ({"text_columns": list(source.text_columns)} if len(source.text_columns) > 1 else {}),
        libraries=library_versions("tensorflow", "keras", "scikit-learn", "scipy", "numpy", "h5py"),
        reference=reference,
    )
    golden = golden_headlines(rows, fitted)
    return Draft(
        manifest,
        lambda path: save_stack(fitted.model.layers, path, manifest.output),
        fitted.model.word_index,
        golden,
    )
