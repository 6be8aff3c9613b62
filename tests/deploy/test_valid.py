"""The manifests are valid for every supported Kubernetes version.

A CustomResourceDefinition's schema is its operator's. So a ServiceMonitor is only held to the Service that it selects
(test_overlays.py), and an InferenceService's pod to a Pod's schema; tests/interop/test_kserve_manifest.py has the rest.
"""

import re
import shutil
from pathlib import Path

import kubernetes_validate
import pytest

from tests.deploy.manifests import FOLDER, KSERVE, Manifest, container, rendered, settings, the, written

CUSTOM = {"ServiceMonitor", "InferenceService"}
VERSIONS = ("1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""1.30 is the first version with a sleeping preStop hook."""


@pytest.mark.parametrize("version", VERSIONS)
def test_overlay_is_valid(overlay: list[Manifest], version: str):
    for manifest in overlay:
        if manifest["kind"] not in CUSTOM:
            assert kubernetes_validate.validate(manifest, version, strict=True) == version


@pytest.mark.parametrize("component", ["bundle-volume", "scale-on-headlines"])
def test_production_with_a_component_is_valid(component: str, tmp_path: Path):
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    file = tmp_path / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    text = file.read_text("utf-8")
    line = rf"^#   - (\.\./\.\./components/{component}) .*$"
    assert re.search(line, text, re.MULTILINE), "the overlay offers it"
    file.write_text(re.sub(line, r"  - \1", text, flags=re.MULTILINE).replace("# components:", "components:"), "utf-8")
    manifests = rendered(file.parent)
    for manifest in manifests:
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    assert manifests != rendered(FOLDER / "overlays" / "production")
    if component == "bundle-volume":
        deployment = the("Deployment", manifests)
        mounts = {one["mountPath"]: one for one in container(deployment)["volumeMounts"]}
        assert mounts["/bundles"]["readOnly"] is True
        assert all(folder.is_relative_to("/bundles") for folder in settings(deployment).model)


def test_manifests_that_need_no_rendering_are_valid():
    """Checked even without kubectl."""
    folder = FOLDER / "overlays" / "production"
    names = ("horizontal-pod-autoscaler", "network-policy", "pod-disruption-budget")
    for file in [FOLDER / "base" / "service.yaml", *(folder / f"{name}.yaml" for name in names)]:
        kubernetes_validate.validate(written(file), VERSIONS[-1], strict=True)


def test_validation_finds_a_misspelt_field():
    manifest = written(FOLDER / "base" / "service.yaml")
    manifest["spec"]["ports"][0]["tragetPort"] = "http"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_inference_services_pod_is_a_valid_pod():
    theirs = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "deploymentStrategy"}
    spec = {name: value for name, value in KSERVE["spec"]["predictor"].items() if name not in theirs}
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}, VERSIONS[-1], strict=True
    )
