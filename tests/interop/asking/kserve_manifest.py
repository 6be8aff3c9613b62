"""Reads InferenceServices with KServe's own model of them; run by tests/interop/test_kserve_manifest.py."""

import json
import re
import sys
from typing import Any

import kserve.models
import kubernetes.client


def model(name: str) -> Any:
    """KServe's class of a name, else Kubernetes'; None for a plain type."""
    name = re.sub("^K8sIoApi(Apps|Core)", "", name)  # KServe 0.21 uses this form for some Kubernetes classes
    return getattr(kserve.models, name, None) or getattr(kubernetes.client, name, None)


def check(value: Any, kind: str, where: str) -> None:
    """Raises ValueError for a field that the class does not know, or a value that it refuses."""
    if many := re.fullmatch(r"(?:list\[|dict[\[(]str, )(.*)[\])]", kind, re.IGNORECASE):
        for key, one in enumerate(value) if isinstance(value, list) else value.items():
            check(one, many[1], f"{where}[{key}]")
        return
    cls = model(kind)
    if cls is None:
        expected = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object}[kind]
        if not isinstance(value, expected):
            raise ValueError(f"{where}: {value!r} is not {kind}")
        return
    names = {theirs: ours for ours, theirs in cls.attribute_map.items()}
    for theirs, one in value.items():
        if theirs not in names:
            raise ValueError(f"{where}.{theirs}: {kind} has no such field")
        check(one, cls.openapi_types[names[theirs]], f"{where}.{theirs}")
    cls(**{names[theirs]: one for theirs, one in value.items()})  # raises if a required field is missing


def error(manifest: Any) -> str | None:
    """Why KServe would refuse it, if so."""
    try:
        check(manifest, "V1beta1InferenceService", "InferenceService")
    except ValueError as refusal:
        return str(refusal)
    return None


print(json.dumps([error(manifest) for manifest in json.load(sys.stdin)]))
