"""The example alerts use metrics and labels that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings
from tests.app.metrics import of_supervisor
from tests.server import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
LONGEST_INTERVAL = 20
"""Seconds between scrapes with which every alert can fire."""
RULES = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"] for rule in group["rules"]
]


@pytest.fixture(scope="module")
def exposed(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Label names by sample name, after a prediction and a refusal."""
    names: dict[str, set[str]] = {}
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False, max_batch=1))) as client:
        client.get("/health/ready")
        client.post("/predict/batch", json={"headlines": ["Oil prices rise"] * 2})
        text = client.get("/metrics").text
    for family in text_string_to_metric_families(text + of_supervisor(tmp_path_factory.mktemp("metrics"))):
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    return names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alert_uses_metrics_and_labels_that_exist(rule: dict, exposed: dict[str, set[str]]):
    expression = rule["expr"]
    asked = re.findall(r"\b((?:topics|http)_\w+)(?:\{([^}]*)\})?", expression)
    assert asked or "up{" in expression
    for name, matchers in asked:
        assert name in exposed
        assert set(re.findall(r"(\w+)(?:=|!)", matchers)) <= exposed[name]


def test_alert_about_readiness_counts_every_readiness_probe(tiny_bundle: Path):
    [expression] = [rule["expr"] for rule in RULES if rule["alert"] == "TopicsNotReady"]
    routes = re.search(r'route=~"([^"]*)"', expression)[1]
    paths = create_app(load_settings(model=tiny_bundle)).openapi()["paths"]
    probes = {path for path in paths if path.endswith(("/health", "/health/ready"))}
    assert probes == {"/health", "/health/ready", "/v2/health/ready"}
    assert {path for path in paths if re.fullmatch(routes, path)} == probes


def test_scraping_finds_the_compose_service_on_its_port():
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    [found] = job["dns_sd_configs"]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    assert set(found["names"]) <= services.keys()
    assert found["port"] == 8000
    assert job["job_name"] == "topics"  # the alerts' up{job="topics"}


def test_shipped_scrape_intervals_are_as_short_as_the_alerts_need():
    compose = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))["global"]["scrape_interval"]
    production = ROOT / "deploy" / "kubernetes" / "overlays" / "production"
    [pods] = yaml.safe_load((production / "service-monitor.yaml").read_text("utf-8"))["spec"]["endpoints"]
    assert all(int(one.removesuffix("s")) <= LONGEST_INTERVAL for one in (compose, pods["interval"]))
    assert f"`scrape_interval` of at most {LONGEST_INTERVAL} seconds" in (ROOT / "docs" / "metrics.md").read_text(
        "utf-8"
    )


needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


@needs_promtool
def test_prometheus_accepts_its_configuration():
    subprocess.run(["promtool", "check", "config", str(FOLDER / "prometheus.yml")], check=True, capture_output=True)


@needs_promtool
def test_names_and_help_keep_prometheus_conventions(tiny_bundle: Path):
    with TestClient(create_app(load_settings(model=tiny_bundle, access_log=False))) as client:
        client.post("/predict/batch", json={"headlines": ["Oil prices rise"] * 2})
        text = client.get("/metrics").content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


DRIFT_TEST = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: '{name}{{instance="quiet"}}'
        values: {quiet}
      - series: '{name}{{instance="one"}}'
        values: {one}
      - series: '{name}{{instance="other"}}'
        values: {other}
    alert_rule_test:
      - eval_time: 20m
        alertname: {alert}
        exp_alerts: [{expected}]
