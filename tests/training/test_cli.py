"""The commands from the user's side: what they print and write, and how they fail."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.classifier import BundleError, load_bundle
from app.classifier.bundle import CARD
from app.cli.usage_errors import EMPTY
from tests.real_data import REPOSITORY
from tests.training.conftest import write_data
from training.bundles.writer import replace_card
from training.cli import cli


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def failure(*arguments: object) -> str:
    """The one-sentence error of a command that fails."""
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    _, _, sentence = result.stderr.partition("Error: ")  # a progress bar's label may come first
    assert sentence.endswith(".\n")
    assert sentence.count("\n") == 1
    return sentence


@pytest.mark.parametrize("command", [[], *([name] for name in cli.commands)])
def test_every_command_has_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_help_lists_every_command_in_a_section_with_its_whole_sentence() -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["--help"]).output
    places = [shown.index(part) for part in ("Your own labels:", "  check ", "  export ", "Reuters:", "  train ")]
    assert places == sorted(places)
    assert "..." not in shown[places[0] :]
    for name, command in cli.commands.items():
        assert f"\n  {name} " in shown
        sentence = (command.help or "").partition(". ")[0].partition("\n\n")[0].split()
        assert " ".join(sentence) in " ".join(shown.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", ""),
        ("check", "news.csv", "--output", ""),
        ("check", "news.csv", "--label-separator", ""),
        ("fit", "news.csv", "--output", ""),
        ("evaluate", ""),
        ("evaluate", "models/book/1", "--data", ""),
        ("evaluate", "models/book/1", "--against", ""),
        ("export", "models/book/1", "--format", "onnx", "--output", ""),
        ("fetch", "--into", ""),
        ("fetch", "--url", ""),
        ("train", "--tensorboard", ""),
        ("compare", "--output", ""),
        ("baselines", "--bundle", ""),
        ("card", ""),
    ],
)
def test_empty_value_is_an_error_and_no_path_of_the_working_folder(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """It is what a shell makes of a variable that is not set."""
    (tmp_path / "news.csv").write_text("text,label\n")
    result = run(*(tmp_path / "news.csv" if value == "news.csv" else value for value in arguments))
    assert (result.exit_code, result.stderr.splitlines()[-1].partition(": The ")[2]) == (2, EMPTY[4:])


@pytest.mark.parametrize("command", ["check", "fit"])
def test_missing_package_is_an_error_that_says_how_to_install_it(command: str) -> None:
    options = ["examples/support_requests.csv", *(["--output", "models/none/1"] if command == "fit" else [])]
    # As in an environment with the packages of the service only.
    code = "import sys; sys.modules |= dict.fromkeys(['h5py', 'keras', 'scipy', 'sklearn', 'tensorflow']);"
    code += f"from training.cli import cli; cli({[command, *options]!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"Error: The package \w+ is not installed; make install installs .* \(3 GB\)\.", last)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_has_an_example_whose_options_exist(name: str) -> None:
    shown = run(name, "--help").output
    _, _, examples = shown.partition("Examples:\n")
    lines = re.findall(rf"^ +python -m training {name}(.*)$", examples, re.MULTILINE)
    assert lines
    options = {option for parameter in cli.commands[name].params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", " ".join(lines))) <= options


def test_output_without_a_version_is_completed(tmp_path: Path) -> None:
    (tmp_path / "news" / "1").mkdir(parents=True)
    (file := tmp_path / "rows.csv").write_text("text,label\n")
    result = run("fit", file, "--output", tmp_path / "news")
    assert (
        f"--output {tmp_path / 'news'}: has no version; the bundle is written to {tmp_path / 'news' / '1'}."
        in result.stderr
    )
    assert "news/1: exists already" in result.stderr


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (".", "does not name the model"),
        ("..", "does not name the model"),
        ("뉴스", "'뉴스' does not fit into a URL"),
        ("뉴스/1", "'뉴스' does not fit into a URL"),
        ("news/1 b", "'1 b' does not fit into a URL"),
        ("my model", "'my model' does not fit into a URL"),
        ("x" * 300, f"'{'x' * 300}' does not fit into a URL"),
    ],
)
def test_output_whose_name_no_url_can_have_is_refused_before_reading(tmp_path: Path, output: str, reason: str) -> None:
    (file := tmp_path / "rows.csv").write_text("text,label\n")
    result = run("fit", file, "--output", output)
    assert result.exit_code == 1
    assert f"--output {output}: {reason}" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_fit_into_a_loop_of_symbolic_links_is_refused_before_reading(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (file := tmp_path / "rows.csv").write_text("text,label\n")
    assert "choose another --output" in failure("fit", file, "--output", tmp_path / "loop" / "1")


@pytest.mark.parametrize("command", [("check",), ("fit", "--label", "b"), ("export", "--format", "onnx")])
def test_output_with_a_name_of_300_characters_is_refused(
    command: tuple[str, ...], tiny_bundle: Path, tmp_path: Path
) -> None:
    (file := tmp_path / "rows.csv").write_text("a,b\n")
    source = tiny_bundle if command[0] == "export" else file
    reason = failure(*command, source, "--output", tmp_path / ("x" * 300))
    assert "does not fit into a URL" in reason if command[0] == "fit" else "choose another --output" in reason
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--no\x1b[31m",),
        ("no\x1b[31m",),
        ("check", "no\x1b[31m.csv"),
        ("check", "--no\x1b[31m"),
        ("fetch", "a\x1b[31m"),
    ],
)
def test_usage_error_does_not_repeat_control_characters(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "[31m" in result.stderr
    assert result.stderr.replace("\n", "").isprintable()


def test_help_waits_for_no_tensorflow() -> None:
    code = "import sys, training.cli; assert not {'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_fetch_that_fails_says_so(tmp_path: Path) -> None:
    assert "cannot be reached" in failure("fetch", "--into", tmp_path / "x", "--url", "http://127.0.0.1:1/x")


def test_epochs_given_and_read_off_exclude_each_other(small_data: Path) -> None:
    result = run("train", "--data", small_data, "--epochs", 3, "--best-epoch")
    assert result.exit_code == 2
    assert "cannot be combined" in result.stderr


def test_train_on_truncated_data_writes_nothing(small_data: Path, tmp_path: Path) -> None:
    keras = tmp_path / "data" / "keras"
    keras.mkdir(parents=True)
    (keras / "reuters.npz").write_bytes((small_data / "keras" / "reuters.npz").read_bytes()[:5_000])
    target = tmp_path / "models" / "book" / "1"
    assert "is truncated" in failure("train", "--data", tmp_path / "data", "--output", target)
    assert not list(tmp_path.glob("models/**/*"))


def test_train_on_wrong_labels_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", [[1], [1, 1]] * 5, [0, 46] * 5, {"oil": 1})
    assert "integers from 0 to 45" in failure("train", "--data", data)


def test_train_on_too_few_wires_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", [[1], [1, 1]] * 5, [0, 45] * 5, {"oil": 1})
    assert "has 8 wires and recipe book holds out 1,000" in failure("train", "--data", data)


def test_train_into_an_unwritable_place_is_refused_before_training(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "choose another --output" in failure("train", "--data", small_data, "--output", tmp_path / "file" / "1")


def test_train_onto_a_bundle_is_refused_before_training(small_data: Path, tiny_bundle: Path) -> None:
    assert "exists already" in failure("train", "--data", small_data, "--output", tiny_bundle)


@pytest.mark.parametrize(("command", "file"), [("compare", "compare.png"), ("baselines", "baselines.md")])
def test_folder_in_the_way_of_a_table_is_found_out_before_training(tmp_path: Path, command: str, file: str) -> None:
    (tmp_path / file).mkdir()
    assert f"{file}: is a folder" in failure(command, "--output", tmp_path)


def test_compare_into_an_unwritable_place_is_refused_before_training(small_data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "choose another --output" in failure("compare", "--data", small_data, "--output", tmp_path / "file" / "x")


def test_recipe_that_no_bundle_can_hold_is_refused(small_data: Path, tmp_path: Path) -> None:
    sentence = failure("train", "--data", small_data, "--recipe", "embedding", "--output", tmp_path / "1")
    assert "leave out --output" in sentence


def test_evaluate_of_no_bundle_is_refused(small_data: Path, tmp_path: Path) -> None:
    assert "no such bundle folder" in failure("evaluate", tmp_path / "none", "--data", small_data)


def test_evaluate_with_a_damaged_archive_is_refused(small_data: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "keras").symlink_to(small_data / "keras")
    (tmp_path / "reuters21578.tar.gz").write_bytes(b"half")
    assert "cannot be read (" in failure("evaluate", tiny_bundle, "--data", tmp_path)


def test_evaluate_prints_a_table_and_says_that_the_archive_is_absent(small_data: Path, tiny_bundle: Path) -> None:
    result = run("evaluate", tiny_bundle, "--data", small_data)
    assert result.exit_code == 0, result.output
    assert "macro-F1" in result.stdout
    assert "No archive at" in result.stderr


def test_headlines_without_an_archive_is_refused(small_data: Path) -> None:
    assert "There is no archive at" in failure("train", "--recipe", "headlines", "--data", small_data)


def test_headlines_has_no_best_epoch(small_data: Path) -> None:
    result = run("train", "--recipe", "headlines", "--best-epoch", "--data", small_data)
    assert result.exit_code == 2
    assert "do not apply to the recipe headlines" in result.stderr


def test_evaluate_against_without_an_archive_is_refused(small_data: Path, tiny_bundle: Path) -> None:
    assert "There is no archive at" in failure("evaluate", tiny_bundle, "--against", tiny_bundle, "--data", small_data)


def test_baselines_of_no_bundle_is_refused(small_data: Path, tmp_path: Path) -> None:
    sentence = failure("baselines", "--bundle", tmp_path / "none", "--data", small_data, "--output", tmp_path)
    assert "no such bundle folder" in sentence


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device"), "The output cannot be read or written (No space left on device).\n"),
        (OSError(5, "Input/output error", "/x/y"), "/x/y: cannot be read or written (Input/output error).\n"),
        (BundleError("/x/\x1b[31m: is wrong."), "/x/ [31m: is wrong.\n"),
    ],
)
def test_failure_of_the_disk_that_no_module_expects_is_one_sentence(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(_: Path) -> None:
        raise error

    monkeypatch.setattr("training.cli.evaluate.load_classifier", fail)
    assert failure("evaluate", tiny_bundle) == sentence


def test_reader_that_closes_the_pipe_ends_the_command_without_a_message(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("training.cli.evaluate.load_classifier", fail)
    result = run("evaluate", tiny_bundle)
    assert (result.exit_code, result.output) == (1, "")


def test_evaluate_prints_json_alone_on_stdout(small_data: Path, tiny_bundle: Path) -> None:
    figures = json.loads(run("evaluate", tiny_bundle, "--data", small_data, "--json").stdout)
    assert len(figures["topics"]) == len(figures["test"]["confusion"]) == len(figures["test"]["topics"]) == 46


def test_tensorboard_that_is_not_installed_is_refused_before_training(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    sentence = failure("train", "--data", small_data, "--tensorboard", tmp_path)
    assert "--tensorboard needs the package tensorboard" in sentence


def test_sentence_transformer_that_is_not_installed_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    sentence = failure("baselines", "--sentence-transformer", "--output", tmp_path)
    assert "--sentence-transformer needs the package sentence-transformers" in sentence


@pytest.mark.slow
def test_train_writes_a_bundle_whose_figures_evaluate_repeats(small_data: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "small" / "1"
    result = run("train", "--data", small_data, "--seeds", 2, "--epochs", 2, "--output", target)
    assert result.exit_code == 0, result.output
    assert "published" in result.stdout
    assert result.stderr.startswith("Takes less than a minute on one core.\n")
    # Also in a file: each network ends with a line, with its last loss and accuracy.
    ended = r"^\[\d+:\d\d\] network, pass (\d) of 3: 100%, loss \d\.\d+, accuracy 0\.\d+, 0:00 left$"
    assert re.findall(ended, result.stderr, re.MULTILINE) == ["1", "2", "3"]
    manifest = json.loads((target / "manifest.json").read_text())
    assert (manifest["name"], manifest["version"]) == ("small", "1")
    assert manifest["recipe"]["seeds"] == [1, 2]
    assert sum(topic["support"] for topic in manifest["topics"]) == 200  # 1,200 less 1,000 held out
    assert sum(manifest["reference"]["topic_mix"].values()) == pytest.approx(1, abs=1e-3)
    plots = ["loss.png", "accuracy.png", "confusion.png"]
    assert set(manifest["files"]) >= {
        "model.keras",
        "word_index.json",
        "golden.json",
        "README.md",
        "history.csv",
        *plots,
    }
    card = (target / "README.md").read_text()
    assert all(f"]({name})" in card for name in plots)
    assert len((target / "history.csv").read_text().splitlines()) == 1 + 20 + 2 * 2
    again = json.loads(run("evaluate", target, "--data", small_data, "--json").stdout)
    assert again["test"]["accuracy"] == manifest["figures"]["test"]["accuracy"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.slow
def test_compare_writes_its_table(small_data: Path, tmp_path: Path) -> None:
    result = run("compare", "--recipe", "bottleneck-4", "--seeds", 1, "--data", small_data, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    assert "| `bottleneck-4` |" in (tmp_path / "compare.md").read_text()


@pytest.mark.slow
def test_ctrl_c_in_mid_training_ends_130_and_leaves_nothing(small_data: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "1"
    command = [sys.executable, "-m", "training", "train", "--data", small_data, "--epochs", "1000"]
    command += ["--output", target]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Takes about 17 minutes on one core.\n"
        assert any("network, pass 1 of 2" in line for line in process.stderr)  # training has begun
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.rstrip().endswith("Stopped; incomplete results were not written.")
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("models/**/*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_stop_signal_leaves_no_incomplete_folder(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def write(*_: object) -> None:
        assert list(tmp_path.iterdir())
        signal.raise_signal(number)

    monkeypatch.setattr("training.bundles.onnx.write_onnx", write)
    before = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup, which ignores SIGHUP
    try:
        result = run("export", tiny_bundle, "--format", "onnx", "--output", tmp_path / "out")
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert result.exit_code == 128 + number
    assert result.stderr == "\nStopped; incomplete results were not written.\n"
    assert not list(tmp_path.iterdir())


def test_signal_that_is_ignored_stays_so(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.bundles.onnx.write_onnx", lambda *_: signal.raise_signal(signal.SIGHUP))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = run("export", tiny_bundle, "--format", "onnx", "--output", tmp_path / "out")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert result.exit_code == 0


def test_stop_signal_that_arrives_in_a_destructor_ends_the_command_with_its_status(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def train_on(_: Path) -> None:
        Interrupted()
        time.sleep(60)

    monkeypatch.setattr("training.cli.evaluate.load_classifier", train_on)
    assert run("evaluate", tiny_bundle).exit_code == 143


def test_ctrl_c_that_arrives_in_a_destructor_ends_the_command_too(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    def train_on(_: Path) -> None:
        Interrupted()
        time.sleep(60)

    monkeypatch.setattr("training.cli.evaluate.load_classifier", train_on)
    result = run("evaluate", tiny_bundle)
    assert result.exit_code == 130
    assert result.stderr == "\nStopped; incomplete results were not written.\n"


def test_card_is_written_again_from_the_manifest(tmp_path: Path) -> None:
    target = tmp_path / "1"
    shutil.copytree(REPOSITORY / "models" / "book" / "1", target)
    card = (target / CARD).read_text("utf-8")
    replace_card(target, "# Old\n")
    result = run("card", target)
    assert result.exit_code == 0, result.output
    assert (target / CARD).read_text("utf-8") == card
    assert load_bundle(target).digest in result.output


def test_card_of_a_copy_says_which_figures_it_lacks(tmp_path: Path) -> None:
    target = shutil.copytree(REPOSITORY / "models" / "headlines" / "7", tmp_path / "9")
    assert run("card", target).stderr == ""
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    (target / "manifest.json").write_text(json.dumps(manifest | {"version": "9"}))
    result = run("card", target)
    assert result.exit_code == 0, result.output
    assert result.stderr == (
        "The card has no figures on the development sample: docs/headlines/present_day.json has those of headlines/7,"
        " not of headlines/9.\n"
    )


def test_card_of_another_programs_bundle_is_left_alone(tiny_bundle: Path) -> None:
    assert "its recipe is unknown to this program" in failure("card", tiny_bundle)


def test_card_of_another_release_is_left_alone(tmp_path: Path) -> None:
    target = shutil.copytree(REPOSITORY / "models" / "headlines" / "7", tmp_path / "6")
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    del manifest["recipe"]["held_out_every"]
    (target / "manifest.json").write_text(json.dumps(manifest))
    before = (target / CARD).read_bytes()
    assert "its manifest lacks 'held_out_every', which the card of this release shows" in failure("card", target)
    assert (target / CARD).read_bytes() == before


def test_interrupt_during_imports_ends_without_a_traceback(tmp_path: Path) -> None:
    # Imported instead of click, the first package that is not the project's.
    (tmp_path / "click.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)")
    done = subprocess.run(
        [sys.executable, "-m", "training", "check", "rows.csv"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, b"")
