"""Tensors of the Open Inference Protocol: headlines out of requests, answers into responses.

In JSON a tensor is a list; in the binary extension its bytes follow the JSON, little-endian, each element of a
BYTES tensor after its length as 4 bytes:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_classification.md
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from pydantic_core import to_json

from app.api.open_inference.schemas import InferRequest, RequestInput, TensorMetadata
from app.classifier import Classification
from app.classifier.manifest import Topic
from app.errors import TensorError, quoted

INPUT = "headline"


def tensors(topics: int) -> tuple[TensorMetadata, list[TensorMetadata]]:
    """The model's input and its outputs, of which only the first two are given unasked."""
    return TensorMetadata(name=INPUT, datatype="BYTES", shape=[-1]), [
        TensorMetadata(name="topic", datatype="BYTES", shape=[-1]),
        TensorMetadata(name="probability", datatype="FP32", shape=[-1]),
        TensorMetadata(name="probabilities", datatype="FP32", shape=[-1, topics]),
        TensorMetadata(name="abstained", datatype="BYTES", shape=[-1]),
    ]


def headlines(query: InferRequest, binary: bytes) -> list[str]:
    """The texts of the one input tensor; raises TensorError if it does not add up."""
    if len(query.inputs) != 1 or query.inputs[0].name != INPUT:
        given = ", ".join(quoted(one.name) for one in query.inputs[:5]) or "none"
        raise TensorError(f"The model takes one input, {INPUT!r}, but the request has: {given}.")
    [tensor] = query.inputs
    if tensor.datatype != "BYTES":
        raise TensorError(f"The input {INPUT!r} is of datatype BYTES, not {quoted(tensor.datatype)}.")
    texts = _from_json(tensor) if tensor.data is not None else _from_binary(tensor, binary)
    if tensor.data is not None and binary:
        raise TensorError(f"{len(binary):,} bytes follow the JSON, but no input asks for them with binary_data_size.")
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
    at = 0
    while at < len(binary):
        if [len(texts)] == tensor.shape[:1]:
            raise TensorError(f"The input has shape {tensor.shape}, but its bytes hold more elements.")
        end = at + 4 + int.from_bytes(binary[at : at + 4], "little")
        if at + 4 > len(binary) or end > len(binary):
            raise TensorError(f"Element {len(texts)} of the input is longer than the bytes that are left.")
        try:
            texts.append(binary[at + 4 : end].decode())
        except UnicodeDecodeError:
            raise TensorError(f"Element {len(texts)} of the input is not UTF-8.") from None
        at = end
    return texts


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that the caller asked for."""

    name: str
    binary: bool
    classes: int
    """0: the tensor itself; else so many of its largest values, as the classification extension writes them."""

    @property
    def datatype(self) -> str:
        """BYTES for texts, FP32 for numbers."""
        return "BYTES" if self.classes or self.name in ("topic", "abstained") else "FP32"


def wanted(query: InferRequest, topics: int) -> list[Wanted]:
    """The outputs to give, in the order asked for; raises TensorError for one that the model cannot give."""
    default = query.parameters.binary_data_output if query.parameters else False
    if not query.outputs:
        return [Wanted("topic", default, 0), Wanted("probability", default, 0)]
    names = [one.name for one in tensors(topics)[1]]
    found: dict[str, Wanted] = {}
    for one in query.outputs:
        if one.name not in names:
            raise TensorError(f"The model has no output {quoted(one.name)}; it has {', '.join(names)}.")
        if one.name in found:
            # Else a request of a few kilobytes could ask for an answer of any size.
            raise TensorError(f"The output {one.name!r} is asked for twice; ask for each output once.")
        classes = one.parameters.classification if one.parameters else 0
        if classes and one.name != "probabilities":
            raise TensorError(f"Only 'probabilities' can be asked for as a classification, not {one.name!r}.")
        if classes > topics:
            raise TensorError(f"The classification parameter runs from 1 to {topics}, and is {classes}.")
        binary = one.parameters.binary_data if one.parameters else None
        found[one.name] = Wanted(one.name, default if binary is None else binary, classes)
    return list(found.values())


def top_k(outputs: Sequence[Wanted], topics: int) -> int:
    """How many topics a text the outputs need."""
    return max((one.classes or topics if one.name == "probabilities" else 1) for one in outputs)


def elements(one: Wanted, results: Sequence[Classification], topics: Sequence[Topic]) -> bytes:
    """An output's elements for a part of the texts: binary, or JSON values with commas between them.

    A headline without a known word has topic "", probability 0, and zeros for probabilities.
    """
    values: list[str] | list[float]
    match one.name:
        case "topic":
            values = [topics[result.labels[0]].code if result.labels else "" for result in results]
        case "probability":
            values = [result.probabilities[0] if result.probabilities else 0.0 for result in results]
        case "abstained":
            values = [str(result.abstained or "") for result in results]
        case _ if one.classes:
            values = [text for result in results for text in _classes(result, one.classes, topics)]
        case _:
            dense = np.zeros((len(results), len(topics)))
            for row, result in zip(dense, results, strict=True):
                row[result.labels] = result.probabilities
            values = dense.ravel().tolist()
    return _binary(values) if one.binary else to_json(values)[1:-1]


def tensor(one: Wanted, texts: int, topics: int, parts: Sequence[bytes]) -> tuple[bytes, bytes]:
    """An output as the response has it, from its `elements`: its JSON, and the bytes that follow the JSON if binary."""
    shape = [texts] if one.name != "probabilities" else [texts, one.classes or topics]
    described: dict[str, Any] = {"name": one.name, "shape": shape, "datatype": one.datatype}
    if not one.binary:
        return to_json(described)[:-1] + b',"data":[' + b",".join(parts) + b"]}", b""
    binary = b"".join(parts)
    return to_json(described | {"parameters": {"binary_data_size": len(binary)}}), binary


def _classes(result: Classification, count: int, topics: Sequence[Topic]) -> list[str]:
    """`value:index:label` of the largest values; nine digits are enough for every float32."""
    if not result.labels:
        return [""] * count
    pairs = zip(result.probabilities[:count], result.labels[:count], strict=True)
    return [f"{value:.9g}:{label}:{topics[label].code}" for value, label in pairs]


def _binary(values: Sequence[str] | Sequence[float]) -> bytes:
    if values and isinstance(values[0], str):
        encoded = [text.encode() for text in cast(Sequence[str], values)]
        return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)
    return np.asarray(values, "<f4").tobytes()
