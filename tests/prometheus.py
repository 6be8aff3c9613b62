"""Runs a real Prometheus with the shipped rules and scrape configuration; only the targets are the test's own."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from tests.server import ROOT, free_port

FOLDER = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "topics.json"
SCRAPE_SECONDS = 0.5

needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")


def rules() -> list[dict[str, Any]]:
    """The shipped alerting rules."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """The panels of the shipped dashboard, without the rows."""
    found = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [one for one in found if one["type"] != "row"]


def expressions(panel: dict[str, Any]) -> list[str]:
    """A panel's expressions, with a value for Grafana's variable."""
    return [target["expr"].replace("$__rate_interval", "1m") for target in panel["targets"]]


class RunningPrometheus:
    """Prometheus that scrapes services on loopback; a context manager."""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        config = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
        config["global"] = dict.fromkeys(config["global"], f"{SCRAPE_SECONDS * 1000:.0f}ms")
        config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
        [job] = config["scrape_configs"]
        del job["dns_sd_configs"]
        self._targets = folder / "targets.json"
        job["file_sd_configs"] = [{"files": [str(self._targets)], "refresh_interval": f"{SCRAPE_SECONDS * 1000:.0f}ms"}]
        self.scrape(ports)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._port = free_port()
        self._log = folder / "log"
        self._command = [
            *("prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"),
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.wait_for(lambda: self.query("sum_over_time(up[1m]) > 2"), "three scrapes")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    def scrape(self, ports: Sequence[int]) -> None:
        """Scrape services on these ports from now on."""
        content = json.dumps([{"targets": [f"127.0.0.1:{port}" for port in ports]}])
        written = self._targets.with_suffix(".new")
        written.write_text(content)
        written.replace(self._targets)  # never half written when Prometheus reads it

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Wait until a condition is true; fails the test if time runs out or Prometheus has ended."""
        due = time.monotonic() + seconds
        while time.monotonic() < due and self._process.poll() is None:
            try:
                if condition():
                    return
            except OSError:  # not listening yet
                pass
            time.sleep(SCRAPE_SECONDS / 2)
        pytest.fail(f"no {what}: {self._log.read_text()[-2000:]}")

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that an expression gives now; fails the test if it is invalid."""
        url = f"http://127.0.0.1:{self._port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                result = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # still starting
                return []
            pytest.fail(f"{expression}: {error.read().decode()}")
        if result["resultType"] == "scalar":
            return [({}, float(result["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in result["result"]]

    def value(self, expression: str) -> float:
        """The single value of an expression; NaN if there is none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return found[0][1] if found else float("nan")

    def scraped_again(self) -> None:
        """Wait for two further scrapes of every target, so that everything up to now is in the data."""
        before = self.value('count_over_time(sum(up{job="topics"})[1h:500ms])')
        self.wait_for(
            lambda: self.value('count_over_time(sum(up{job="topics"})[1h:500ms])') > before + 3, "further scrapes"
        )

    def alerts(self) -> dict[str, str]:
        """State, `pending` or `firing`, by alert."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/v1/alerts", timeout=30) as answer:
            return {one["labels"]["alertname"]: one["state"] for one in json.load(answer)["data"]["alerts"]}

    def rule_errors(self) -> list[str]:
        """Errors in the last evaluation of each alerting rule; `not evaluated` where there was none yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/v1/rules", timeout=30) as answer:
            groups = json.load(answer)["data"]["groups"]
        return [
            f"{rule['name']}: {rule.get('lastError', 'not evaluated')}"
            for group in groups
            for rule in group["rules"]
            if rule["health"] != "ok"
        ]


def selectors(expression: str) -> set[str]:
    """The names of the metrics in an expression."""
    return set(re.findall(r"\b(?:topics_|http_)\w+", expression)) | ({"up"} if "up{" in expression else set())
