"""Keras runtime: for models that are not a stack of dense layers, and as the reference in tests."""

import io
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.classifier.bundle import MAX_FILE_BYTES
from app.classifier.errors import BundleError
from app.classifier.inference.products import Floats
from app.classifier.manifest import OutputActivation
from app.classifier.networks.dense_network import Change

_NEEDS_TENSORFLOW = (
    "TOPICS_RUNTIME=keras needs TensorFlow; install it from the project's folder with: "
    ".venv/bin/python -m pip install '.[train]'"
)
_MAX_SHAPE = 100
"""Maximum number of characters of a shape in an error; that of a model with many outputs has their names."""


class KerasNetwork:
    """Runs any Keras model that maps a multi-hot vector to probabilities."""

    def __init__(self, model: Any, path: Path, *, linear: bool = False) -> None:  # noqa: ANN401 - Keras has no types
        """Wrap a model.

        Args:
            model: multi-hot float32 [n, size] -> probabilities float32 [n, units].
            path: of the model, for error messages.
            linear: it returns logits instead of probabilities.
        """
        self._model = model
        self._path = path
        self.linear = linear

    @property
    def shape(self) -> tuple[int, int]:
        """(width of the multi-hot vector, number of units of the last layer)."""
        return self._model.input_shape[-1], self._model.output_shape[-1]

    def logits(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Logits, float32 [len(ids), units]; of a model that is not linear, the logarithms of the probabilities.

        The softmax of either gives the probabilities again.

        Raises:
            BundleError: the model fails, or returns something else.
        """
        multi_hot = np.zeros((len(ids), self.shape[0]), np.float32)
        for row, ones in zip(multi_hot, ids, strict=True):
            row[ones] = 1.0
        try:
            output = np.asarray(self._model(multi_hot, training=False), np.float32).reshape(len(ids), self.shape[1])
        except Exception as error:  # of any layer; or the output is a dictionary, or of another length
            raise BundleError(
                f"{self._path}: Keras cannot compute one vector per text with it ({type(error).__name__}); train the"
                " bundle again."
            ) from error
        return output if self.linear else np.log(np.maximum(output, np.finfo(np.float32).tiny))

    def logits_of_variants(self, ids: Sequence[int], changes: Sequence[Change]) -> Floats:
        """Logits, float32 [len(changes), units], for the distinct ids of a text with each of the changes."""
        return self.logits([[*{*ids}.difference(lost).union(gained)] for lost, gained in changes])


def ensure_keras_is_installed() -> None:
    """Raise BundleError if it is not, without importing it."""
    if find_spec("keras") is None:
        raise BundleError(_NEEDS_TENSORFLOW)


def read_keras_network(model: bytes, path: Path, output: OutputActivation) -> KerasNetwork:
    """Load the content of a `.keras` file with Keras in safe mode (no lambdas, no unpickling).

    Args:
        model: the content.
        path: where it was read from, for error messages.
        output: activation of the last layer, if the manifest needs its logits.

    Raises:
        BundleError: Keras cannot be imported or cannot load the model, the model does not map vectors to vectors, or no
            temporary file can be written.
    """
    try:
        import keras  # noqa: PLC0415 - takes seconds and hundreds of megabytes
    except ImportError as error:
        raise BundleError(_NEEDS_TENSORFLOW) from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise BundleError(
            f"TOPICS_RUNTIME=keras: Keras cannot be imported ({reason}); correct KERAS_BACKEND or keras.json."
        ) from error
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, RuntimeError, ValueError) as error:  # also an unknown version, a name that is not UTF-8
        raise BundleError(f"{path}: is not a Keras model ({error}); copy the bundle again.") from error
    if unpacked > MAX_FILE_BYTES:
        raise BundleError(
            f"{path}: unpacks to {unpacked:,} bytes, more than {MAX_FILE_BYTES:,}; copy the bundle again."
        )
    # Keras loads only from paths. The file at `path` may have changed since it was verified, so write a private copy.
    try:
        with TemporaryDirectory(prefix="topics-keras-") as folder:
            copy = Path(folder, "model.keras")
            copy.write_bytes(model)
            loaded = _load(copy, path)
    except OSError as error:  # no folder for temporary files, or a full disk
        raise BundleError(
            f"{path}: TOPICS_RUNTIME=keras cannot write a temporary file ({error.strerror or error}); "
            "set TMPDIR to a writable folder with room for the model."
        ) from error
    shapes = [getattr(loaded, name, None) for name in ("input_shape", "output_shape")]  # none if it is not built
    match shapes:
        case [(_, int()), (_, int())]:
            pass
        case _:  # its answers could not be compared with the golden headlines
            inputs, outputs = [repr(shape)[:_MAX_SHAPE] for shape in shapes]
            raise BundleError(
                f"{path}: its input has the shape {inputs} and its output {outputs}, but both must be one vector per"
                " text; train the bundle again."
            )
    last = getattr(loaded, "layers", [None])[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is getattr(keras.activations, output):
        last.activation = keras.activations.linear  # the classifier computes the probabilities, after the calibration
        return KerasNetwork(loaded, path, linear=True)
    return KerasNetwork(loaded, path)


def _load(copy: Path, path: Path) -> Any:  # noqa: ANN401 - Keras has no types
    import keras  # noqa: PLC0415 - takes seconds and hundreds of megabytes

    try:
        return keras.saving.load_model(copy, compile=False, safe_mode=True)
    except Exception as error:  # Keras passes on any exception of its layers
        raise BundleError(f"{path}: Keras cannot load it ({type(error).__name__}); copy the bundle again.") from error
