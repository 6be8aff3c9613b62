"""Export to ONNX: a graph of the dense layers, multi-hot in, calibrated probabilities out, with the outside class."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.classifier import Bundle
from app.classifier.calibration import MAX_CONFIDENCE
from app.classifier.manifest import Calibration, Outside
from app.classifier.networks.dense_network import Dense
from app.classifier.networks.weights import read_network
from training.errors import OutputError

OPSET = 17
IR_VERSION = 8
"""Versions of 2022: the runtimes in use support them, and they have every operator used here."""

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def write_onnx(bundle: Bundle, path: Path) -> None:
    """Write a model with input `multi_hot`, float32 [n, size], and output `probabilities`, float32 [n, topics].

    Where the outside class or the temperature needs it, there is a second input, `oov_share`, float32 [n]: each text's
    share of words without an id of their own. With an outside class there is a second output, `outside`, float32 [n];
    if a text may have several labels, `topic_set`, bool [n, topics]: whether it has each.

    The graph is built node by node, because it has few nodes. Keras's `model.export(format="onnx")` uses tf2onnx, which
    needs TensorFlow and does not support Log1p: it logged that and wrote a file that no runtime loads.

    Raises:
        OutputError: the model is not a stack of dense layers.
    """
    manifest = bundle.manifest
    if manifest.network is None:
        raise OutputError(f"{bundle.path}: is not a stack of dense layers; export it as a saved_model.")
    graph = _Graph()
    topics = len(manifest.topics)
    layers = read_network(bundle.model, manifest.network, bundle.model_path, manifest.output).layers
    logits = units = graph.dense("multi_hot", layers)
    inputs = [helper.make_tensor_value_info("multi_hot", TensorProto.FLOAT, ["n", manifest.encoding.size])]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", topics])]
    shares = ""
    if manifest.outside is not None or (manifest.calibration and manifest.calibration.unknown_slope):
        inputs.append(helper.make_tensor_value_info("oov_share", TensorProto.FLOAT, ["n"]))
        shares = graph.node("Unsqueeze", "oov_share", graph.constant("column", np.array([1], np.int64)))
    if manifest.outside is not None:
        sizes = graph.constant("sizes", np.array([topics, 1], np.int64))
        logits, units = graph.split(units, sizes)
    if manifest.calibration is not None:
        logits = _divided(graph, manifest.calibration, logits, shares)
    if manifest.multi_label is None:
        graph.node("Softmax", logits, output="probabilities", axis=1)
    else:
        graph.node("Sigmoid", logits, output="probabilities")
        thresholds = graph.constant("thresholds", np.array(manifest.multi_label.thresholds, np.float32))
        graph.node("GreaterOrEqual", "probabilities", thresholds, output="topic_set")
        outputs.append(helper.make_tensor_value_info("topic_set", TensorProto.BOOL, ["n", topics]))
    if manifest.outside is not None:
        _add_outside(graph, manifest.outside, units, shares)
        outputs.append(helper.make_tensor_value_info("outside", TensorProto.FLOAT, ["n"]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            f"{manifest.name}-{manifest.version}",
            inputs,
            outputs,
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="reuters-topics",
    )
    codes = ",".join(topic.code for topic in manifest.topics)
    listed = json.dumps([topic.code for topic in manifest.topics], ensure_ascii=False)
    helper.set_model_props(
        model, {"topics": codes, "labels": listed, "bundle": bundle.digest, "encoding": str(manifest.encoding)}
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _divided(graph: "_Graph", calibration: Calibration, logits: str, shares: str) -> str:
    """Logits divided by exp(intercept + gap_slope * log(1 + gap) + unknown_slope * share), as in `temperatures`."""
    best, mean = (graph.node(f"Reduce{kind}", logits, axes=[1], keepdims=1) for kind in ("Max", "Mean"))
    log_gap = graph.node("Log", graph.node("Add", graph.node("Sub", best, mean), graph.scalar("one", 1.0)))
    sloped = graph.node("Mul", log_gap, graph.scalar("gap_slope", calibration.gap_slope))
    shifted = graph.node("Add", sloped, graph.scalar("intercept", calibration.intercept))
    if calibration.unknown_slope:
        slope = graph.scalar("unknown_slope", calibration.unknown_slope)
        shifted = graph.node("Add", shifted, graph.node("Mul", shares, slope))
    return graph.node("Div", logits, graph.node("Exp", shifted))


def _add_outside(graph: "_Graph", outside: Outside, score: str, shares: str) -> None:
    """Add the output `outside`, as in `regression` of app.classifier.calibration."""
    best = graph.node("ReduceMax", "probabilities", axes=[1], keepdims=1)
    capped = graph.node("Min", best, graph.scalar("cap", MAX_CONFIDENCE))
    odds = graph.node("Div", capped, graph.node("Sub", graph.scalar("whole", 1.0), capped))
    total = graph.scalar("outside_intercept", outside.intercept)
    weights = {"score": outside.score, "confidence": outside.confidence, "unknown": outside.unknown}
    for (name, weight), value in zip(weights.items(), (score, graph.node("Log", odds), shares), strict=True):
        total = graph.node("Add", total, graph.node("Mul", value, graph.scalar(f"outside_{name}", weight)))
    column = graph.constant("outside_column", np.array([1], np.int64))
    graph.node("Squeeze", graph.node("Sigmoid", total), column, output="outside")


class _Graph:
    """Nodes and constants of a graph, in order."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def dense(self, value: str, layers: list[Dense]) -> str:
        """Add dense layers on top of a value; gives the name of the last output."""
        if layers[0].unit_length:  # all values are 0 or 1, so the sum of squares is the sum
            ones = self.node("ReduceSum", value, self.constant("features", np.array([1], np.int64)), keepdims=1)
            value = self.node("Div", value, self.node("Sqrt", self.node("Max", ones, self.scalar("least", 1.0))))
        for number, layer in enumerate(layers):
            kernel = self.constant(f"kernel_{number}", layer.kernel)
            value = self.node("Gemm", value, kernel, self.constant(f"bias_{number}", layer.bias))
            if layer.activation != "linear":
                value = self.node(_ACTIVATIONS[layer.activation], value)
        return value

    def node(self, kind: str, *inputs: str, output: str | None = None, **attributes: object) -> str:
        """Add an operation; gives the name of its output."""
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def split(self, value: str, sizes: str) -> tuple[str, str]:
        """Split a value's columns in two; gives the names of both."""
        names = (f"{value}_left", f"{value}_right")
        self.nodes.append(helper.make_node("Split", [value, sizes], list(names), axis=1))
        return names

    def constant(self, name: str, value: np.ndarray[Any, Any]) -> str:
        """Add a constant; gives its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, name: str, value: float) -> str:
        """Add a float32 scalar; gives its name."""
        return self.constant(name, np.array(value, np.float32))
