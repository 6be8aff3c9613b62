"""Dockerfile and compose file match the settings; checked without a container engine."""

import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from app import VERSION
from app.settings import Settings
from tests.server import ROOT

STAGES = dict(
    re.findall(
        r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
)


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])


def test_plain_build_gives_the_serving_image():
    assert list(STAGES)[-1] == "serve"


def test_serving_image_runs_the_service_itself_so_that_sigterm_arrives():
    command = json.loads(re.search(r"^CMD (\[.*\])$", STAGES["serve"], re.MULTILINE)[1])
    assert command == ["python", "-m", "app", "serve", "--host", "::", "--port", "8000"]
    assert re.search(r"^EXPOSE 8000$", STAGES["serve"], re.MULTILINE)


def test_serving_image_is_not_root_and_has_nothing_of_training():
    assert int(re.search(r"^USER (\d+):\d+$", STAGES["serve"], re.MULTILINE)[1]) > 0
    assert "train" not in STAGES["serve"] + STAGES["serve-packages"]


def test_health_check_uses_the_readiness_probe():
    assert "/health/ready" in re.search(r"^HEALTHCHECK .*\n.*$", STAGES["serve"], re.MULTILINE)[0]


def test_container_has_as_long_to_start_as_a_pod():
    pod = yaml.safe_load((ROOT / "deploy/kubernetes/base/deployment.yaml").read_text("utf-8"))
    probe = pod["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    [start] = re.findall(r"^HEALTHCHECK .*--start-period=(\d+)s", STAGES["serve"], re.MULTILINE)
    assert int(start) == probe["periodSeconds"] * probe["failureThreshold"]


def test_compose_grace_period_is_longer_than_draining(services: dict[str, dict]):
    assert seconds(services["serve"]["stop_grace_period"]) > Settings.model_fields["drain_seconds"].default + 10


def test_compose_serves_port_8000_read_only_and_without_capabilities(services: dict[str, dict]):
    serve = services["serve"]
    assert serve["ports"] == ["${PORT:-8000}:8000"]
    assert serve["read_only"] is True
    assert serve["cap_drop"] == ["ALL"]
    assert "cap_add" not in serve
    assert "no-new-privileges:true" in serve["security_opt"]
    assert "profiles" not in serve


def test_all_other_services_need_a_profile(services: dict[str, dict]):
    assert {name: one.get("profiles") for name, one in services.items()} == {
        "serve": None,
        "train": ["train"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
        "traced": ["tracing"],
        "jaeger": ["tracing"],
    }


def test_traced_service_is_the_service_with_more_packages(services: dict[str, dict]):
    serve, traced = services["serve"], services["traced"]
    own = {"profiles", "build", "image", "ports", "environment", "depends_on"}
    assert {name: one for name, one in traced.items() if name not in own} == {
        name: one for name, one in serve.items() if name not in own
    }
    assert traced["build"] == serve["build"] | {"args": {"PACKAGES": "otel"}}
    default = re.search(r"^ARG PACKAGES=(\w+)$", STAGES["serve-packages"], re.MULTILINE)[1]
    packages = [
        set(re.findall(r"^\S+==\S+", (ROOT / "requirements" / f"{name}.txt").read_text("utf-8"), re.MULTILINE))
        for name in (default, "otel")
    ]
    assert packages[0] < packages[1]


def test_one_setting_names_every_image_of_the_project(services: dict[str, dict]):
    own = {name: one["image"] for name, one in services.items() if "build" in one}
    image = f"${{IMAGE:-reuters-topics:{VERSION}}}"
    assert own == {"serve": image, "train": f"{image}-train", "traced": f"{image}-traced"}
    # Compose's own variables are also in the service's environment, where an unknown TOPICS_ variable is refused.
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert not [name for name in re.findall(r"\$\{(\w+)", text) if name.startswith("TOPICS")]


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not installed")
@pytest.mark.parametrize("profile", ["monitoring", "train", "tracing"])
@pytest.mark.parametrize("image", [None, "registry.example.org/topics:7"])
def test_compose_accepts_the_file_with_each_profile(profile: str, image: str | None):
    command = ["docker", "compose", "--profile", profile, "config", "--format", "json"]
    environment = os.environ | ({"IMAGE": image} if image else {})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if "unknown flag: --profile" in done.stderr:
        pytest.skip("docker compose is not installed")
    assert done.returncode == 0, done.stderr
    built = [one["image"] for one in json.loads(done.stdout)["services"].values() if "build" in one]
    assert all(one.startswith(image or f"reuters-topics:{VERSION}") for one in built)


def test_training_writes_into_the_models_of_the_checkout(services: dict[str, dict]):
    assert "./models:/srv/models" in services["train"]["volumes"]
    assert services["train"]["build"]["target"] == "train"


def test_documented_training_on_own_rows_reads_and_writes_mounted_folders(services: dict[str, dict]):
    page = (ROOT / "docs" / "own-topics.md").read_text("utf-8")
    command = re.search(r"^    docker compose run (.*?[^\\])$", page, re.MULTILINE | re.DOTALL)[1]
    source, target = re.search(r'--volume "\$PWD/(\S+?):(\S+?):ro"', command).groups()
    mounted = [target, *(volume.split(":")[1] for volume in services["train"]["volumes"])]
    files = re.findall(r"(?<=\s)\w+/\S+", command.partition(" train fit ")[2].replace("\n", " "))
    assert len(files) >= 2
    assert re.search(r"^WORKDIR /srv$", STAGES["base"], re.MULTILINE)
    assert all(any(f"/srv/{file}".startswith(f"{folder}/") for folder in mounted) for file in files)
    assert all((ROOT / file).is_file() for file in re.findall(r"\S+\.csv", command))
    assert f"/srv/{source}" == target


def test_lists_of_rows_beside_a_bundle_stay_out_of_the_images():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines.index("models/*/*.csv") > lines.index("!models")
