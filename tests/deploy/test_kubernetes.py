"""The manifests: valid for every Kubernetes that they are for, and equal to what the code says.

Bases and components are read as they are; overlays are rendered by kubectl, and those tests skip where it is missing or
too old. A CustomResourceDefinition's schema is its operator's, so a ServiceMonitor is only held to the Service that it
selects, and an InferenceService's pod to a Pod's schema (the rest of it: tests/interop/test_kserve_manifest.py).
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app import VERSION
from app.main import create_app
from app.protocol import ARRIVAL_SECONDS, FRESH_SECONDS
from app.settings import Settings, load_settings
from tests.server import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("single", "production")
CUSTOM = {"ServiceMonitor", "InferenceService"}
VERSIONS = ("1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""1.30 is the oldest that knows a preStop that sleeps; these are what kubernetes-validate checks past their end."""

Manifest = dict[str, Any]


@cache
def renders() -> bool:
    """Whether kubectl is here, with a kustomize that knows components and labels."""
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


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(FOLDER / "overlays" / request.param)


@pytest.fixture
def production() -> list[Manifest]:
    return rendered(FOLDER / "overlays" / "production")


def the(kind: str, manifests: list[Manifest]) -> Manifest:
    [one] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return one


def pod(workload: Manifest) -> Manifest:
    """The pod's spec."""
    return workload["spec"]["predictor"] if workload["kind"] == "InferenceService" else pod_template(workload)["spec"]


def pod_template(deployment: Manifest) -> Manifest:
    return deployment["spec"]["template"]


def container(workload: Manifest) -> Manifest:
    [one] = pod(workload)["containers"]
    return one


def environment(workload: Manifest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(workload)["env"]}


def settings(workload: Manifest) -> Settings:
    """What the service would read from it; raises SettingsError if that cannot be."""
    given = {name[7:].lower(): value for name, value in environment(workload).items() if name.startswith("TOPICS_")}
    assert set(given) <= set(Settings.model_fields)
    return load_settings(**given)


# Valid


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
        assert settings(deployment).model.is_relative_to("/bundles")


def test_manifests_that_need_no_rendering_are_valid():
    """So that something is checked where there is no kubectl."""
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


# Equal to the code


@pytest.fixture(params=["base", *OVERLAYS, "kserve"])
def workload(request: pytest.FixtureRequest) -> Manifest:
    if request.param == "base":
        return BASE
    if request.param == "kserve":
        return KSERVE
    return the("Deployment", rendered(FOLDER / "overlays" / request.param))


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
        client.app.state.service.phase = "draining"
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
    """It is the code's default, written out because the grace period beside it depends on it."""
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


