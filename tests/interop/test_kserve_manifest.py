"""The example InferenceService, read by KServe's own Python model of it."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT

MANIFEST = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "kserve" / "inference-service.yaml").read_text("utf-8"))


WRONG = [("minReplica", 1), ("minReplicas", "1"), ("containers", [{"image": "x"}])]


def changed(field: str, value: object) -> dict[str, object]:
    return MANIFEST | {"spec": {"predictor": MANIFEST["spec"]["predictor"] | {field: value}}}


@pytest.fixture(scope="module")
def errors(interop: Path) -> list[str | None]:
    """KServe's error for the manifest, then for each wrong one; one process, because it takes seconds to start."""
    script = Path(__file__).parent / "asking" / "kserve_manifest.py"
    manifests = json.dumps([MANIFEST, *(changed(*wrong) for wrong in WRONG)])
    done = subprocess.run([interop / "python", script], input=manifests, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_inference_service_is_valid_for_kserve(errors: list[str | None]):
    assert errors[0] is None


def test_kserve_refuses_what_is_wrong(errors: list[str | None]):
    assert len(errors) == 1 + len(WRONG)
    assert all(errors[1:]), errors
