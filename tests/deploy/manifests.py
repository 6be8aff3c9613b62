"""Loads the manifests, and overlays rendered by kubectl."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings, load_settings
from tests.server import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("single", "production")
Manifest = dict[str, Any]


@cache
def renders() -> bool:
    """Whether kubectl is installed, with a kustomize that supports components and labels."""
    if shutil.which("kubectl") is None:
        return False
    done = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, check=False)
    version = json.loads(done.stdout or b"{}").get("kustomizeVersion", "v0")
    return int(re.match(r"v(\d+)", version)[1]) >= 5


@cache
def rendered(folder: Path) -> list[Manifest]:
    if not renders():
        pytest.skip("kubectl with kustomize 5 is not installed")
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def written(file: Path) -> Manifest:
    return yaml.safe_load(file.read_text("utf-8"))


BASE = written(FOLDER / "base" / "deployment.yaml")
KSERVE = written(FOLDER / "kserve" / "inference-service.yaml")


def the(kind: str, manifests: list[Manifest]) -> Manifest:
    [one] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return one


def pod(workload: Manifest) -> Manifest:
    """The PodSpec of a workload."""
    return workload["spec"]["predictor"] if workload["kind"] == "InferenceService" else pod_template(workload)["spec"]


def pod_template(deployment: Manifest) -> Manifest:
    return deployment["spec"]["template"]


def container(workload: Manifest) -> Manifest:
    [one] = pod(workload)["containers"]
    return one


def environment(workload: Manifest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(workload)["env"]}


def settings(workload: Manifest) -> Settings:
    """The settings a container would read, without the key file; raises SettingsError if they are invalid."""
    given = {name[7:].lower(): value for name, value in environment(workload).items() if name.startswith("TOPICS_")}
    assert set(given) <= set(Settings.model_fields)
    return load_settings(serving=False, **given)