def test_a_rolling_update_never_has_less_than_all(workload: Manifest):
    strategy = workload["spec"]["strategy"] if workload["kind"] == "Deployment" else pod(workload)["deploymentStrategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_image_is_this_version(workload: Manifest):
    if workload is BASE:
        [image] = written(FOLDER / "base" / "kustomization.yaml")["images"]
        assert f"{image['name']}:{image['newTag']}" == f"reuters-topics:{VERSION}"
    else:
        assert container(workload)["image"] == f"reuters-topics:{VERSION}"


def test_selectors_find_the_pods(overlay: list[Manifest]):
    labels = pod_template(the("Deployment", overlay))["metadata"]["labels"]
    selectors = [the("Service", overlay)["spec"]["selector"]]
    for manifest in overlay:
        if manifest["kind"] in ("Deployment", "PodDisruptionBudget"):
            selectors.append(manifest["spec"]["selector"]["matchLabels"])
        if manifest["kind"] == "NetworkPolicy":
            selectors.append(manifest["spec"]["podSelector"]["matchLabels"])
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


def test_service_leads_to_ports_that_the_container_has(overlay: list[Manifest]):
    names = {one["name"] for one in container(the("Deployment", overlay))["ports"]}
    assert {one["targetPort"] for one in the("Service", overlay)["spec"]["ports"]} == names


def test_production_has_all_that_the_issue_asks_for(production: list[Manifest]):
    kinds = {manifest["kind"] for manifest in production}
    assert kinds == {
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "ServiceMonitor",
    }


def test_metrics_are_on_a_port_of_their_own_for_prometheus_alone(production: list[Manifest]):
    deployment, service = the("Deployment", production), the("Service", production)
    ports = {one["name"]: one["containerPort"] for one in container(deployment)["ports"]}
    assert ports["metrics"] == settings(deployment).metrics_port
    [endpoint] = the("ServiceMonitor", production)["spec"]["endpoints"]
    assert endpoint["port"] in {one["name"] for one in service["spec"]["ports"]}
    selected = the("ServiceMonitor", production)["spec"]["selector"]["matchLabels"]
    assert selected.items() <= service["metadata"]["labels"].items()
    assert endpoint["path"] == "/metrics"
    policy = the("NetworkPolicy", production)["spec"]
    assert {one["ports"][0]["port"]: one["from"] for one in policy["ingress"]}["metrics"] != [{"namespaceSelector": {}}]
    assert {port["port"] for one in policy["ingress"] for port in one["ports"]} == ports.keys()
    assert policy["egress"] == []


def test_alerts_know_the_job_by_the_services_name(overlay: list[Manifest]):
    alerts = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    assert f'job="{the("Service", overlay)["metadata"]["name"]}"' in alerts


def test_keys_come_from_a_secret_that_the_user_can_read(production: list[Manifest]):
    deployment = the("Deployment", production)
    file = settings(deployment).api_keys_file
    [mount] = [one for one in container(deployment)["volumeMounts"] if one["mountPath"] == str(file.parent)]
    [volume] = [one for one in pod(deployment)["volumes"] if one["name"] == mount["name"]]
    assert mount["readOnly"] is True
    assert volume["secret"]["defaultMode"] == 0o440
    assert pod(deployment)["securityContext"]["fsGroup"] == pod(deployment)["securityContext"]["runAsGroup"]
    told = (FOLDER / "overlays" / "production" / "kustomization.yaml").read_text("utf-8")
    assert f"secret generic {volume['secret']['secretName']} --from-file={file.name}=" in told


def test_autoscaler_scales_the_deployment_within_what_stays_up(production: list[Manifest]):
    scaler, deployment = the("HorizontalPodAutoscaler", production)["spec"], the("Deployment", production)
    assert scaler["scaleTargetRef"] == {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": deployment["metadata"]["name"],
    }
    assert "replicas" not in deployment["spec"]
    assert scaler["minReplicas"] > the("PodDisruptionBudget", production)["spec"]["maxUnavailable"] + 1
    # Utilization is a share of the request; a worker cannot use more than one core.
    assert container(deployment)["resources"]["requests"]["cpu"] == "1"


@pytest.fixture(scope="module")
def exposed_metrics(tiny_bundle: Path) -> Mapping[str, str]:
    """Types by name."""
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False))) as client:
        text = client.get("/metrics").text
    return {family.name: family.type for family in text_string_to_metric_families(text)}


def scaled_metrics() -> Iterator[Manifest]:
    component = FOLDER / "components" / "scale-on-headlines"
    [patch] = written(component / "kustomization.yaml")["patches"]
    for operation in yaml.safe_load(patch["patch"]):
        yield operation["value"]["pods"]


def test_scaling_on_headlines_asks_for_a_gauge_that_exists_and_starts_before_refusing(
    exposed_metrics: Mapping[str, str],
):
    [scaled] = scaled_metrics()
    name = scaled["metric"]["name"]
    assert exposed_metrics[name] == "gauge"
    adapter = (FOLDER / "components" / "scale-on-headlines" / "prometheus-adapter.yaml").read_text("utf-8")
    [rule] = yaml.safe_load(adapter)["rules"]["custom"]
    assert rule["seriesQuery"].startswith(name + "{")
    assert int(scaled["target"]["averageValue"]) * 5 == Settings.model_fields["max_in_flight"].default


def test_inference_service_has_the_name_that_the_path_wants():
    manifest = json.loads((load_settings().model / "manifest.json").read_text("utf-8"))
    assert KSERVE["metadata"]["name"] == manifest["name"]
    assert environment(KSERVE)["PROTOCOL"] == "v2"


def test_kserve_and_deployment_ask_for_the_same_resources():
    assert container(KSERVE)["resources"] == container(BASE)["resources"]
