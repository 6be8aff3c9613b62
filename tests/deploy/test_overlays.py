"""Services, monitors, policies and autoscalers match the pods, the metrics and the alerts."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings, load_settings
from tests.deploy.manifests import FOLDER, Manifest, container, pod, pod_template, settings, the, written
from tests.server import ROOT


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


def test_production_has_replicas_keys_metrics_policy_and_budget(production: list[Manifest]):
    kinds = {manifest["kind"] for manifest in production}
    assert kinds == {
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "Ingress",
        "ServiceMonitor",
    }


def test_ingress_leads_to_the_service_over_https_with_the_services_limits(production: list[Manifest]):
    ingress, service = the("Ingress", production), the("Service", production)
    [rule] = ingress["spec"]["rules"]
    [path] = rule["http"]["paths"]
    ports = {one["name"] for one in service["spec"]["ports"]} - {"metrics"}
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] in ports
    [tls] = ingress["spec"]["tls"]
    assert tls["hosts"] == [rule["host"]]
    limits = ingress["metadata"]["annotations"]
    chosen = settings(the("Deployment", production))
    assert int(limits["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m")) * 2**20 == chosen.max_body_bytes
    assert float(limits["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > chosen.deadline_seconds


def test_metrics_are_on_a_port_of_their_own_for_prometheus_alone(production: list[Manifest]):
    deployment, service = the("Deployment", production), the("Service", production)
    ports = {one["name"]: one["containerPort"] for one in container(deployment)["ports"]}
    assert ports["metrics"] == settings(deployment).metrics_port
    [endpoint] = the("ServiceMonitor", production)["spec"]["endpoints"]
    targets = {one["name"]: one["targetPort"] for one in service["spec"]["ports"]}
    assert ports[targets[endpoint["port"]]] == ports["metrics"]
    selected = the("ServiceMonitor", production)["spec"]["selector"]["matchLabels"]
    assert selected.items() <= service["metadata"]["labels"].items()
    assert endpoint["path"] == "/metrics"
    policy = the("NetworkPolicy", production)["spec"]
    [allowed] = [one["from"] for one in policy["ingress"] if one["ports"][0]["port"] == "metrics"]
    assert allowed == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert "Prometheus in the namespace `monitoring`" in (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert {port["port"] for one in policy["ingress"] for port in one["ports"]} == ports.keys()
    assert policy["egress"] == []


def test_job_in_the_alerts_is_the_name_of_the_service(overlay: list[Manifest]):
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
    """Metric types by name."""
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
