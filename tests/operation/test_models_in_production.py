"""Every command of docs/models-in-production.md runs: real processes, kubectl's own rendering, compose's commands."""

import re
import shutil
from pathlib import Path

import pytest

from tests.deploy.manifests import renders
from tests.server import ROOT
from tests.shell_blocks import free_ports, run_shell, shell_blocks
from tests.tiny_bundle import write_tiny_bundle

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")]

PAGE = (ROOT / "docs" / "models-in-production.md").read_text("utf-8")


def blocks(heading: str) -> list[str]:
    return shell_blocks(PAGE, heading)


class Checkout:
    """A folder that looks like a checkout with `headlines/7` in service and `headlines-8` arriving."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_tiny_bundle(folder / "models" / "headlines" / "7", "headlines", "7")
        write_tiny_bundle(folder / "incoming" / "headlines-8", "headlines", "8")
        for name in (".venv", "app"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        self.ports = free_ports(2)

    def run(self, *commands: str, path: str = "") -> str:
        return run_shell(self.folder, commands, ports=self.ports, path=path)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


WITH_KEYS = 'export TOPICS_API_KEYS=secret; KEY="$TOPICS_API_KEYS"'


@pytest.mark.parametrize("keys", ["", WITH_KEYS])
def test_publish_verify_and_shadow(checkout: Checkout, keys: str):
    output = checkout.run(keys, *blocks("Publish"), *blocks("Verify"), *blocks("Shadow"), "kill $(cat serve.pid)")
    assert (checkout.folder / "models" / "headlines" / "8" / "manifest.json").is_file()
    assert not list((checkout.folder / "models" / "headlines").glob(".*"))
    assert "ok    bundle: headlines/8" in output
    assert re.search(r'"shadow":\{[^}]*"version":"8"', output)


ANSWERS = 'for i in 1 2 3 4 5 6; do curl -fsS http://127.0.0.1:%s/model | grep -o \'"version":"."\' | head -1; done'


def test_several_workers_and_one_switch_and_roll_back(checkout: Checkout):
    start, switch, wait = blocks("Several workers")
    back, back_with_one = blocks("Roll back")[:2]
    output = checkout.run(
        *blocks("Publish"),
        "export TOPICS_DRAIN_SECONDS=1",  # so the port is in use for a while after `kill`
        start,
        "echo; echo BEFORE; " + ANSWERS % 8000,
        switch,
        wait,
        "echo; echo SWITCHED; " + ANSWERS % 8000,
        back,
        wait.replace('"version":"8"', '"version":"7"'),
        "echo; echo BACK; " + ANSWERS % 8000,
        *blocks("One worker"),
        "echo; echo TAKEN; " + ANSWERS % 8001,
        back_with_one,
        "echo; echo BACK; " + ANSWERS % 8000,
        *blocks("One worker"),  # on the port of the process that rolling back has just stopped
        "echo; echo TAKEN; " + ANSWERS % 8001,
        back_with_one,
        "echo; echo BACK; " + ANSWERS % 8000,
        "kill $(cat serve.pid)",
    )
    marked = re.findall(r'^(BEFORE|SWITCHED|BACK|TAKEN|"version":".")$', output, re.MULTILINE)
    expected = []
    for name, version in (("BEFORE", 7), ("SWITCHED", 8), ("BACK", 7), *[("TAKEN", 8), ("BACK", 7)] * 2):
        expected += [name, *[f'"version":"{version}"'] * 6]
    assert [one for one in marked if one in expected] == expected


def test_waiting_for_a_switch_uses_the_key_and_ends_if_it_is_wrong(checkout: Checkout):
    start, switch, wait = blocks("Several workers")
    output = checkout.run(
        *blocks("Publish"),
        WITH_KEYS,
        start,
        switch,
        wait,
        "echo; echo SWITCHED",
        "KEY=wrong",
        wait.rstrip() + " || true",
        "echo; echo ENDED; kill $(cat serve.pid)",
    )
    assert re.findall(r"SWITCHED|ENDED|error: 401", output) == ["SWITCHED", "error: 401", "ENDED"]


DOCKER = """#!/bin/bash
# Runs what compose would run in the container, with the variables of .env.
case "$*" in
    "compose run --rm serve "*) shift 4; set -a; . ./.env; exec .venv/bin/"$@" ;;
    "compose up --detach --wait serve") set -a; . ./.env; echo "UP $TOPICS_MODEL" ;;
    "compose ps --quiet serve") echo "old-1 old-2" ;;
    "compose up --detach --wait --no-recreate --scale serve=8 serve") echo "UP $COMPOSE_FILE"; $READY ;;
    "stop old-"*|"rm old-"*) echo "$*" ;;
    *) echo "unexpected: docker $*"; exit 64 ;;
