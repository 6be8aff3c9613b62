"""--url: another service answers, or something that is none."""

import sys
from pathlib import Path

import pytest

from tests.app.commands.running import rows, run
from tests.server import RunningServer

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]


def test_url_gives_the_same_rows_and_reports_what_the_service_refuses(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join([*HEADLINES, "gold " * 100, "silver", "tin " * 100]) + "\n")
    here = run("classify", "-f", tmp_path / "a.txt", "--top-k", 2)
    with RunningServer(tiny_bundle, max_characters=200) as server:
        there = run("classify", "-f", tmp_path / "a.txt", "--top-k", 2, "--url", server.url)
    assert there.exit_code == 1
    assert [line.split(":")[0] for line in there.stderr.splitlines()[:2]] == ["line 4 is refused", "line 6 is refused"]
    expected = [one for one in rows(here) if one["line"] not in (4, 6)]
    assert [one | {"probability": 0, "probability_2": 0} for one in rows(there)] == [
        one | {"probability": 0, "probability_2": 0} for one in expected
    ]
    for name in ("probability", "probability_2"):
        got, wanted = ([one[name] for one in several if one[name]] for several in (rows(there), expected))
        assert got == pytest.approx(wanted, abs=1e-6)


def test_url_without_a_service_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    from topics_client import client

    monkeypatch.setattr(client.TopicsClient.__init__, "__kwdefaults__", client.TopicsClient.__init__.__kwdefaults__)
    monkeypatch.setitem(client.TopicsClient.__init__.__kwdefaults__, "retries", 0)
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "no answer" in result.stderr


def test_url_without_the_client_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "topics_client", None)
    result = run("classify", "oil", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 3
    assert "pip install ./client" in result.stderr
