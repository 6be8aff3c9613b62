"""Pods of the base, the overlays and the InferenceService match the code and the Dockerfile."""

import json
import re
from pathlib import Path

from starlette.testclient import TestClient

from app import VERSION
from app.main import create_app
from app.server.command.memory import connections_bytes
from app.server.http.bounded_connection import ARRIVAL_SECONDS, FRESH_SECONDS
from app.settings import Settings, load_settings
from tests.deploy.manifests import BASE, FOLDER, KSERVE, Manifest, container, environment, pod, settings, written
from tests.server import ROOT

MIB = 1024 * 1024


def test_environment_is_settings_that_the_code_accepts(workload: Manifest):
    chosen = settings(workload)
    assert chosen.workers == 1


def test_every_setting_named_under_deploy_exists():
    found = {
        name
        for file in (ROOT / "deploy").rglob("*")
        if file.is_file()
        for name in re.findall(r"\bTOPICS_([A-Z_]+)\b", file.read_text("utf-8"))
    }
    known = {name.upper() for name in Settings.model_fields}
    invented = {"PORT"}  # what Kubernetes would set for a Service, in the comment about it
    assert found - known == invented
    assert "DRAIN_SECONDS" in found


def test_probes_ask_paths_that_exist_on_the_port_that_the_image_serves(workload: Manifest, tiny_bundle: Path):
    ports = {one["name"]: one["containerPort"] for one in container(workload)["ports"]}
    [exposed] = re.findall(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    probes = {name: value["httpGet"] for name, value in container(workload).items() if name.endswith("Probe")}
    with TestClient(create_app(load_settings(model=tiny_bundle, api_keys="a key", access_log=False))) as client:
        for name, asked in probes.items():
            assert ports.get(asked["port"], asked["port"]) == int(exposed)
            assert client.get(asked["path"]).status_code == 200
            assert asked["path"].endswith("live" if name == "livenessProbe" else "ready")
        client.app.state.service.begin_draining()
        refused = {name for name, asked in probes.items() if client.get(asked["path"]).status_code == 503}
    assert refused == probes.keys() - {"livenessProbe"}
    assert {"livenessProbe", "readinessProbe"} <= probes.keys()


def test_grace_is_longer_than_all_that_may_happen_after_the_signal(workload: Manifest):
    chosen = settings(workload)
    sleep = container(workload)["lifecycle"]["preStop"]["sleep"]["seconds"]
    longest = sleep + chosen.drain_seconds + FRESH_SECONDS + ARRIVAL_SECONDS + chosen.deadline_seconds
    grace = pod(workload)["terminationGracePeriodSeconds"]
    assert longest < grace < longest + 10


def test_base_says_the_drain_that_it_counts_on():
    """The value equals the default, and is stated because the grace period depends on it."""
    assert float(environment(BASE)["TOPICS_DRAIN_SECONDS"]) == Settings.model_fields["drain_seconds"].default


def test_pod_runs_as_the_images_user_who_may_do_nothing(workload: Manifest):
    [(user, group)] = re.findall(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    outer, inner = pod(workload)["securityContext"], container(workload)["securityContext"]
    assert (outer["runAsNonRoot"], outer["runAsUser"], outer["runAsGroup"]) == (True, int(user), int(group))
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod(workload)["automountServiceAccountToken"] is False
    assert pod(workload)["enableServiceLinks"] is False


def test_the_only_writable_place_is_the_images_temporary_folder(workload: Manifest):
    [temporary] = re.findall(r"\bTMPDIR=(\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    writable = [one for one in container(workload)["volumeMounts"] if not one.get("readOnly")]
    assert [one["mountPath"] for one in writable] == [temporary]
    [volume] = [one for one in pod(workload)["volumes"] if one["name"] == writable[0]["name"]]
    assert volume["emptyDir"]["medium"] == "Memory"
    assert volume["emptyDir"]["sizeLimit"]


def test_rolling_update_never_has_fewer_pods_than_replicas(workload: Manifest):
    strategy = workload["spec"]["strategy"] if workload["kind"] == "Deployment" else pod(workload)["deploymentStrategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_image_is_this_version(workload: Manifest):
    if workload is BASE:
        [image] = written(FOLDER / "base" / "kustomization.yaml")["images"]
        assert f"{image['name']}:{image['newTag']}" == f"reuters-topics:{VERSION}"
    else:
        assert container(workload)["image"] == f"reuters-topics:{VERSION}"


def test_inference_service_has_the_name_that_the_path_wants():
    manifest = json.loads((load_settings().model[0] / "manifest.json").read_text("utf-8"))
    assert KSERVE["metadata"]["name"] == manifest["name"]
    assert environment(KSERVE)["PROTOCOL"] == "v2"


def test_memory_limit_holds_all_that_connections_may_make_the_process_hold(workload: Manifest):
    """The sum of the bounds in app/server/http/connections.py; tests/operation/test_memory.py measures attacks."""
    process = 100 * MIB  # README: 104 MB
    limit = container(workload)["resources"]["limits"]["memory"]
    most = process + connections_bytes(settings(workload).max_body_bytes)
    assert most < int(limit.removesuffix("Mi")) * MIB
    assert limit == "512Mi"


def test_kserve_and_deployment_ask_for_the_same_resources():
    assert container(KSERVE)["resources"] == container(BASE)["resources"]
