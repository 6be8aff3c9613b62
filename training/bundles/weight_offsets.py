"""Weight offsets: where the weights are in a `.keras` file, so serving can map them without Keras or HDF5."""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any, Final, get_args

import h5py

from app.classifier.manifest import Activation, Array, DenseLayer

WEIGHTS: Final = "model.weights.h5"
ALIGNMENT: Final = 64
"""Bytes. HDF5 aligns data sets to 8 within its own file."""
PADDING_ID: Final = 0xD935
"""Id of the zip extra field that Android's zipalign uses for padding."""
LOCAL_HEADER: Final = 30
"""Bytes of a zip member's local header before its name (APPNOTE.TXT, 4.3.7)."""


def align(path: Path) -> None:
    """Rewrite a `.keras` file in place so that its weights begin at a multiple of ALIGNMENT.

    Raises:
        OSError: the file cannot be read or written.
    """
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            info.compress_type = zipfile.ZIP_STORED
            info.extra = b""
            if info.filename == WEIGHTS:
                start = archive.fp.tell() + LOCAL_HEADER + len(info.filename) + 4  # type: ignore[union-attr]
                padding = -start % ALIGNMENT
                info.extra = struct.pack("<HH", PADDING_ID, padding) + bytes(padding)
            archive.writestr(info, content)


def dense_layers(path: Path) -> tuple[DenseLayer, ...] | None:
    """The layers of a Sequential model of Dense layers, which may follow a UnitNormalization layer.

    Dropout layers are skipped, because they do nothing at inference.

    Returns:
        Each layer's activation and the byte offsets of its weights in the file; None for any other kind of model.
    """
    with zipfile.ZipFile(path) as archive:
        model = json.loads(archive.read("config.json"))
        content = archive.read(WEIGHTS)
        start = _data_offset(path, archive.getinfo(WEIGHTS))
    if model["class_name"] != "Sequential":
        return None
    layers = [layer for layer in model["config"]["layers"] if layer["class_name"] not in ("InputLayer", "Dropout")]
    unit_length = bool(layers) and layers[0]["class_name"] == "UnitNormalization"
    layers = layers[unit_length:]
    if not layers or not all(layer["class_name"] == "Dense" and layer["config"]["use_bias"] for layer in layers):
        return None
    if not {layer["config"]["activation"] for layer in layers} <= set(get_args(Activation)):
        return None
    with h5py.File(io.BytesIO(content), "r") as file:
        offsets = [_layer(file, start, layer["config"]) for layer in layers]
    return offsets[0].model_copy(update={"unit_length": unit_length}), *offsets[1:]


def _layer(file: h5py.File, start: int, config: dict[str, Any]) -> DenseLayer:
    variables = file[f"layers/{config['name']}/vars"]
    return DenseLayer(
        kernel=_array(variables["0"], start), bias=_array(variables["1"], start), activation=config["activation"]
    )


def _array(dataset: h5py.Dataset, start: int) -> Array:
    return Array(offset=start + dataset.id.get_offset(), shape=dataset.shape)


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Offset of a stored member's bytes: after its local header, name and extra field."""
    with path.open("rb") as file:
        file.seek(info.header_offset + LOCAL_HEADER - 4)
        name, extra = struct.unpack("<HH", file.read(4))
    return info.header_offset + LOCAL_HEADER + int(name) + int(extra)
