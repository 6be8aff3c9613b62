"""The reference pages in docs/ match the code: settings, errors, metrics, alerts, bundle formats, public paths."""

import ast
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from app.api.problem_kinds import KINDS, PREFIX, TABLE
from app.api.problems import Problem
from app.classifier.manifest import ADDED
from app.errors import ApiError
from app.main import create_app
from app.settings import Settings, load_settings
from tests.app.metrics import of_supervisor
from tests.server import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose first row is `heading`."""
    table = text.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_index_lists_every_page():
    linked = re.findall(r"\]\(([^)]+)\)", page("README.md"))
    pages = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md") if file.parent.name != "decisions"}
    assert pages - {"README.md"} - set(linked) == set(), "docs/README.md: link these pages"


def test_documents_name_only_variables_that_exist():
    known = {f"TOPICS_{name.upper()}" for name in Settings.model_fields}
    # That of the command, of the tests, the deliberate mistake in configuration.md, and one that Kubernetes sets.
    known |= {"TOPICS_API_KEY", "TOPICS_WORKER", "TOPICS_PORT"}
    named = {name for file in PAGES for name in re.findall(r"\bTOPICS_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))}
    assert named - known == set(), "pages name variables that are no settings; correct or remove them"


def test_errors_for_wrong_settings_are_those_in_configuration():
    shown = page("configuration.md").partition("    $ ")[2].split("\n\n")[0].splitlines()
    variables = dict(word.split("=") for word in shown[0].split() if "=" in word)
    done = subprocess.run(
        [sys.executable, "-m", "app", "serve"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines() == [line.strip() for line in shown[1:]]
    assert done.returncode == 1


def test_errors_page_lists_every_kind_of_problem():
    listed = [
        (int(status), PREFIX + name.strip("`"), title)
        for status, name, title, *_ in rows(page("errors.md"), "status | `type` | title | when | what to do")
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == {(kind.status, kind.type, kind.title) for kind in KINDS}, (
        "docs/errors.md: the table has one row per kind of app/api/problem_kinds.py, with its status, type and title"
    )
    statuses = [status for status, *_ in listed]
    assert statuses == sorted(statuses), "docs/errors.md: sort the rows of the table by status"
    assert f"`{PREFIX}`" in page("errors.md")


def test_bundles_page_lists_what_each_format_added():
    listed = {
        int(number): set(re.findall("`([^`]+)`", added))
        for number, added, _ in rows(page("bundles.md"), "format | what it adds | read by")
    }
    missing = {number: set(fields) - listed.get(number, set()) for number, fields in ADDED.items()}
    assert {number: fields for number, fields in missing.items() if fields} == {}, (
        "docs/bundles.md, under Formats: the row of each format names the fields of ADDED in app/classifier/manifest.py"
    )


def test_example_of_an_error_has_the_fields_of_a_problem():
    example = json.loads(re.search(r"```json\n(.*?)```", page("errors.md"), re.DOTALL)[1])
    assert Problem.model_validate(example).model_dump(exclude_none=True) == example


@pytest.fixture(scope="module")
def exposed(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, set[str]]]:
    """Type and labels by metric, after a prediction, an abstention and a refusal."""
    metrics: dict[str, tuple[str, set[str]]] = {}
    with TestClient(
        create_app(load_settings(model=tiny_bundle, shadow=tiny_bundle, access_log=False, max_batch=1))
    ) as client:
        client.post("/predict", json={"headline": "qwertyuiop"})
        client.post("/predict/batch", json={"headlines": ["Oil prices rise"] * 2})
        text = client.get("/metrics").text
    for family in text_string_to_metric_families(text + of_supervisor(tmp_path_factory.mktemp("metrics"))):
        if not family.name.endswith("_created"):
            name = family.name + ("_total" if family.type == "counter" else "")
            metrics[name] = (family.type, {label for one in family.samples for label in one.labels} - {"le"})
    return metrics


def test_metrics_page_lists_every_metric_with_type_and_labels(exposed: dict[str, tuple[str, set[str]]]):
    listed = {
        metric.strip("`"): (kind, set(re.findall(r"`(\w+)`", labels)))
        for metric, kind, labels, _ in rows(page("metrics.md"), "metric | type | labels | meaning")
    }
    assert listed == exposed, (
        "docs/metrics.md: the first table has one row per metric, with its type and labels; a metric that appears only"
        " after an event needs this event in the fixture `exposed`"
    )


def reasons(of: type[ApiError]) -> Iterator[str]:
    """Reasons of an error class and its subclasses."""
    if of.reason:
        yield of.reason
    for error in of.__subclasses__():
        yield from reasons(error)


def test_metrics_page_lists_every_reason_for_which_a_request_is_refused():
    listed = {
        reason.strip("`"): None if status == "-" else int(status)
        for reason, status, _ in rows(page("metrics.md"), "reason | status | meaning")
    }
    assert set(listed) == {*reasons(ApiError), "client_gone", "slow_reader"}, (
        "docs/metrics.md: the table of reasons has one row per `reason` of a class in app/errors.py"
    )
    statuses = {
        error.reason: kind.status for error, kind in TABLE.items() if issubclass(error, ApiError) and error.reason
    }
    assert {reason: listed[reason] for reason in statuses} == statuses


def test_runbook_has_every_cause_of_an_overload():
    source = "".join(file.read_text("utf-8") for file in (ROOT / "app").rglob("*.py"))
    messages = re.findall(r'OverloadedError\(\s*f?"([^{;"]+)', source)
    assert len(messages) == 4
    assert [message for message in messages if f"`{message.strip()} ...`" not in page("runbook.md")] == []


def texts() -> Iterator[str]:
    """The strings of the code, with `...` for what is computed, and what the system says of a port in use."""
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
            elif isinstance(node, ast.Constant):
                yield str(node.value)
    yield (ROOT / "Makefile").read_text("utf-8").replace("$(PYTHON)", "...")
    yield os.strerror(errno.EADDRINUSE)


def test_troubleshooting_quotes_messages_of_the_code():
    text = page("troubleshooting.md")
    cells = [message for message, _ in rows(text, "message | what to do") if message.startswith("`")]
    quoted = re.findall("`([^`]+)`(?:, |$)", "\n".join(cells), re.MULTILINE)
    quoted += re.findall("log says (?:that a file )?`([^`]+)`", text)
    assert len(quoted) >= len(cells) > 5
    shown = "\n".join(texts())
    # Some messages are put together: a setting, a colon, and what is wrong with it.
    parts = [part.strip('"? ') for message in quoted for part in re.split(r": |; |\.\.\.$", message)]
    assert [part for part in parts if part not in shown] == []


def test_authentication_page_says_of_every_path_whether_it_needs_a_key(tiny_bundle: Path):
    app = create_app(load_settings(model=tiny_bundle, access_log=False, api_keys="secret"))
    listed = rows(page("authentication.md"), "path | key")
    paths: set[tuple[str, str]] = set()
    with TestClient(app) as client:
        manifest = app.state.service.classifier.bundle.manifest
        for cell, key in listed:
            method, path = re.match(r"`(GET|POST) (\S+)`", cell).groups()
            paths.add((method, path))
            answer = client.request(method, path.replace("NAME", manifest.name).replace("VERSION", manifest.version))
            assert (answer.status_code == 401) == (key == "required"), (method, path)
            assert key == "required" or answer.status_code == 200, (method, path)
    documented = {
        (method.upper(), path.replace("{name}", "NAME").replace("{version}", "VERSION"))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method in {"get", "post"}
    }
    assert documented - paths == set(), "docs/authentication.md: the table of paths lacks these"
