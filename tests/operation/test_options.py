"""The options of `serve`, on a real process."""

from pathlib import Path

import pytest

from tests.server import RunningServer, free_port

pytestmark = pytest.mark.slow


def test_options_choose_the_model_the_workers_and_the_log_level(tiny_bundle: Path):
    options = ("--model", str(tiny_bundle), "--workers", "2", "--log-level", "WARNING")
    command = ("-m", "app", "serve", "--port", "0", "--log-level", "info", *options[:4])
    with RunningServer(Path("/nowhere"), command, workers=7) as server:
        assert server.get("/model").json()["name"] == "tiny"
        assert len(server.worker_pids()) == 2
        server.wait_line('"route":"/model"')
    port = free_port()
    command = ("-m", "app", "serve", "--port", str(port), *options)
    with RunningServer(Path("/nowhere"), command, port=port) as quiet:
        assert quiet.predict().status == 200
    assert quiet.lines == []
