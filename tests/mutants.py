"""Mutation testing: puts one small fault at a time into the code, which the fast tests should notice.

Cosmic Ray makes the faults: unlike mutmut, it also changes decorated code and code outside functions, such as routes
and settings. Its own runner would start pytest for every fault. Here, each fault is tried in a fork of this process,
which has imported every library, on a copy of the working tree. Coverage says which tests run the faulty line: those
are run first, then others of the file.
"""

import contextlib
import difflib
import gc
import importlib
import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import coverage
import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso import parse

ROOT = Path(__file__).resolve().parents[1]
MUTATED = ("app", "client", "training")
TESTS = ("tests/app", "tests/classifier", "tests/client", "tests/house", "tests/training", "tests/test_tiny_bundle.py")
OPTIONS = ("-q", "-m", "not slow", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
LEFT_ALONE = ("description=", "frozen=", "help=", "slots=", "strict=")
"""Arguments without which everything but documentation and careless code goes on as before."""


class StatementRemoval(Operator):
    """`pass` in the place of a call, an assignment, a `return` or a `raise`."""

    examples = tuple

    def mutation_positions(self, node):
        kinds = ("atom_expr", "await", "expr_stmt", "raise_stmt", "return_stmt")
        if node.type == "simple_stmt" and node.children[0].type in kinds and node.parent.type != "file_input":
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        return parse(f"{node.get_first_leaf().prefix}pass\n")


class ArgumentRemoval(Operator):
    """A call without one of its keyword arguments."""

    examples = tuple

    def mutation_positions(self, node):
        for one in node.children if node.type == "arglist" else ():
            if one.type == "argument" and one.children[1] == "=":
                yield one.start_pos, one.end_pos

    def mutate(self, node, index):
        start, _ = list(self.mutation_positions(node))[index]
        at = next(number for number, one in enumerate(node.children) if one.start_pos == start)
        del node.children[at : at + 2]
        return node


def mutants(source: str, chosen: random.Random) -> Iterator[tuple[int, str]]:
    """First line of a fault, and the source with it: one for each place of the source, in a random order."""
    operators = [get_operator(name) for name in operator_names() if "BitOr" not in name]  # `|` is mostly in types
    lines = source.splitlines()
    places: dict[object, list[tuple[Operator, int]]] = {}
    nodes = list(ast_nodes(get_ast(source)))
    for operator in (*(one() for one in operators if not one.arguments()), StatementRemoval(), ArgumentRemoval()):
        found = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, place in enumerate(found):
            row, column = place[0]
            before, after = lines[row - 1][:column], lines[row - 1][column:]
            if not before.endswith(LEFT_ALONE) and not after.startswith(LEFT_ALONE):
                places.setdefault(place, []).append((operator, occurrence))
    for place in chosen.sample(sorted(places), len(places)):
        operator = chosen.choice(places[place])
        with contextlib.suppress(AttributeError, SyntaxError, TypeError):  # an operator fails, or what it makes
            mutated = mutate_code(source, *operator)
            compile(mutated, "mutant", "exec")
            yield place[0][0], mutated


class Contexts:
    """Pytest plugin: tells coverage which test runs, and keeps how long each that passes takes."""

    def __init__(self, measured):
        self.measured, self.seconds = measured, {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.measured.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            self.seconds[report.nodeid] = report.duration


class Selection:
    """Pytest plugin: leaves the given tests only, in their order."""

    def __init__(self, tests):
        self.place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )


def measure(tree: Path) -> bool:
    """Run all fast tests once; write how long each took, the tests by file and line, and the libraries imported."""
    sys.dont_write_bytecode = False  # else each fork would compile all files that it imports
    measured = coverage.Coverage(data_file=None, source=[str(tree / one) for one in MUTATED])
    plugin = Contexts(measured)
    with measured.collect():
        pytest.main([*OPTIONS, *TESTS], plugins=[plugin])
    data = measured.get_data()
    lines = {str(Path(file).relative_to(tree)): data.contexts_by_lineno(file) for file in data.measured_files()}
    own = (*MUTATED, "benchmarks", "topics_client", "tests", "__main__")
    libraries = [name for name in sys.modules if name.partition(".")[0] not in own]
    (tree / "measured.json").write_text(json.dumps({"seconds": plugin.seconds, "lines": lines, "libraries": libraries}))
    return True


def relevant(name: str, line: int, lines: dict[str, list[str]], seconds: dict[str, float], budget: float) -> list[str]:
    """The tests to run for a fault, as many as the budget allows: first those that run its line or one just above.

    The quickest of the file's own tests come first, because most faults fail any of them. A line that runs only while
    it is imported, such as a field of a schema, gets all tests of its folder.
    """
    here = [set(lines.get(str(number), ())) & seconds.keys() for number in range(line, max(line - 8, 0), -1)]
    nearest = next((tests for tests in here if tests), set())
    folder, mirrored = f"/{Path(name).parent.name.removeprefix('topics_')}/", f"/test_{Path(name).stem.strip('_')}.py"
    tests = {test for tests in lines.values() for test in tests} & seconds.keys()
    tests |= {test for test in seconds if mirrored in test or (folder in test and not nearest)}
    taken, spent = [], 0.0
    others = sorted(tests - nearest, key=lambda test: (mirrored not in test, seconds[test]))
    for test in (*sorted(nearest, key=lambda test: (mirrored not in test, seconds[test])), *others):
        if not taken or spent + seconds[test] <= budget:
            taken.append(test)
            spent += seconds[test] + 0.02
    return taken


def passes(tests: list[str]) -> bool:
    """Whether all of these tests pass; there may be none.

    Those in the file of the first one are run before other files are imported, because most faults fail one of them.
    """
    arguments = (*OPTIONS, "-x", "--hypothesis-seed=0", "--hypothesis-profile=mutants")
    first = [test for test in tests if test.partition("::")[0] == tests[0].partition("::")[0]]
    for part in (first, [test for test in tests if test not in first]):
        files = dict.fromkeys(test.partition("::")[0] for test in part)
        if part and pytest.main([*arguments, *files], plugins=[Selection(part)]) != 0:
            return False
    return True


def starved(process: int) -> float:
    """Seconds for which a process was ready to run and had no processor; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def forked(tree: Path, seconds: float, work: Callable[[], bool]) -> bool | None:
    """What `work` returns in a fork, inside the tree; None if it takes longer.

    The limit is for processor time; twice that for all time but the time in which other processes had the processors.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), resource.RLIM_INFINITY))
        os.chdir(tree)
        sink = os.open(tree / "output.txt", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(sink, 1), os.dup2(sink, 2)
        sys.path[:1] = [str(tree), str(tree / "client")]
        good = False
        with contextlib.suppress(BaseException):
            good = work()
        os._exit(0 if good else 1)
    start = time.monotonic()
    status = None
    try:
        while status is None and time.monotonic() - start - starved(child) < 2 * seconds:
            time.sleep(0.02)
            done, code = os.waitpid(child, os.WNOHANG)
            status = code if done else None
    finally:
        with contextlib.suppress(ProcessLookupError):  # the fork and what it has started; all may have ended
            os.killpg(child, signal.SIGKILL)
        if status is None:
            os.waitpid(child, 0)
    if status is None or status == signal.SIGXCPU:
        return None
    return status == 0


def survives(tree: Path, file: Path, mutated: str, tests: list[str], seconds: float) -> bool:
    """Whether the tests pass with the fault in the file. A fault that makes them hang does not survive.

    They hang if they are not done after `seconds`, and without the fault, right afterwards, done in a third of that.
    If they are slow without the fault too, then the machine is busy, and the fault is tried again with more time.
    """
    source = file.read_text("utf-8")
    while True:
        file.write_text(mutated, "utf-8")
        passed = forked(tree, seconds, lambda: passes(tests))
        file.write_text(source, "utf-8")
        if passed is not None:
            return passed
        unchanged = forked(tree, seconds / 3, lambda: passes(tests))
        if unchanged is False:
            text = (tree / "output.txt").read_text("utf-8")
            raise click.ClickException(f"Tests fail without a fault:\n{text[-2_000:]}")
        if unchanged:
            return False
        seconds *= 2


@click.command(
    help=f"{__doc__}\nWithout FILES it takes those that were changed since --base; a folder means all in it."
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--base", default="main", show_default=True, help="A commit or branch.")
@click.option("--places", default=25, show_default=True, help="Faults a file.")
@click.option("--seed", default=0, show_default=True, help="Another one chooses other places.")
@click.option("--minutes", default=30.0, show_default=True, help="Try faults for so long.")
@click.option("--budget", default=10.0, show_default=True, help="Seconds of tests for a fault, as measured without it.")
def main(files: tuple[Path, ...], base: str, places: int, seed: int, minutes: float, budget: float) -> None:  # noqa: PLR0917
    git = ["git", "-C", str(ROOT)]
    listed = subprocess.check_output([*git, "ls-files", "-co", "--exclude-standard"], text=True).splitlines()
    wanted = [file.resolve() for file in files]
    if not files:
        command = [*git, "diff", "--name-only", base, "--", *MUTATED]
        changed = subprocess.run(command, capture_output=True, text=True, check=False)
        if changed.returncode:
            raise click.UsageError(f"--base {base} is no commit here ({changed.stderr.partition(chr(10))[0]}).")
        wanted = [ROOT / name for name in changed.stdout.splitlines()]
    names = [one for one in listed if one.endswith(".py") and {ROOT / one, *(ROOT / one).parents} & {*wanted}]
    if not names:
        raise click.UsageError("There is no Python file to put faults into: name files, or another --base.")
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # threads that wait for work use the processor
    os.environ |= {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "_hypothesis_pytestplugin",
    }  # in half the time
    hypothesis.settings.register_profile("mutants", phases=[hypothesis.Phase.generate], database=None)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in listed:
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        print("The fast tests are run once to see which lines each of them runs ...", flush=True)
        if not forked(tree, 3600, lambda: measure(tree)):
            raise click.ClickException((tree / "output.txt").read_text("utf-8")[-2_000:])
        measured = json.loads((tree / "measured.json").read_text())
        sys.dont_write_bytecode = True
        for library in measured["libraries"]:
            with contextlib.suppress(BaseException):
                importlib.import_module(library)
        end = time.monotonic() + 60 * minutes
        gc.freeze()  # else the first collection in each fork would copy everything that was imported
        noticed = tried = 0
        for name in names:
            if not measured["lines"].get(name):
                print(f"{name}: no fast test imports it, left out", flush=True)
                continue
            source = (tree / name).read_text("utf-8")
            results = []
            for line, mutated in mutants(source, random.Random(f"{seed} {name}")):
                if len(results) == places or time.monotonic() > end:
                    break
                tests = relevant(name, line, measured["lines"].get(name, {}), measured["seconds"], budget)
                expected = sum(measured["seconds"][test] for test in tests)
                survived = survives(tree, tree / name, mutated, tests, 15 + 3 * expected)
                results.append(survived)
                if survived:
                    texts = (source.splitlines(), mutated.splitlines())
                    print(*difflib.unified_diff(*texts, name, "survives", lineterm="", n=1), sep="\n")
            print(f"{name}: {results.count(False)} of {len(results)} noticed", flush=True)
            noticed, tried = noticed + results.count(False), tried + len(results)
    print(f"All: {noticed} of {tried} noticed, {100 * noticed / max(tried, 1):.0f}%")


if __name__ == "__main__":
    main()