"""


@needs_promtool
@pytest.mark.parametrize(
    ("alert", "name"),
    [
        ("TopicsTopicDrift", "topics_topic_drift_psi"),
        ("TopicsUnknownWordDrift", "topics_unknown_word_drift_psi"),
        ("TopicsOutsideDrift", "topics_outside_drift_psi"),
    ],
)
@pytest.mark.parametrize(
    ("values", "shown"),
    [(("NaN", "NaN"), None), (("0.1", "0.3"), None), (("0.3", "0.4"), "0.35"), (("0.4", "NaN"), "0.40")],
)
def test_drift_alert_uses_the_mean_over_processes_with_enough_headlines(
    tmp_path: Path, alert: str, name: str, values: tuple[str, str], shown: str | None
):
    [rule] = [rule for rule in RULES if rule["alert"] == alert]
    expected = ""
    if shown:
        summary = rule["annotations"]["summary"].replace("{{ printf `%.2f` $value }}", shown)
        annotations = rule["annotations"] | {"summary": summary}
        expected = json.dumps({"exp_labels": rule["labels"], "exp_annotations": annotations})
    quiet, one, other = (" ".join([value] * 31) for value in ("NaN", *values))
    text = DRIFT_TEST.format(
        rules=FOLDER / "alerts.yml", name=name, quiet=quiet, one=one, other=other, alert=alert, expected=expected
    )
    file = tmp_path / "test.yml"
    file.write_text(text)
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


FIRING_TEST = """
rule_files: [{rules}]
evaluation_interval: 15s
tests:
  - interval: {interval}s
    input_series: {series}
    promql_expr_test:
      - expr: ALERTS{{alertstate="firing"}} > 0
        eval_time: 10m
        exp_samples: {expected}
"""


@needs_promtool
@pytest.mark.parametrize(
    ("series", "firing"),
    [
        pytest.param({'up{job="topics"}': "1x40", "topics_workers": "0x40"}, ["TopicsDown"], id="none has loaded"),
        pytest.param(
            {
                'up{job="topics",pod="one"}': "1x40",
                'up{job="topics",pod="two"}': "1x20 stale",
                "topics_workers": "1x40",
            },
            [],
            id="an autoscaler has removed a pod",
        ),
        pytest.param(
            {'up{job="topics",instance="one"}': "1x40", 'up{job="topics",instance="two"}': "1x20 stale"}
            | {"topics_workers": "1x40"},
            ["TopicsInstanceGone"],
            id="a container has ended",
        ),
        pytest.param(
            {'up{job="topics",instance="one"}': "1x40", 'up{job="topics",instance="two"}': "1x38 0x1"}
            | {"topics_workers": "2x38 1x1", "topics_workers_configured": "2x40"},
            [],
            id="an instance and a worker start again",
        ),
        pytest.param(
            {"topics_workers": "2x40", "topics_last_reload_successful": "1x20 0x20"},
            ["TopicsReloadFailed"],
            id="a reload has failed",
        ),
        pytest.param(
            {"topics_workers": "2x40", "topics_last_reload_successful": "1x20 0x2 1x18"},
            [],
            id="a worker of a reload needs a second start",
        ),
    ],
)
def test_missing_instance_or_worker_or_failed_reload_fires_its_own_alert_alone(
    tmp_path: Path, series: dict[str, str], firing: list[str]
):
    check_firing(tmp_path, series, firing)


@needs_promtool
@pytest.mark.parametrize("reason", ["overloaded", "file_limit"])  # of the table in the runbook
def test_alerts_about_rates_fire_with_the_longest_scrape_interval(tmp_path: Path, reason: str):
    counted = "0+3x40"
    series = {
        "topics_workers": "1x40",
        'http_requests_total{route="/health/ready",status="503"}': counted,
        'http_requests_total{route="/predict",status="500"}': counted,
        f'topics_rejected_total{{reason="{reason}"}}': counted,
        "topics_log_lines_dropped_total": counted,
    }
    firing = ["TopicsErrors", "TopicsLogLinesDropped", "TopicsNotReady", "TopicsOverloaded"]
    check_firing(tmp_path, series, firing, LONGEST_INTERVAL)


def check_firing(folder: Path, series: dict[str, str], firing: list[str], interval: int = 15) -> None:
    """Check with promtool which alerts fire ten minutes after the first sample."""
    given = [{"series": name, "values": values} for name, values in series.items()]
    severity = {rule["alert"]: rule["labels"]["severity"] for rule in RULES}
    expected = [
        {"labels": f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity[name]}"}}', "value": 1}
        for name in firing
    ]
    file = folder / "test.yml"
    file.write_text(
        FIRING_TEST.format(
            rules=FOLDER / "alerts.yml", interval=interval, series=json.dumps(given), expected=json.dumps(expected)
        )
    )
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
