"""`python -m app doctor`: what a service would start with, and whether it can."""

import errno
import gc
import io
import json
import os
import resource
import shutil
import socket
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from app.classifier import TopicClassifier, loading
from app.server.command import checks, memory
from app.settings import Settings
from app.telemetry.prometheus import process
from tests import any_bundles
from tests.server import free_port
from tests.tiny_bundle import write_any_bundle


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> None:
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))


def doctor(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--port", "0", *arguments], env=environment)


def found(result: Result) -> dict[str, list[str]]:
    """Status and detail by check, of JSON output."""
    return {one["name"]: [one["status"], one["detail"]] for one in json.loads(result.output)["checks"]}


def test_service_that_can_start_gives_status_0_and_one_line_each():
    result = doctor()
    assert result.exit_code == 0
    lines = result.output.splitlines()
    checked = [line.split(":")[0] for line in lines if not line.startswith(" ")]
    assert checked == [
        f"ok    {name}" for name in ("settings", "port", "cores", "file descriptors", "bundle", "memory")
    ]
    assert len(lines) == 2 + len(Settings.model_fields) + len(checked)
    assert "tiny/1, 46 topics" in result.output


def test_each_setting_is_shown_with_its_source(tmp_path: Path):
    (tmp_path / "keys").write_text("first\nsecond\n")
    result = doctor("--workers", "2", TOPICS_API_KEYS_FILE=str(tmp_path / "keys"), TOPICS_MAX_BATCH="7")
    shown = {line.strip() for line in result.output.splitlines()}
    assert {
        "--workers=2 (option)",
        "--port=0 (option)",
        "--host=127.0.0.1 (default)",
        "TOPICS_MAX_BATCH=7 (environment)",
        "TOPICS_DRAIN_SECONDS=5.0 (default)",
        "TOPICS_API_KEYS=2 keys (file)",
        f"TOPICS_API_KEYS_FILE={tmp_path / 'keys'} (environment)",
    } <= shown


@pytest.mark.parametrize("arguments", [(), ("--json",)])
@pytest.mark.parametrize("name", ["TOPICS_API_KEYS", "TOPICS_API_KEY", "TOPICS_APIKEYS", "OTEL_EXPORTER_OTLP_HEADERS"])
def test_no_key_is_printed(name: str, arguments: tuple[str, ...]):
    for value in ("sesame,simsim", "sesame\nsimsim"):
        assert "simsim" not in doctor(*arguments, **{name: value}).output


def test_json_has_settings_and_checks():
    result = doctor("--json", TOPICS_CORS_ORIGINS='["https://example.org"]')
    body = json.loads(result.output)
    assert (result.exit_code, body["ok"]) == (0, True)
    assert {"name": "TOPICS_CORS_ORIGINS", "value": '["https://example.org"]', "source": "environment"} in body[
        "settings"
    ]
    assert {one["status"] for one in body["checks"]} <= {"ok", "warn"}


def test_every_mistake_is_a_failed_line_and_the_other_checks_still_run():
    result = doctor("--json", "--workers", "0", TOPICS_MAX_BATCH="many", TOPICS_WORKER="2")
    body = json.loads(result.output)
    assert (result.exit_code, body["ok"]) == (1, False)
    failed = [one["detail"] for one in body["checks"] if one["status"] == "fail"]
    assert failed == [
        "TOPICS_WORKER: unknown setting; did you mean TOPICS_WORKERS?",
        '--workers: "0" is not a whole number from 1 to 256',
        'TOPICS_MAX_BATCH: "many" is not a whole number from 1 to 100,000',
    ]
    assert found(result)["bundle"][0] == "ok"
    assert {"name": "--workers", "value": "invalid", "source": "option"} in body["settings"]


def test_broken_bundle_fails_with_the_file(tiny_bundle: Path, tmp_path: Path):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    (bundle / "golden.json").write_bytes(b"[]")
    result = doctor("--json", "--model", str(bundle))
    status, detail = found(result)["bundle"]
    assert (result.exit_code, status) == (1, "fail")
    assert str(bundle / "golden.json") in detail


def test_port_in_use_fails_and_is_not_disturbed():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = doctor("--port", port, "--json", TOPICS_METRICS_PORT=port)
    assert result.exit_code == 1
    assert found(result)["port"][0] == "fail"
    assert found(result)["metrics port"][0] == "fail"


def test_port_is_free_again_after_the_check():
    port = free_port()
    assert doctor("--port", str(port), "--workers", "2").exit_code == 0
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(("limit", "status", "code"), [(50, "fail", 1), (1024, "warn", 0), (65536, "ok", 0)])
def test_few_file_descriptors_are_reported(limit: int, status: str, code: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    result = doctor("--json")
    assert (result.exit_code, found(result)["file descriptors"][0]) == (code, status)


@pytest.mark.parametrize(("available", "status", "code"), [(10**6, "fail", 1), (200 * 10**6, "warn", 0)])
def test_too_little_memory_is_reported(available: int, status: str, code: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process, "resident_bytes", lambda: 90 * 10**6)
    monkeypatch.setattr(memory, "available_bytes", lambda: available)
    result = doctor("--json")
    assert (result.exit_code, found(result)["memory"][0]) == (code, status)


def test_memory_is_measured_with_all_models_loaded(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, tmp_path: Path):
    other = write_any_bundle(tmp_path / "news" / "1", any_bundles.KOREAN, "news", "1", format=3)

    def loaded() -> int:
        gc.collect()
        return sum(isinstance(one, TopicClassifier) for one in gc.get_objects()) * 10**6

    monkeypatch.setattr(process, "resident_bytes", loaded)
    before = loaded()
    one, two = (
        int(found(doctor("--json", "--model", models))["memory"][1].split()[1])  # about N MB
        for models in (str(tiny_bundle), f"{tiny_bundle},{other}")
    )
    assert (one, two) == (before / 10**6 + 1, before / 10**6 + 2)


def test_every_bundle_is_loaded_once(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, tmp_path: Path):
    others = [any_bundles.write(tmp_path / name, name) for name in ("korean", "arabic")]
    loaded: list[Path] = []
    load = loading.load_bundle
    monkeypatch.setattr(loading, "load_bundle", lambda path: loaded.append(path) or load(path))
    told = doctor(TOPICS_MODEL=f"{tiny_bundle},{others[0]}", TOPICS_SHADOW=str(others[1]))
    assert told.exit_code == 0, told.output
    assert "ok    memory: " in told.output
    assert loaded == [tiny_bundle, *others]


def test_container_limit_counts_as_the_available_memory(tmp_path: Path):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 4 kB\n")
    assert memory.available_bytes(tmp_path / "meminfo", tmp_path) == 4096
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    assert memory.available_bytes(tmp_path / "meminfo", tmp_path) == 4096
    (tmp_path / "memory.max").write_text("1005\n")
    assert memory.available_bytes(tmp_path / "meminfo", tmp_path) == 1000
    (tmp_path / "memory.max").unlink()
    (tmp_path / "memory").mkdir()  # version 1 of cgroups
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("2005\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("5\n")
    assert memory.available_bytes(tmp_path / "meminfo", tmp_path) == 2000
    assert memory.available_bytes(tmp_path / "none", tmp_path / "none") is None


@pytest.mark.parametrize(
    ("runtime", "own"), [("numpy", memory.WORKER_BYTES), ("keras", 90 * 10**6 - memory.KERAS_SHARED_BYTES)]
)
def test_each_further_worker_adds_what_it_does_not_share(runtime: Literal["numpy", "keras"], own: int):
    settings = (Settings(workers=number, runtime=runtime) for number in (1, 2, 3))
    one, two, three = (memory.needed_bytes(each, 90 * 10**6)[0] for each in settings)
    assert one == 90 * 10**6
    assert two == one + 2 * own  # the process that has loaded the model stays, as the supervisor
    assert three == two + own


def test_connections_of_every_worker_can_hold_the_largest_bodies_and_one_that_is_parsed():
    settings = Settings(workers=3, max_body_bytes=10**8, max_in_flight=10**6)
    usual, maximum = memory.needed_bytes(settings, 90 * 10**6)
    of_one = (maximum - usual) / 3
    bodies = 4 * memory.LARGEST_REQUESTS * 10**8 + 10 * 10**8
    assert bodies + memory.MAX_UNREAD_BYTES < of_one < 1.2 * bodies


@pytest.mark.parametrize(
    ("mode", "own", "warning"),
    [
        (0o600, True, None),
        (0o660, True, None),
        (0o644, True, "can read {0}; run: chmod o-r '{0}'"),
        (0o602, True, "can change {0}; run: chmod o-w '{0}'"),
        (0o666, True, "can read and change {0}; run: chmod o-rw '{0}'"),
        (0o444, False, None),  # a mounted secret
        (0o666, False, "can change {0}; run: chmod o-w '{0}'"),
    ],
)
def test_key_file_that_every_user_can_change_or_read_without_need_is_a_warning(
    mode: int, own: bool, warning: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "my keys"
    file.write_text("sesame\n")
    file.chmod(mode)
    if not own:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    result = doctor("--json", TOPICS_API_KEYS_FILE=str(file))
    assert result.exit_code == 0
    expected = ["ok", f"{file} is readable"]
    if warning is not None:
        expected = ["warn", f"every user of this machine {warning.format(file)}"]
    assert found(result)["key file"] == expected


def test_more_workers_than_cores_are_a_warning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks.os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert found(doctor("--json", "--workers", "3"))["cores"][0] == "warn"


def test_folder_for_metrics_that_is_not_writable_fails_once():
    result = doctor("--workers", "2", PROMETHEUS_MULTIPROC_DIR="/nowhere")
    assert result.exit_code == 1
    [line] = [line for line in result.output.splitlines() if "/nowhere" in line]
    assert line.startswith("fail  settings: PROMETHEUS_MULTIPROC_DIR: /nowhere is not a writable folder")


def test_folder_for_metrics_is_named(tmp_path: Path):
    given = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    assert found(doctor("--json", "--workers", "2", **given))["metrics folder"] == ["ok", f"{tmp_path} is writable"]
    status, detail = found(doctor("--json", "--workers", "2"))["metrics folder"]
    assert (status, detail[:22]) == ("ok", "a temporary folder in ")


@pytest.mark.parametrize(("workers", "status"), [(2, "ok"), (3, "fail")])
def test_folder_for_metrics_needs_room_for_the_files_of_all_workers(
    workers: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Disk(io.BytesIO):
        def write(self, content: Any) -> int:
            if len(content) > 2 * 4 * 64 * 1024:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(content)

    folders: list[Path] = []
    monkeypatch.setattr(checks, "TemporaryFile", lambda dir: folders.append(dir) or Disk())  # noqa: A006
    result = doctor("--json", "--workers", str(workers), PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    assert folders == [tmp_path]
    detail = {
        "ok": f"{tmp_path} is writable",
        "fail": f"PROMETHEUS_MULTIPROC_DIR: 768 KiB cannot be written to {tmp_path} (No space left on device); free"
        " space, or set the variable to another folder",
    }
    assert found(result)["metrics folder"] == [status, detail[status]]


def test_every_bundle_is_checked_and_two_of_one_name_fail(tiny_bundle: Path, tmp_path: Path):
    other = any_bundles.write(tmp_path / "news", "korean")
    told = doctor(TOPICS_MODEL=f"{tiny_bundle},{other}", TOPICS_SHADOW=str(other))
    assert f"TOPICS_MODEL={tiny_bundle},{other} (environment)" in told.output
    assert "ok    bundle: tiny/1, 46 topics" in told.output
    assert "ok    bundle: news/1, 4 topics" in told.output
    assert "ok    shadow: news/1, 4 topics" in told.output
    assert "ok    models: tiny/1, news/1; the first answers requests that name none" in told.output
    told = doctor(TOPICS_MODEL=f"{tiny_bundle},{other},{other}")
    assert told.exit_code == 1
    assert "are both news/1" in told.output


def test_folder_with_another_number_than_the_version_is_a_warning(tiny_bundle: Path, tmp_path: Path):
    told = doctor(TOPICS_MODEL=str(shutil.copytree(tiny_bundle, tmp_path / "2")))
    assert told.exit_code == 0
    assert "warn  bundle: tiny/1, " in told.output
    assert "; the folder is named 2, but the version in manifest.json counts" in told.output


def test_shadow_that_is_a_copy_of_the_model_is_a_warning(tiny_bundle: Path, tmp_path: Path):
    copy = shutil.copytree(tiny_bundle, tmp_path / "2")
    told = doctor(TOPICS_MODEL=str(tiny_bundle), TOPICS_SHADOW=str(copy))
    assert told.exit_code == 0
    assert "warn  shadow: is the same bundle as the model that answers, so both always agree" in told.output


def test_wrong_model_is_reported_once_with_its_value_and_memory_is_not_guessed():
    result = doctor(TOPICS_MODEL="/nowhere/1")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line for line in lines if line.startswith("fail")] == [lines[0]]
    assert lines[0].startswith("fail  settings: TOPICS_MODEL: /nowhere/1: no such bundle folder")
    assert "warn  memory: not checked, because a bundle cannot be loaded" in lines
    assert "      TOPICS_MODEL=/nowhere/1 (environment)" in lines


def test_checks_come_before_the_settings():
    lines = doctor().output.splitlines()
    assert [line.startswith(" ") for line in lines] == sorted(line.startswith(" ") for line in lines)


def test_control_characters_of_a_setting_are_not_printed():
    result = doctor("--model", "none\x1b]0;pwn\x07\x9b")
    assert "none ]0;pwn" in result.output
    assert result.output.replace("\n", "").isprintable()
