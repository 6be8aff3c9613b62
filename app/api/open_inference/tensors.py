"""Tensors of the Open Inference Protocol: reads headlines from requests, writes results to responses.

In JSON a tensor is a list. In the binary extension its bytes follow the JSON, little-endian; each element of a BYTES
tensor is preceded by its length in 4 bytes:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from pydantic_core import to_json

from app.api.open_inference.input_errors import wrong_datatype
from app.api.open_inference.schemas import InferRequest, RequestInput, TensorMetadata
from app.classifier import Classification
from app.classifier.manifest import Manifest, Topic
from app.errors import TensorError, quoted

INPUT = "headline"
PER_TOPIC = ("probabilities", "topic_set")
"""Outputs with an element for each topic."""


def tensors(manifest: Manifest) -> tuple[TensorMetadata, list[TensorMetadata]]:
    """Metadata of the input and of all outputs; the first two outputs are returned by default."""
    outputs = [
        TensorMetadata(name="topic", datatype="BYTES", shape=[-1]),
        TensorMetadata(name="probability", datatype="FP32", shape=[-1]),
        TensorMetadata(name="probabilities", datatype="FP32", shape=[-1, len(manifest.topics)]),
        TensorMetadata(name="abstained", datatype="BYTES", shape=[-1]),
    ]
    if manifest.multi_label is not None:
        outputs.append(TensorMetadata(name="topic_set", datatype="BOOL", shape=[-1, len(manifest.topics)]))
    if manifest.outside is not None:
        outputs.append(TensorMetadata(name="outside", datatype="FP32", shape=[-1]))
    return TensorMetadata(name=INPUT, datatype="BYTES", shape=[-1]), outputs


def input_tensor(request: InferRequest) -> RequestInput:
    """The tensor of headlines; raises TensorError if it is missing, or there is another one or another datatype."""
    if len(request.inputs) != 1 or request.inputs[0].name != INPUT:
        given = ", ".join(quoted(tensor.name) for tensor in request.inputs[:5]) or "none"
        raise TensorError(f"The model takes one input, {INPUT!r}, but the request has: {given}.")
    [tensor] = request.inputs
    if tensor.datatype != "BYTES":
        raise wrong_datatype(tensor.datatype)
    return tensor


def headlines(tensor: RequestInput, binary: bytes) -> list[str]:
    """The texts of the input tensor; raises TensorError if they are missing, or inconsistent with its shape."""
    texts = _from_json(tensor) if tensor.data is not None else _from_binary(tensor, binary)
    if tensor.data is not None and binary:
        raise TensorError(f"{len(binary):,} bytes follow the JSON, but no input has a binary_data_size.")
    if tensor.shape not in ([len(texts)], [len(texts), 1]):
        raise TensorError(f"The input has shape {tensor.shape} and {len(texts):,} elements; send [n] or [n, 1].")
    return texts


def _from_json(tensor: RequestInput) -> list[str]:
    data: Any = tensor.data
    if data and isinstance(data[0], list):
        return [text for row in cast(list[list[str]], data) for text in row]
    return cast(list[str], data)


def _from_binary(tensor: RequestInput, binary: bytes) -> list[str]:
    size = tensor.parameters.binary_data_size if tensor.parameters else None
    if size is None:
        raise TensorError(f"The input {INPUT!r} has neither data nor a binary_data_size.")
    if size != len(binary):
        raise TensorError(f"binary_data_size is {size}, but {len(binary):,} bytes follow the JSON.")
    texts: list[str] = []
    elements = tensor.shape[0] if tensor.shape else 0  # the bytes may hold millions of empty elements
    at = 0
    while at < len(binary):
        if len(texts) == elements:
            raise TensorError(f"The input has shape {tensor.shape}, but its bytes hold more elements.")
        end = at + 4 + int.from_bytes(binary[at : at + 4], "little")
        if end > len(binary):
            raise TensorError(f"Element {len(texts)} of the input is longer than the remaining bytes.")
        try:
            texts.append(binary[at + 4 : end].decode())
        except UnicodeDecodeError:
            raise TensorError(f"Element {len(texts)} of the input is not UTF-8.") from None
        at = end
    return texts


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """A requested output tensor."""

    name: str
    binary: bool
    classes: int
    """Number of largest values to return, in the format of the classification extension; 0: the whole tensor."""

    @property
    def datatype(self) -> str:
        """Datatype in the response: BYTES for text, FP32 for numbers, BOOL for whether a text has each label."""
        if self.name == "topic_set":
            return "BOOL"
        return "BYTES" if self.classes or self.name in ("topic", "abstained") else "FP32"


def requested_outputs(request: InferRequest, manifest: Manifest) -> list[RequestedOutput]:
    """The requested outputs, in order; raises TensorError for an unknown or repeated one."""
    default = request.parameters.binary_data_output if request.parameters else False
    if not request.outputs:
        return [RequestedOutput("topic", default, 0), RequestedOutput("probability", default, 0)]
    topics = len(manifest.topics)
    names = [tensor.name for tensor in tensors(manifest)[1]]
    requested: dict[str, RequestedOutput] = {}
    for output in request.outputs:
        if output.name not in names:
            raise TensorError(f"The model has no output {quoted(output.name)}; it has {', '.join(names)}.")
        if output.name in requested:
            # Without this limit, a request of a few kilobytes could cause a response of any size.
            raise TensorError(f"The output {output.name!r} is requested twice; request each output once.")
        classes = output.parameters.classification if output.parameters else 0
        if classes and output.name != "probabilities":
            raise TensorError(f"The classification parameter applies only to 'probabilities', not to {output.name!r}.")
        if classes > topics:
            raise TensorError(f"The classification parameter must be from 1 to {topics}, but it is {classes}.")
        binary = output.parameters.binary_data if output.parameters else None
        requested[output.name] = RequestedOutput(output.name, default if binary is None else binary, classes)
    return list(requested.values())


def top_k(outputs: Sequence[RequestedOutput], topics: int) -> int:
    """Number of topics per headline that the outputs need."""
    return max((output.classes or topics if output.name == "probabilities" else 1) for output in outputs)


def max_columns(outputs: Sequence[RequestedOutput], topics: int) -> int:
    """Number of elements per headline in the widest of the outputs."""
    return max((output.classes or topics if output.name in PER_TOPIC else 1) for output in outputs)


def elements(output: RequestedOutput, results: Sequence[Classification], topics: Sequence[Topic]) -> bytes:
    """Elements of an output for a chunk of the headlines: binary, or JSON values separated by commas.

    A headline without a known word, or piece of one, has topic "", probability 0, all probabilities 0 and outside 0.
    """
    values: list[str] | list[float] | list[bool]
    match output.name:
        case "topic":
            values = [topics[result.labels[0]].code if result.labels else "" for result in results]
        case "probability":
            values = [result.probabilities[0] if result.probabilities else 0.0 for result in results]
        case "abstained":
            values = [str(result.abstained or "") for result in results]
        case "outside":
            values = [result.outside or 0.0 for result in results]
        case "topic_set":
            members = np.zeros((len(results), len(topics)), np.bool_)
            for chosen, result in zip(members, results, strict=True):
                chosen[result.topic_set] = True
            values = members.ravel().tolist()
        case _ if output.classes:
            values = [text for result in results for text in _classes(result, output.classes, topics)]
        case _:
            dense = np.zeros((len(results), len(topics)))
            for row, result in zip(dense, results, strict=True):
                row[result.labels] = result.probabilities
            values = dense.ravel().tolist()
    return _binary(values) if output.binary else to_json(values)[1:-1]


def tensor(output: RequestedOutput, texts: int, topics: int, parts: Sequence[bytes]) -> tuple[bytes, bytes]:
    """JSON of an output tensor and its binary data, which is empty for a JSON tensor; `parts`: from `elements`."""
    shape = [texts, output.classes or topics] if output.name in PER_TOPIC else [texts]
    described: dict[str, Any] = {"name": output.name, "shape": shape, "datatype": output.datatype}
    if not output.binary:
        return to_json(described)[:-1] + b',"data":[' + b",".join(parts) + b"]}", b""
    binary = b"".join(parts)
    return to_json(described | {"parameters": {"binary_data_size": len(binary)}}), binary


def _classes(result: Classification, count: int, topics: Sequence[Topic]) -> list[str]:
    """`value:index:label` of the largest values; nine digits represent every float32 exactly."""
    if not result.labels:
        return [""] * count
    pairs = zip(result.probabilities[:count], result.labels[:count], strict=True)
    return [f"{value:.9g}:{label}:{topics[label].code}" for value, label in pairs]


def _binary(values: Sequence[str] | Sequence[float] | Sequence[bool]) -> bytes:
    if values and isinstance(values[0], bool):
        return bytes(cast(Sequence[bool], values))  # one byte for each
    if values and isinstance(values[0], str):
        encoded = [text.encode() for text in cast(Sequence[str], values)]
        return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)
    return np.asarray(values, "<f4").tobytes()
