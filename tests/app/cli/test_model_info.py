"""python -m app model, and topics."""

import json
from pathlib import Path

from app.classifier import load_classifier
from tests.app.cli.running import run


def test_model_says_what_the_manifest_says(tiny_bundle: Path) -> None:
    printed = run("model").stdout
    assert printed.startswith('{\n  "path": ')
    body = json.loads(printed)
    assert (body["name"], body["version"], body["encoding"]["size"]) == ("tiny", "1", 300)
    assert body["digest"] == load_classifier(tiny_bundle).bundle.digest


def test_topics_lists_all_46() -> None:
    lines = run("topics").stdout.splitlines()
    assert len(lines) == 47
    assert lines[17].split() == ["16", "crude", "Crude", "oil", "26", "0.80", "0.75", "-"]
    as_json = [json.loads(line) for line in run("topics", "--json").stdout.splitlines()]
    assert [one["label"] for one in as_json] == list(range(46))
