"""The dashboard uses metrics that exist, is provisioned by compose, and its alerts link to the runbook."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings
from tests.prometheus import DASHBOARD, expressions, panels, rules, selectors
from tests.server import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
SUBJECTS = {
    "requests": "http_requests_total",
    "latency": "http_request_duration_seconds_bucket",
    "refusals": "topics_rejected_total",
    "in flight": "topics_in_flight",
    "topics": "topics_predictions_total",
    "outside": "topics_outside_sum",
    "abstained": "topics_abstained_total",
    "drift of topics": "topics_topic_drift_psi",
    "drift of unknown words": "topics_unknown_word_drift_psi",
    "drift of outside": "topics_outside_drift_psi",
    "unknown words": "topics_unknown_word_ratio_sum",
    "headlines by model": "topics_model_headlines_total",
    "confidence by model": "topics_model_confidence_sum",
    "abstained by model": "topics_model_abstained_total",
    "agreement of the shadow": "topics_shadow_agreed_total",
    "headlines that the shadow left out": "topics_shadow_dropped_total",
    "workers": "topics_workers",
    "memory": "topics_memory_bytes",
}


@pytest.fixture(scope="module")
def exposed(tiny_bundle: Path) -> set[str]:
    """Names of all samples."""
    with TestClient(
        create_app(load_settings(model=tiny_bundle, shadow=tiny_bundle, access_log=False, max_batch=1))
    ) as client:
        client.post("/predict", json={"headline": "qwertyuiop"})
        client.post("/predict/batch", json={"headlines": ["Oil prices rise"] * 2})
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    return {"up", *(sample.name for family in families for sample in family.samples)} | {
        family.name for family in families
    }


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_panel_uses_metrics_that_exist_and_describes_itself(panel: dict, exposed: set[str]):
    assert panel["description"].endswith(".")
    for expression in expressions(panel):
        names = selectors(expression)
        assert names
        assert {re.sub(r"_bucket$", "_count", name) for name in names} <= exposed


def test_dashboard_shows_every_subject_of_operation():
    shown = {name for panel in panels() for expression in expressions(panel) for name in selectors(expression)}
    assert {subject for subject, metric in SUBJECTS.items() if metric not in shown} == set()


def test_panels_do_not_overlap_and_have_ids_of_their_own():
    everything = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert len({one["id"] for one in everything}) == len(everything)
    cells = [
        (x, y)
        for place in (one["gridPos"] for one in everything)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_query_uses_the_data_source_that_can_be_chosen():
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    [variable] = dashboard["templating"]["list"]
    assert (variable["name"], variable["query"]) == ("datasource", "prometheus")
    [source] = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert variable["current"]["value"] == source["uid"]
    uses = [target["datasource"] for panel in panels() for target in panel["targets"]]
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in uses)


def test_compose_mounts_what_grafana_is_provisioned_with():
    grafana, prometheus = COMPOSE["grafana"], COMPOSE["prometheus"]
    assert grafana["profiles"] == prometheus["profiles"] == ["monitoring"]
    mounts = dict(one.split(":")[:2] for one in grafana["volumes"] if one.startswith("./"))
    [source] = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "topics.yml").read_text())["providers"]
    assert mounts == {
        "./deploy/grafana/provisioning": "/etc/grafana/provisioning",
        "./deploy/grafana/dashboards": provider["options"]["path"],
    }
    assert all(one["ports"][0].startswith("127.0.0.1:") for one in (grafana, prometheus))


def test_every_alert_has_a_paragraph_in_the_runbook_and_links_to_it():
    page = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    alerts = [rule["alert"] for rule in rules()]
    assert re.findall(r"^## (Topics\w+)\n\S", page, re.MULTILINE) == alerts
    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules()}
    assert links == {name: f"docs/runbook.md#{name.lower()}" for name in alerts}
    severities = {
        name: one[1]
        for one in re.findall(r"^\| (.*?) \| (page|ticket) \|", page, re.MULTILINE)
        for name in re.findall(r"\[(\w+)\]", one[0])
    }
    assert severities == {rule["alert"]: rule["labels"]["severity"] for rule in rules()}


def test_panels_that_the_runbook_names_exist():
    named = set(re.findall(r'panels? "([^"]+)"', (ROOT / "docs" / "runbook.md").read_text("utf-8")))
    assert named <= {panel["title"] for panel in panels()}
    assert named


def test_requests_of_alerts_and_panels_leave_out_all_probes_and_nothing_else(tiny_bundle: Path):
    """With the probes of /v2 in the denominator, TopicsErrors would miss errors of a service with little traffic."""
    routes = list(create_app(load_settings(model=tiny_bundle, access_log=False)).openapi()["paths"])
    probes = {route for route in routes if "/health" in route} | {"/metrics"}
    found = [text for panel in panels() for text in expressions(panel)] + [rule["expr"] for rule in rules()]
    excluded = [pattern for text in found for pattern in re.findall(r'route!~"([^"]*)"', text)]
    assert len(excluded) > 5
    for pattern in excluded:
        assert {route for route in routes if re.fullmatch(pattern, route)} == probes
