"""python -m app classify --engine ray: files of any size, on all cores of a machine or of a cluster.

Ray Data hands the numbers of shards to a pool of actors, one classifier each, and hands them out again when an actor or
its node dies. Headlines never pass through Ray: an actor reads its shard, and writes its answers, where the files are.
"""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from app.classifier import TopicClassifier
from app.cli.bulk.files import File, absolute, place
from app.cli.bulk.output import Output
from app.cli.bulk.plan import Job, Plan
from app.cli.bulk.rows import shard_rows
from app.cli.bulk.sharding import Shard, cut
from app.cli.exit_status import ExitStatus, InputError, NoAnswerError, OutputError
from app.cli.predictors import ask_all, in_process
from app.cli.readers.csv_rows import ColumnError

OBJECT_STORE_BYTES = 128 * 1024 * 1024
"""Of a Ray of our own: room for the model, and shards are only numbers. Ray's default is 30% of the memory."""

IN_FLIGHT = 2
"""Shards given to an actor: the one in work and the next."""

CONNECT_SECONDS = 5


class Done(NamedTuple):
    """What is there after a run."""

    shards: int
    shards_before: int
    """Those that an earlier run had done."""
    answered: int
    """Headlines, in this run."""
    bad_files: int
    """Shards with bad rows, from all runs."""


class ShardClassifier:
    """What an actor runs."""

    def __init__(self, classifier: TopicClassifier, source: str, target: str, plan: Plan) -> None:
        self._plan = plan
        self._files = {file.name: file for file in plan.job.files}
        self._system = place(source)[0]
        self._output = Output(target, plan.job.form, plan.job.top_k)
        self._ask = in_process(classifier, plan.job.top_k)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Shards, by number, to how many of their headlines were answered, and what stopped it, if anything did."""
        done = [self._classify(self._plan.shards[number]) for number in batch["item"]]
        answered, statuses, faults = zip(*done, strict=True)
        return {"answered": list(answered), "status": list(statuses), "fault": list(faults)}

    def _classify(self, shard: Shard) -> tuple[int, int, str]:
        job = self._plan.job
        rows = shard_rows(self._system, self._files[shard.file], shard, job.name, job.max_characters)
        try:
            return self._output.write(shard, ask_all(rows, self._ask)), ExitStatus.OK, ""
        except (InputError, OutputError) as error:  # not raised: Ray would wrap it in two tracebacks
            return 0, error.exit_code, error.message.rstrip(".")
        except ColumnError as error:
            return 0, ExitStatus.INPUT, str(error)


def classify_files(job: Job, classifier: TopicClassifier, *, source: str, target: str, address: str | None) -> Done:
    """Classify what is not in the folder `target` yet; every node has to see both under the same path or URI.

    `address`: of a cluster; None: Ray is started here, for this alone.

    Raises:
        NoAnswerError: the target holds other things, or Ray cannot be had.
        InputError: a file cannot be read.
        OutputError: one cannot be written.
        ColumnError: a file does not have the column.
    """
    source, target = absolute(source), absolute(target)
    output = Output(target, job.form, job.top_k)
    plan = Plan.kept(output, target, job)
    ray = _connect(address)
    try:
        if plan is None:
            tasks = [ray.remote(_cut).remote(source, file, job.name) for file in job.files]
            plan = Plan(job=job, shards=[shard for shards in ray.get(tasks) for shard in shards])
            output.keep_plan(plan.model_dump_json().encode())
        there = output.names()
        todo = [number for number, shard in enumerate(plan.shards) if output.name(shard) not in there]
        answered = 0
        with click.progressbar(length=len(todo), file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
            for row in _classify(todo, (classifier, source, target, plan)):
                if row["fault"]:
                    stopped = OutputError if row["status"] == ExitStatus.OUTPUT else InputError
                    raise stopped(f"Cannot go on: {row['fault']}; a rerun does what is left.")
                answered += row["answered"]
                progress.update(1)
    except (ColumnError, InputError) as error:
        raise getattr(error, "cause", error) from None  # what a task raises brings its traceback along as text
    except ray.exceptions.RayError as error:
        raise NoAnswerError(f"Ray cannot go on ({error}); a rerun does what is left.") from None
    finally:
        ray.shutdown()
    output.tidy()
    return Done(len(plan.shards), len(plan.shards) - len(todo), answered, output.bad_files())


def _cut(source: str, file: File, name: str) -> list[Shard]:
    """In a task, because it reads the file."""
    return cut(place(source)[0], file, name)


def _classify(todo: list[int], arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """What ShardClassifier, made with some arguments, says of each shard, as they are done."""
    import ray.data  # noqa: PLC0415

    if not todo:
        return
    logging.getLogger("ray.data._internal").setLevel(logging.ERROR)  # its plans and progress: there is a bar already
    ray.data.DataContext.get_current().enable_progress_bars = False
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    dataset = ray.data.from_items(todo, override_num_blocks=len(todo)).map_batches(
        ShardClassifier,
        fn_constructor_args=arguments,
        batch_size=1,
        num_cpus=1,
        # No fixed size: when shards run out, an idle actor must leave its core to one that has lost its node.
        compute=ray.data.ActorPoolStrategy(
            min_size=1,
            initial_size=min(cores, len(todo)),
            max_size=len(todo),
            max_tasks_in_flight_per_actor=IN_FLIGHT,
        ),
    )
    yield from dataset.iter_rows()


def _connect(address: str | None) -> Any:  # noqa: ANN401 - the module
    """Ray, connected to a cluster or to one of its own.

    Raises:
        NoAnswerError: it is not installed, or nobody answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it reports to its makers unless told not to
    if address is None:
        # Where Ray makes no clusters it listens on loopback only, and one for this command is nobody else's business.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray  # noqa: PLC0415 - reads the variables when imported
    except ImportError:
        raise NoAnswerError("--engine ray needs Ray: pip install '.[ray]' in this folder.") from None
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init("local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
        else:
            if port.isdecimal():
                socket.create_connection((host, int(port)), CONNECT_SECONDS).close()  # Ray itself tries for minutes
            # The code goes along; what it imports has to be installed on the nodes.
            ray.init(address, runtime_env={"py_modules": [str(Path(__file__).parents[2])]}, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise NoAnswerError(f"{address or 'Ray'}: cannot be reached or started ({error}).") from None
    return ray