esac
"""

KUBECTL = """#!/bin/bash
# Renders with the real kubectl; there is no cluster.
set -euo pipefail
case "$*" in
    "apply -k "*) {kubectl} kustomize "$3" > rendered.yaml ;;
    "set image deployment/topics "*)
        {kubectl} set image --local -f deploy/kubernetes/base/deployment.yaml "$4" -o yaml > image.yaml ;;
    "rollout status deployment/topics --timeout 5m") {kubectl} rollout status --help | grep -q -- --timeout ;;
    "rollout undo deployment/topics") {kubectl} rollout undo --help | grep -q -- "rollout undo" ;;
    *) echo "unexpected: kubectl $*"; exit 64 ;;
esac
"""


def stub(folder: Path, name: str, script: str) -> str:
    """Write a program that stands in for another one; returns the beginning of PATH that finds it."""
    (folder / "bin").mkdir()
    (folder / "bin" / name).write_text(script)
    (folder / "bin" / name).chmod(0o755)
    return f"{folder / 'bin'}:"


def test_compose_gets_the_new_model_from_its_environment_file(checkout: Checkout):
    path = stub(checkout.folder, "docker", DOCKER)
    output = checkout.run(*blocks("Publish"), *blocks("Compose"), path=path)
    assert "ok    bundle: headlines/8" in output
    assert output.endswith("UP models/headlines/8\n")


@pytest.mark.parametrize(
    ("ready", "stopped"), [("true", ["stop old-1", "rm old-1", "stop old-2", "rm old-2"]), ("false", [])]
)
def test_old_replicas_are_stopped_one_by_one_once_the_new_ones_are_ready(
    checkout: Checkout, ready: str, stopped: list[str]
):
    (checkout.folder / ".env").touch()
    path = stub(checkout.folder, "docker", DOCKER)
    output = checkout.run(f"export READY={ready}; set +e", *blocks("Replicas behind nginx"), "true", path=path)
    assert output.splitlines() == ["UP compose.scale.yml:compose.override.yml", *stopped]


@pytest.mark.skipif(not renders(), reason="kubectl with kustomize 5 is not installed")
def test_kubernetes_gets_the_new_model_or_image(checkout: Checkout):
    overlay = checkout.folder / "deploy" / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    text = overlay.read_text("utf-8")
    text = text.replace("# components:", "components:").replace(
        "#   - ../../components/bundle-volume ", "  - ../../components/bundle-volume "
    )
    overlay.write_text(text, "utf-8")
    path = stub(checkout.folder, "kubectl", KUBECTL.replace("{kubectl}", str(shutil.which("kubectl"))))
    checkout.run(*blocks("Kubernetes"), *blocks("Roll back")[2:], path=path)
    rendered = (checkout.folder / "rendered.yaml").read_text("utf-8")
    assert "value: /bundles/headlines/8" in rendered
    assert "/bundles/headlines/7" not in rendered
    assert "image: registry.example.org/topics:3" in (checkout.folder / "image.yaml").read_text("utf-8")


def test_every_block_of_the_page_is_run_here():
    headings = ["Publish", "Verify", "Shadow", "Several workers", "One worker"]
    headings += ["Compose", "Replicas behind nginx", "Kubernetes", "Roll back"]
    assert sum(len(blocks(one)) for one in headings) == PAGE.count("```sh\n")
