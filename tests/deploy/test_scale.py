"""compose.scale.yml and the nginx configuration that it mounts match the code and docker-compose.yml.

That they do what they say is tested on a real nginx in tests/operation/test_behind_nginx.py.
"""

import inspect
import re
from typing import Any

import pytest
import uvicorn
import yaml

from app.server.http.bounded_connection import ARRIVAL_SECONDS
from app.settings import Settings, load_settings
from tests.operation.test_behind_nginx import DRAIN
from tests.server import ROOT

CONFIG = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text("utf-8")
UPSTREAM = (ROOT / "deploy" / "nginx" / "upstream.conf").read_text("utf-8")


class Compose(yaml.SafeLoader):
    """A YAML loader that knows the `!reset` tag of Compose."""


Compose.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.load((ROOT / "compose.scale.yml").read_text("utf-8"), Compose)["services"]


def setting(name: str) -> Any:
    return Settings.model_fields[name].default


def directive(name: str, text: str = CONFIG) -> str:
    [value] = re.findall(rf"^ *{name} (.*?);", text, re.MULTILINE)
    return value


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])


def test_replicas_are_the_compose_files_service_without_its_port(services: dict[str, Any]):
    serve = services["serve"]
    assert serve["extends"] == {"file": "docker-compose.yml", "service": "serve"}
    assert serve["ports"] == []
    assert serve.keys() == {"extends", "ports", "deploy", "environment"}
    assert load_settings(trusted_proxies=serve["environment"].pop("TOPICS_TRUSTED_PROXIES")).proxies
    assert serve["environment"] == {}
    assert serve["deploy"]["replicas"] > 1


def test_proxy_is_where_users_expect_the_service_and_may_do_nothing(services: dict[str, Any]):
    proxy = services["proxy"]
    assert proxy["ports"] == [f"${{PORT:-8000}}:{directive('listen').split()[0]}"]
    assert proxy["read_only"] is True
    assert proxy["cap_drop"] == ["ALL"]
    assert proxy["user"] != "0"
    [written] = set(re.findall(r"(/tmp)/", CONFIG))
    assert proxy["tmpfs"] == [written]
    assert "./deploy/nginx:/etc/nginx/topics:ro" in proxy["volumes"]
    assert "/etc/nginx/topics/nginx.conf" in proxy["command"]


def test_proxy_is_stopped_so_that_it_finishes_what_is_under_way(services: dict[str, Any]):
    proxy = services["proxy"]
    assert proxy["stop_signal"] == "SIGQUIT"
    assert seconds(proxy["stop_grace_period"]) > seconds(directive("proxy_read_timeout"))


def test_nginx_can_resolve_names_again(services: dict[str, Any]):
    """Open-source nginx has `resolve` since 1.27.3."""
    name, version = services["proxy"]["image"].split(":")
    assert name == "nginx"
    assert tuple(map(int, version.split(".")[:2])) >= (1, 28)
    assert " resolve " in directive("server", UPSTREAM)
    assert re.search(r"^ +zone ", UPSTREAM, re.MULTILINE)


def test_connecting_to_a_container_that_has_ended_is_given_up_long_before_the_name_is_resolved_again():
    """If the list of replicas has changed since nginx chose one, it answers 502 instead of trying another one."""
    [connect] = re.fullmatch(r"(\d+)ms", directive("proxy_connect_timeout")).groups()
    [resolved] = re.findall(r"valid=(\d+s)", directive("resolver", UPSTREAM))
    assert int(connect) / 1000 <= seconds(resolved) / 10


def test_upstream_is_the_service_and_its_port(services: dict[str, Any]):
    host, port = directive("server", UPSTREAM).split()[0].split(":")
    assert host in services
    assert re.search(rf"^EXPOSE {port}$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    [name] = re.findall(r"^upstream (\w+) {", UPSTREAM, re.MULTILINE)
    assert directive("proxy_pass") == f"http://{name}"


def test_nginx_closes_idle_connections_before_the_replica_does():
    idle = seconds(directive("keepalive_timeout", UPSTREAM))
    hangs_up = inspect.signature(uvicorn.Config).parameters["timeout_keep_alive"].default
    assert idle < hangs_up - 1
    assert idle < setting("drain_seconds") - 1
    assert idle < DRAIN  # and so in the test of a rolling replacement, which drains for a shorter time


def test_limits_are_those_of_the_service():
    most = setting("max_body_bytes")
    assert directive("client_max_body_size") == str(most)
    assert f"The body has more than {most} bytes; send it in parts." in CONFIG
    assert seconds(directive("client_header_timeout")) == ARRIVAL_SECONDS
    assert seconds(directive("client_body_timeout")) == ARRIVAL_SECONDS
    assert seconds(directive("proxy_read_timeout")) > setting("deadline_seconds") + 1
