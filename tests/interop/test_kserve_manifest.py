"""The example InferenceService, read by KServe's own Python model of it."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT

MANIFEST = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "kserve" / "inference-service.yaml").read_text("utf-8"))


def check(interop: Path, manifest: object) -> str:
    """The error that the model reports."""
    script = Path(__file__).parent / "asking" / "kserve_manifest.py"
    done = subprocess.run(
        [interop / "python", script], input=json.dumps(manifest), capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return done.stderr.strip()


def test_inference_service_is_valid_for_kserve(interop: Path):
    assert check(interop, MANIFEST) == ""


@pytest.mark.parametrize(
    ("field", "value"), [("minReplica", 1), ("minReplicas", "1"), ("containers", [{"image": "x"}])]
)
def test_kserve_refuses_what_is_wrong(interop: Path, field: str, value: object):
    wrong = MANIFEST | {"spec": {"predictor": MANIFEST["spec"]["predictor"] | {field: value}}}
    assert check(interop, wrong) != ""
