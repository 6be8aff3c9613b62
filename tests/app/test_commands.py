"""The command line: as functions where that is enough, as a process where signals, pipes and terminals matter."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from app.classifier import load_classifier
from tests.server import ROOT, RunningServer

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]


@pytest.fixture(autouse=True)
def model(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "app", *map(str, arguments)]


def test_headlines_as_arguments_are_answered_as_the_classifier_does(tiny_bundle: Path) -> None:
    result = run("classify", *HEADLINES)
    classifier = load_classifier(tiny_bundle)
    answers = classifier.classify(HEADLINES, 1)
    assert result.exit_code == 0
    assert rows(result) == [
        {
            "line": number,
            "headline": headline,
            "topic": classifier.topics[answer.labels[0]].code if answer.labels else None,
            "name": classifier.topics[answer.labels[0]].name if answer.labels else None,
            "probability": answer.probabilities[0] if answer.labels else None,
            "abstained": answer.abstained,
        }
        for number, (headline, answer) in enumerate(zip(HEADLINES, answers, strict=True), start=1)
    ]


def test_top_k_adds_columns_in_both_formats() -> None:
    as_json = rows(run("classify", *HEADLINES, "--top-k", 3))
    table = csv.DictReader(io.StringIO(run("classify", *HEADLINES, "--top-k", 3, "--format", "csv").stdout))
    as_csv = list(table)
    assert table.fieldnames == list(as_json[0])
    assert table.fieldnames[5:9] == ["topic_2", "probability_2", "topic_3", "probability_3"]
    assert [{name: "" if value is None else str(value) for name, value in one.items()} for one in as_json] == as_csv
    assert as_csv[2]["topic_3"] == ""


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.txt", "oil\nwheat\n", ()),
        ("a.txt", "oil\r\nwheat", ()),
        ("a.txt", "\ufeffoil\nwheat\n", ()),
        ("a.csv", "id,headline\n1,oil\n2,wheat\n", ()),
        ("a.txt", "id,title\n1,oil\n\n2,wheat\n", ("--column", "title")),
        ("a.csv", '\ufeff"headline"\n"oil"\nwheat\n', ()),
        ("a.jsonl", '{"headline": "oil"}\n{"headline": "wheat"}\n', ()),
        ("a.txt", '{"t": "oil"}\n{"t": "wheat", "more": [1]}\n', ("--field", "t")),
    ],
)
def test_every_form_of_input_gives_the_same(tmp_path: Path, name: str, content: str, options: tuple[str, ...]) -> None:
    (tmp_path / name).write_bytes(content.encode())
    result = run("classify", "-f", tmp_path / name, *options)
    assert result.exit_code == 0
    assert [(one["headline"], one["topic"]) for one in rows(result)] == [("oil", "crude"), ("wheat", "wheat")]


def test_standard_input_is_read() -> None:
    done = subprocess.run(
        command("classify", "-f", "-"), cwd=ROOT, input=b"oil\nwheat\n", capture_output=True, check=True
    )
    assert [json.loads(line)["topic"] for line in done.stdout.splitlines()] == ["crude", "wheat"]


def test_bad_lines_are_reported_by_number_and_the_rest_is_done(tmp_path: Path) -> None:
    lines = [b"oil", b"", b"\xff\xfe", b"gold " * 5000, b"x" * 3_000_000, b"wheat"]
    (tmp_path / "a.txt").write_bytes(b"\n".join(lines))
    result = run("classify", "-f", tmp_path / "a.txt")
    assert result.exit_code == 1
    assert [(one["line"], one["topic"]) for one in rows(result)] == [(1, "crude"), (6, "wheat")]
    assert result.stderr.splitlines() == [
        "line 2 is empty",
        "line 3 is not UTF-8",
        "line 4 has 25,000 characters, more than 20,000",
        "line 5 has more than 1048576 bytes",
        "4 bad lines; all others were answered.",
    ]


def test_bad_json_lines_are_reported(tmp_path: Path) -> None:
    lines = ['{"headline": "oil"}', "{", "[1]", '{"headline": 7}', '{"title": "x"}', '{"headline": " "}', ""]
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    result = run("classify", "-f", tmp_path / "a.jsonl")
    assert result.exit_code == 1
    assert [one["line"] for one in rows(result)] == [1]
    reported = result.stderr.splitlines()
    assert [line.split(" (")[0] for line in reported[:2]] == ["line 2 is not JSON", "line 3 is not a JSON object"]
    assert reported[2:4] == [f"line {number} has no text in its field 'headline'" for number in (4, 5)]
    assert reported[4] == "line 6 is empty"
    assert reported[5].startswith("line 7 is not JSON")


def test_bad_csv_records_are_reported_where_they_begin(tmp_path: Path) -> None:
    content = b'id,headline\n1,"oil\nprices"\n2\n3,"a"b\n4,\xff\n\xff,wheat\n' + b"5," + b"x" * 200_000 + b"\n6,gold\n"
    (tmp_path / "a.csv").write_bytes(content)
    result = run("classify", "-f", tmp_path / "a.csv")
    assert result.exit_code == 1
    assert [(one["line"], one["headline"]) for one in rows(result)] == [(2, "oil\nprices"), (7, "wheat"), (9, "gold")]
    assert [line.split(" (")[0] for line in result.stderr.splitlines()[:4]] == [
        "line 4 has no column 'headline'",
        "line 5 is not CSV",
        "line 6 is not UTF-8",
        "line 8 is not CSV",
    ]


def test_missing_column_is_a_usage_error_that_names_those_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,oil\n")
    result = run("classify", "-f", tmp_path / "a.csv")
    assert result.exit_code == 2
    assert "no column 'headline'; the first line has: id, title." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("oil", "-f", "-"),
        ("-f", "-", "--column", "a", "--field", "b"),
        ("oil", "--top-k", "47"),
        ("oil", "--format", "parquet"),
        ("oil", "--address", "auto"),
        ("--engine", "ray", "in"),
        ("--engine", "ray", "in", "out", "--url", "http://127.0.0.1:1"),
    ],
)
def test_wrong_use_is_2(arguments: tuple[str, ...]) -> None:
    assert run("classify", *arguments).exit_code == 2


def test_no_model_is_3_with_one_sentence(tmp_path: Path) -> None:
    result = run("classify", "oil", "--model", tmp_path / "none")
    assert result.exit_code == 3
    assert "no such bundle folder" in result.stderr
    assert result.stdout == ""


def test_model_says_what_the_manifest_says(tiny_bundle: Path) -> None:
    body = json.loads(run("model").stdout)
    assert (body["name"], body["version"], body["encoding"]["size"]) == ("tiny", "1", 300)
    assert body["digest"] == load_classifier(tiny_bundle).bundle.digest


def test_topics_lists_all_46() -> None:
    lines = run("topics").stdout.splitlines()
    assert len(lines) == 47
    assert lines[17].split() == ["16", "crude", "Crude", "oil", "26", "0.80", "0.75", "-"]
    as_json = [json.loads(line) for line in run("topics", "--json").stdout.splitlines()]
    assert [one["label"] for one in as_json] == list(range(46))


def test_help_tells_the_exit_statuses() -> None:
    text = run("classify", "--help").stdout
    assert "Exit status:" in text
    assert all(f"\n    {status}" in text for status in (0, 1, 2, 3, 130))


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


def test_ray_that_is_not_installed_is_3_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.commands.bulk.command.find_spec", lambda _: None)
    result = run("classify", "--engine", "ray", "in", "out")
    assert result.exit_code == 3
    assert "--engine ray needs Ray: pip install '.[ray]'" in result.stderr


def big_file(folder: Path, lines: int) -> Path:
    file = folder / "big.txt"
    file.write_text("\n".join(HEADLINES * (lines // 3)) + "\n")
    return file


def test_closed_pipe_ends_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("classify", "-f", big_file(tmp_path, 60_000)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["topic"] == "crude"
        process.stdout.close()
        assert process.wait(30) == 141
        assert process.stderr.read() == b""


def test_interrupt_ends_it_cleanly_and_gives_the_cursor_back(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    endless = subprocess.Popen(["yes", "oil prices"], stdout=subprocess.PIPE)
    process = subprocess.Popen(
        command("classify", "-f", "-"), cwd=ROOT, stdin=endless.stdout, stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["topic"] == "crude"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        shown = os.read(controller, 1_000_000).decode()
    finally:
        for one in (endless, process):
            one.kill()
            one.wait(10)
        endless.stdout.close()
        os.close(controller)
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["topic"] == "crude", "the last row is cut off"
    assert "Stopped." in shown
    assert "Traceback" not in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    file = big_file(tmp_path, 3000)
    plain = subprocess.run(command("classify", "-f", file), cwd=ROOT, capture_output=True, check=True)
    assert plain.stderr == b""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        command("classify", "-f", file), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=terminal
    ) as process:
        os.close(terminal)
        assert process.wait(30) == 0
    shown = os.read(controller, 1_000_000)
    os.close(controller)
    assert b"100%" in shown


@pytest.mark.slow
def test_ten_times_the_lines_take_no_more_memory(tmp_path: Path) -> None:
    # Not getrusage's maximum, which begins with that of the process that forked this one.
    peak = "import sys; from app.__main__ import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\n"
    peak += "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line), file=sys.stderr)"

    def kilobytes(lines: int) -> int:
        arguments = [sys.executable, "-c", peak, "classify", "-f", str(big_file(tmp_path, lines))]
        done = subprocess.run(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return int(done.stderr)

    few, many = kilobytes(30_000), kilobytes(300_000)
    assert many < few + 4096, f"{few} kB for 30,000 lines, {many} kB for 300,000"


@pytest.mark.slow
def test_speed_in_process_is_far_from_a_loop_of_single_predictions(tmp_path: Path) -> None:
    begun = time.process_time()
    assert run("classify", "-f", big_file(tmp_path, 60_000)).exit_code == 0
    # 50,000 a second is the bar on a quiet machine; a tenth of it catches a lost batch without ever being flaky.
    assert 60_000 / (time.process_time() - begun) > 5_000
