"""Converts a bundle for other servers: TensorFlow Serving (text in) and ONNX Runtime (multi-hot in)."""

import os
from pathlib import Path
from typing import Literal

from app.classifier import build_classifier, load_bundle
from training.errors import OutputError
from training.output import move_into_place, staging
from training.tensorflow_import import import_tensorflow

Format = Literal["saved_model", "onnx"]


def export(source: Path, form: Format, output: Path) -> list[Path]:
    """Write the model of a bundle in another format, complete or not at all.

    Args:
        source: the bundle.
        form: `saved_model` or `onnx`.
        output: folder to create.

    Returns:
        The files written.

    Raises:
        BundleError: the bundle is missing, damaged or fails verification.
        OutputError: the folder exists or cannot be written, or the format does not support this model.
    """
    if os.path.lexists(output):
        raise OutputError(f"{output}: exists already; choose another --output.")
    bundle = load_bundle(source)
    if form == "saved_model":
        import_tensorflow()
    # Verifies the golden headlines. The classifier itself is not used: it keeps no word index.
    build_classifier(bundle, "keras" if form == "saved_model" else "numpy", min_probability=0.0)
    with staging(output) as folder:
        # Imported here because each needs a library that takes seconds to import.
        if form == "saved_model":
            from training.bundles.saved_model import write_saved_model  # noqa: PLC0415

            write_saved_model(bundle, folder)
        else:
            from training.bundles.onnx import write_onnx  # noqa: PLC0415

            write_onnx(bundle, folder / "model.onnx")
        move_into_place(folder, output)
    return sorted(file for file in output.rglob("*") if file.is_file())
