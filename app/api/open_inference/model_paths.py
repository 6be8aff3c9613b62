"""Paths of models in the Open Inference Protocol, with or without a version, and the model that a path names."""

from collections.abc import Mapping
from typing import Any

from app.classifier.manifest import SLUG
from app.serving.served_model import ServedModel
from app.serving.service import Service

TAG = "open-inference"


def _path_parameter(name: str) -> dict[str, Any]:
    described = f"{name.capitalize()} of the model, from its manifest."
    if name == "name":
        described += " Without a version in the path: the first model of GET /model with this name."
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": described,
        "schema": {"type": "string", "pattern": SLUG},
    }


MODEL_PATHS = {
    "/v2/models/{name}": ("model", "a model", [_path_parameter("name")]),
    "/v2/models/{name}/versions/{version}": (
        "modelVersion",
        "a model version",
        [_path_parameter("name"), _path_parameter("version")],
    ),
}
"""Path prefixes of the model routes, with their part in operation ids, their name in summaries, and parameters."""


def served_model(service: Service, path_params: Mapping[str, str]) -> ServedModel:
    """The model that the path names; raises UnknownModelError if this service does not have it."""
    return service.model("/".join([path_params[part] for part in ("name", "version") if part in path_params]))
