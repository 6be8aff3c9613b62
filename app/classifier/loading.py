"""Loads a bundle's classifier, with its network in the NumPy or the Keras runtime."""

from pathlib import Path
from typing import Literal

from app.classifier.bundle import Bundle, load_bundle
from app.classifier.classifier import TopicClassifier
from app.classifier.errors import BundleError
from app.classifier.networks.dense_network import Network
from app.classifier.networks.keras_network import read_keras_network
from app.classifier.networks.weights import read_network

Runtime = Literal["numpy", "keras"]


def load_classifier(
    path: Path, runtime: Runtime = "numpy", min_probability: float = 0.0, outside_threshold: float | None = None
) -> TopicClassifier:
    """Load a bundle and make its classifier; raises BundleError if the bundle is invalid."""
    return build_classifier(load_bundle(path), runtime, min_probability, outside_threshold)


def build_classifier(
    bundle: Bundle, runtime: Runtime, min_probability: float, outside_threshold: float | None = None
) -> TopicClassifier:
    """Make a bundle's network and classifier; raises BundleError if they do not reproduce the golden headlines."""
    layers = bundle.manifest.network
    network: Network
    if runtime == "keras":
        network = read_keras_network(bundle.model, bundle.model_path, bundle.manifest.output)
        if (bundle.manifest.outside or bundle.manifest.multi_label) and not network.linear:
            raise BundleError(
                f"{bundle.model_path}: an outside class, or several labels for a text, need a model whose last layer is"
                f" dense with {bundle.manifest.output}; train the bundle again."
            )
    elif layers is None:
        raise BundleError(f"{bundle.path}: is not a stack of dense layers; set TOPICS_RUNTIME=keras to serve it.")
    else:
        network = read_network(bundle.model, layers, bundle.model_path, bundle.manifest.output)
    return TopicClassifier(bundle, network, min_probability, outside_threshold)
