"""Invalid settings prevent the start with one sentence each, and every setting is documented."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from app.__main__ import main
from app.settings import Settings, SettingsError, load_settings

WRONG = [
    ("TOPICS_WORKERS", "0"),
    ("TOPICS_WORKERS", "many"),
    ("TOPICS_RUNTIME", "torch"),
    ("TOPICS_MAX_CHARACTERS", "-1"),
    ("TOPICS_MAX_BATCH", "1.5"),
    ("TOPICS_MAX_BODY_BYTES", "8MB"),
    ("TOPICS_MAX_IN_FLIGHT", "0"),
    ("TOPICS_MAX_IN_FLIGHT", "999"),  # less than a batch
    ("TOPICS_DEADLINE_SECONDS", "0"),
    ("TOPICS_DEADLINE_SECONDS", "nan"),
    ("TOPICS_DEADLINE_SECONDS", "inf"),
    ("TOPICS_DRAIN_SECONDS", "-1"),
    ("TOPICS_DRAIN_SECONDS", "inf"),
    ("TOPICS_MIN_PROBABILITY", "2"),
    ("TOPICS_OUTSIDE_THRESHOLD", "0"),
    ("TOPICS_OUTSIDE_THRESHOLD", "1.01"),
    ("TOPICS_OUTSIDE_THRESHOLD", "nan"),
    ("TOPICS_KEEP_ALIVE_SECONDS", "0"),
    ("TOPICS_METRICS_PORT", "0"),
    ("TOPICS_TRUSTED_PROXIES", "*"),
    ("TOPICS_TRUSTED_PROXIES", " , "),
    ("TOPICS_TRUSTED_PROXIES", "proxy.example.org"),
    ("TOPICS_TRUSTED_PROXIES", "10.0.0.1/8"),
    ("TOPICS_TRUSTED_PROXIES", "10.0.0.0/8 10.1.0.0/16"),
    ("TOPICS_LOG_LEVEL", "loud"),
    ("TOPICS_ACCESS_LOG", "perhaps"),
    ("TOPICS_LOG_HEADLINES", "2"),
    ("TOPICS_CORS_ORIGINS", "https://example.org"),
    ("TOPICS_CORS_ORIGINS", "[1]"),
    ("TOPICS_CORS_ORIGINS", '["null"]'),
    ("TOPICS_API_KEYS_FILE", "/nowhere/keys"),
    ("TOPICS_API_KEYS", ","),
    ("TOPICS_API_KEYS", " "),
    ("TOPICS_API_KEYS", " ,\t, "),
    ("TOPICS_API_KEYS", "one\ntwo"),
]
UNKNOWN = [
    ("TOPICS_API_KEY", "TOPICS_API_KEYS"),
    ("TOPICS_APIKEYS", "TOPICS_API_KEYS"),
    ("TOPICS_API_KEY_FILE", "TOPICS_API_KEYS_FILE"),
    ("TOPICS_WORKER", "TOPICS_WORKERS"),
    ("topics_worker", "TOPICS_WORKERS"),
    ("Topics_Log_Headline", "TOPICS_LOG_HEADLINES"),
    ("TOPICS_CORS_ORIGIN", "TOPICS_CORS_ORIGINS"),
    ("TOPICS_METRIC_PORT", "TOPICS_METRICS_PORT"),
    ("TOPICS_DEADLINE", "did you mean TOPICS_DEADLINE_SECONDS?"),
    ("TOPICS_DEADLIN", "did you mean TOPICS_DEADLINE_SECONDS?"),
    ("TOPICS_THREADS", "docs/configuration.md lists all settings."),
    ("TOPICS_PORT", "use the option --port, or PORT with make serve."),
    ("TOPICS_TLS_CERTIFICATE", "put a proxy with TLS in front, as docs/authentication.md describes."),
    ("TOPICS_TLS_KEY", "put a proxy with TLS in front"),
    ("TOPICS_SSL_CERTFILE", "put a proxy with TLS in front"),
    ("topics_https", "put a proxy with TLS in front"),
    ("TOPICS_HOST", "use the option --host, or HOST with make serve."),
    ("TOPICS_", ""),
    ("TOPICS_" + "X" * 100_000, ""),
]
SERVICE_LINKS = {
    "TOPICS_SERVICE_HOST": "10.0.0.1",
    "TOPICS_SERVICE_PORT": "80",
    "TOPICS_SERVICE_PORT_HTTP": "80",
    "TOPICS_PORT": "tcp://10.0.0.1:80",
    "TOPICS_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "TOPICS_PORT_8000_TCP_PROTO": "tcp",
    "TOPICS_PORT_8000_TCP_PORT": "8000",
    "TOPICS_PORT_8000_TCP_ADDR": "10.0.0.1",
    "TOPICS_WEB_SERVICE_HOST": "10.0.0.2",
    "TOPICS_WEB_PORT": "tcp://10.0.0.2:80",
}
ORIGINS = [  # the given value, and the spelling that the error suggests
    ("https://example.org/", "https://example.org"),
    ("https://example.org/app", "https://example.org"),
    ("https://example.org?x", "https://example.org"),
    ("https://example.org#x", "https://example.org"),
    ("https://Example.org", "https://example.org"),
    ("HTTPS://example.org", "https://example.org"),
    ("https://example.org:443", "https://example.org"),
    ("http://example.org:80", "http://example.org"),
    ("https://user@example.org:8443", "https://example.org:8443"),
    (" https://example.org", "https://example.org"),
    ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
    ("example.org", None),
    ("//example.org", None),
    ("https://", None),
    ("https://*.example.org", None),
    ("https://a.example, https://b.example", None),
    ("https://example.org\0", None),
    ("https://example.org:port", None),
    ("https://[::1", None),
    ("null", None),
    ("", None),
    ("https://" + "x" * 100_000 + "/", None),
]


ABSURD = ["1e300", "1e400", "inf", "-inf", "nan", "-1", "9" * 20, "-" + "9" * 20, "9" * 5000, "1,000", "0x10", "\t"]
RANGES = {
    "workers": "a whole number from 1 to 256",
    "max_characters": "a whole number from 1 to 1,000,000",
    "max_batch": "a whole number from 1 to 100,000",
    "max_body_bytes": "a whole number from 1 to 1,073,741,824",
    "max_in_flight": "a whole number from 1 to 10,000,000",
    "deadline_seconds": "a number above 0 and up to 3,600",
    "min_probability": "a number from 0 to 1",
    "outside_threshold": "a number above 0 and up to 1",
    "drain_seconds": "a number from 0 to 3,600",
    "keep_alive_seconds": "a whole number from 1 to 86,400",
    "metrics_port": "a whole number from 1 to 65,535",
}


@pytest.mark.parametrize("value", ABSURD)
def test_absurd_numbers_stop_the_start_and_each_sentence_names_value_and_bounds(value: str):
    lines = refused(**{f"TOPICS_{name.upper()}": value for name in RANGES})
    shown = json.dumps(value[:200] + ("..." if len(value) > 200 else ""))
    assert lines == [f"TOPICS_{name.upper()}: {shown} is not {expected}." for name, expected in RANGES.items()]


def test_every_number_has_a_range():
    numeric = (int, float, int | None, float | None)
    numbers = {name for name, field in Settings.model_fields.items() if field.annotation in numeric}
    assert numbers == RANGES.keys(), "RANGES in this file: the range of each number, as in its error"


@pytest.mark.parametrize("value", [*ABSURD, "[" * 100_000, '"' * 100_000, "x" * 100_000, "/proc/self/mem", "/dev/null"])
@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - RANGES.keys() - {"api_keys", "log_headlines"}))
def test_absurd_text_stops_the_start_with_one_sentence(name: str, value: str):
    lines = refused(**{f"TOPICS_{name.upper()}": value})
    assert len(lines) == (len(value.split(",")) if name == "model" else 1)  # of folders, a sentence each
    for line in lines:
        assert line.endswith(".")
        assert len(line) < 1000 or name in {"model", "shadow"}


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_value_stops_the_start_with_one_sentence_that_names_the_variable_and_shows_the_value(
    name: str, value: str
):
    [line] = refused(**{name: value})
    assert line.startswith(name)
    assert line.endswith(".")
    if name != "TOPICS_API_KEYS" and value.strip(" ,"):
        assert json.dumps(value)[1:-1] in line or value.removeprefix("[").removesuffix("]") in line


def refused(**environment: str) -> list[str]:
    """The error lines of `serve`."""
    result = CliRunner().invoke(main, ["serve", "--port", "0"], env=environment)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert all(line.startswith("Error: ") for line in lines)
    return [line.removeprefix("Error: ") for line in lines]


@pytest.mark.parametrize(("name", "near"), UNKNOWN)
def test_unknown_name_stops_the_start_and_the_near_one_is_named(name: str, near: str):
    [line] = refused(**{name: "secret"})
    assert line.startswith(f"{name[:200]}: ")
    assert near in line
    assert "secret" not in line
    assert len(line) < 400


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path):
    (tmp_path / "keys").touch()
    wrong = {"TOPICS_WORKERS": "0", "TOPICS_CORS_ORIGINS": "x", "TOPICS_API_KEYS_FILE": str(tmp_path / "keys")}
    lines = refused(**wrong, TOPICS_API_KEY="secret", TOPICS_MAX_BATCH="many")
    assert {line.partition(":")[0] for line in lines} == {*wrong, "TOPICS_API_KEY", "TOPICS_MAX_BATCH"}
    assert all(line.endswith((".", "?")) for line in lines)


def test_rule_between_settings_is_reported_together_with_other_mistakes(tmp_path: Path):
    lines = refused(
        TOPICS_MAX_IN_FLIGHT="3", TOPICS_WORKERS="0", TOPICS_MODEL=str(tmp_path), PROMETHEUS_MULTIPROC_DIR="/nowhere"
    )
    assert lines == [
        'TOPICS_WORKERS: "0" is not a whole number from 1 to 256.',
        "TOPICS_MAX_IN_FLIGHT: 3 is less than TOPICS_MAX_BATCH (1000); raise it, or lower the latter.",
        f"TOPICS_MODEL: {tmp_path}: no such bundle: the folder has no manifest.json; name one that does.",
        "PROMETHEUS_MULTIPROC_DIR: /nowhere is not a writable folder; create it, or unset the variable.",
    ]


def test_wrong_number_is_said_to_be_no_number_and_a_wrong_count_no_whole_number():
    assert refused(TOPICS_OUTSIDE_THRESHOLD="2", TOPICS_METRICS_PORT="0.5", TOPICS_MIN_PROBABILITY="x") == [
        'TOPICS_MIN_PROBABILITY: "x" is not a number from 0 to 1.',
        'TOPICS_OUTSIDE_THRESHOLD: "2" is not a number above 0 and up to 1.',
        'TOPICS_METRICS_PORT: "0.5" is not a whole number from 1 to 65,535.',
    ]


def test_trusted_proxies_are_trusted_as_ipv6_sockets_write_them_too():
    proxies = load_settings(trusted_proxies="10.0.0.0/255.0.0.0, 192.0.2.1, 2001:db8::/32").proxies
    assert set(proxies[3:]) == {"::ffff:10.0.0.0/104", "::ffff:192.0.2.1/128"}


@pytest.mark.parametrize("wrong", [{"TOPICS_MAX_IN_FLIGHT": "x"}, {"TOPICS_MAX_BATCH": "x"}])
def test_rule_between_settings_is_not_applied_to_a_default_in_place_of_a_wrong_value(wrong: dict[str, str]):
    other = {"TOPICS_MAX_BATCH": "100000"} if "TOPICS_MAX_IN_FLIGHT" in wrong else {"TOPICS_MAX_IN_FLIGHT": "3"}
    [line] = refused(**wrong, **other)
    assert line.startswith(next(iter(wrong)))


def test_level_of_the_log_is_read_in_either_case():
    assert load_settings(log_level="WARNING").log_level == "warning"


def test_variables_that_kubernetes_makes_of_a_service_are_no_settings(monkeypatch: pytest.MonkeyPatch):
    for name, value in SERVICE_LINKS.items():
        monkeypatch.setenv(name, value)
    assert load_settings().model_dump() == Settings().model_dump()


def test_command_needs_no_key_file(tmp_path: Path):
    assert load_settings(serving=False, api_keys_file=tmp_path / "not-mine").api_keys_file


def test_the_commands_key_is_refused_by_a_service_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOPICS_API_KEY", "secret")
    assert not load_settings(serving=False).read_keys()
    with pytest.raises(SettingsError, match="TOPICS_API_KEYS"):
        load_settings()
    monkeypatch.setenv("TOPICS_MODLE", "x")
    with pytest.raises(SettingsError, match=r"^TOPICS_MODLE: .* did you mean TOPICS_MODEL"):
        load_settings(serving=False)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(f"TOPICS_{name.upper()}", "")
    assert load_settings().model_dump() == Settings().model_dump()


@pytest.mark.parametrize(("origin", "right"), ORIGINS)
def test_origin_that_no_browser_sends_is_refused_with_the_right_one(origin: str, right: str | None):
    [line] = refused(TOPICS_CORS_ORIGINS=json.dumps(["https://good.example", origin]))
    assert line.startswith("TOPICS_CORS_ORIGINS: ")
    assert f'write "{right or "https://example.org"}"' in line
    assert len(line) < 600


@pytest.mark.parametrize(
    "origin", ["https://example.org", "http://localhost:3000", "http://[::1]:8000", "chrome-extension://abcdef", "*"]
)
def test_origin_as_browsers_send_it_is_taken(origin: str):
    assert load_settings(cors_origins=json.dumps([origin])).cors_origins == [origin]


def test_metrics_port_that_is_the_services_is_refused():
    result = CliRunner().invoke(main, ["serve", "--port", "8123"], env={"TOPICS_METRICS_PORT": "8123"})
    assert result.exit_code == 1
    assert result.output == "Error: TOPICS_METRICS_PORT: 8123 is the service's own port; choose another one.\n"


def test_every_setting_with_a_rule_has_a_wrong_value_here():
    free = {"model", "shadow"}  # any path may be tried
    assert {name for name, _ in WRONG} == {
        f"TOPICS_{name.upper()}" for name in Settings.model_fields if name not in free
    }, "WRONG in this file: at least one value that each setting refuses"


def test_unknown_bundle_is_reported_before_workers_start():
    result = CliRunner().invoke(main, ["serve"], env={"TOPICS_MODEL": "/nowhere/bundle", "TOPICS_WORKERS": "2"})
    assert result.exit_code == 1
    assert result.output.startswith("Error: TOPICS_MODEL: /nowhere/bundle: no such bundle folder")


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOPICS_MAX_BATCH", "12")
    monkeypatch.setenv("TOPICS_CORS_ORIGINS", '["https://example.org"]')
    settings = load_settings()
    assert (settings.max_batch, settings.cors_origins) == (12, ["https://example.org"])


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().workers = 2  # type: ignore[misc]


def test_keys_come_from_both_settings_without_blanks(tmp_path: Path):
    file = tmp_path / "keys"
    file.write_text("one\n\n two \r\n")
    assert load_settings(api_keys="three, four,,", api_keys_file=file).read_keys() == {"one", "two", "three", "four"}


def test_keys_never_show_in_a_representation():
    assert "hush" not in repr(load_settings(api_keys="hush"))


def test_every_setting_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
