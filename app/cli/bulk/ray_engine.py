"""Runs a bulk job with Ray, on all cores of one machine or of a cluster.

Ray Data distributes shard numbers to a pool of actors, each with a classifier, and reassigns them when an actor or its
node dies. Headlines never pass through Ray: an actor reads its shard from the file system and writes its answers there.
"""

import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from app.classifier import TopicClassifier
from app.cli.bulk.files import File, absolute, resolve
from app.cli.bulk.output import Output
from app.cli.bulk.plan import Job, Plan
from app.cli.bulk.rows import shard_rows
from app.cli.bulk.sharding import Shard, split_file
from app.cli.exit_status import ExitStatus, InputError, OutputError, UnavailableError
from app.cli.predictors import local_predictor, predict_chunks
from app.cli.readers.csv_rows import ColumnError
from app.cli.readers.row import without_empty

OBJECT_STORE_BYTES = 128 * 1024 * 1024
"""Ray's object store when Ray is started here: enough for the model. Ray's default is 30% of the memory."""

IN_FLIGHT = 2
"""Shards assigned to an actor at a time: the current one and the next."""

CONNECT_SECONDS = 5
"""Timeout for the connection to a cluster's address."""


class JobSummary(NamedTuple):
    """State of the output folder after a run."""

    shards: int
    shards_before: int
    """Shards that an earlier run had finished."""
    classified: int
    """Headlines classified in this run."""
    bad_files: int
    """Shards with bad rows, over all runs."""


class ShardClassifier:
    """Classifies shards; Ray Data runs one in each actor."""

    def __init__(self, classifier: TopicClassifier, source: str, target: str, plan: Plan) -> None:
        self._plan = plan
        self._files = {file.name: file for file in plan.job.files}
        self._system = resolve(source)[0]
        self._output = Output(target, plan.job.form, plan.job.top_k)
        self._predict = local_predictor(classifier, plan.job.top_k)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Classify the shards with the numbers in column `item`.

        Returns:
            One entry per shard in each column: `classified` (headlines), `status` (an ExitStatus), and `fault` (the
            error message, empty if there was none).
        """
        done = [self._classify(self._plan.shards[number]) for number in batch["item"]]
        return {
            "classified": [shard.classified for shard in done],
            "status": [shard.status for shard in done],
            "fault": [shard.fault for shard in done],
        }

    def _classify(self, shard: Shard) -> "_ShardResult":
        job = self._plan.job
        rows = shard_rows(self._system, self._files[shard.file], shard, job.names, job.max_characters)
        try:
            if job.skip_empty:
                rows = without_empty(rows)
            return _ShardResult(self._output.write(shard, predict_chunks(rows, self._predict)), ExitStatus.OK, "")
        except (InputError, OutputError) as error:  # returned, because Ray would wrap an exception in two tracebacks
            return _ShardResult(0, error.exit_code, error.message.rstrip("."))
        except ColumnError as error:
            return _ShardResult(0, ExitStatus.INPUT, str(error))


class _ShardResult(NamedTuple):
    classified: int
    status: int
    fault: str


def classify_files(
    job: Job, classifier: TopicClassifier, *, source: str, target: str, address: str | None
) -> JobSummary:
    """Classify the shards whose answers are not yet in the output folder.

    Args:
        job: what to classify, and how.
        classifier: the model, sent to every actor.
        source: input file or folder; every node must be able to read it under this path or URI.
        target: output folder; every node must be able to write it under this path or URI.
        address: of a Ray cluster; None starts Ray on this machine for this run.

    Raises:
        UnavailableError: the output folder holds other files, or Ray cannot be started, reached or continued.
        InputError: a file cannot be read.
        OutputError: a file cannot be written.
        ColumnError: a file does not have the column.
    """
    source, target = absolute(source), absolute(target)
    output = Output(target, job.form, job.top_k)
    plan = Plan.load(output, target, job)
    ray = _connect(address)
    try:
        if plan is None:
            tasks = [ray.remote(_cut).remote(source, file, job.names) for file in job.files]
            plan = Plan(job=job, shards=[shard for shards in ray.get(tasks) for shard in shards])
            output.write_plan(plan.model_dump_json().encode())
        finished = output.names()
        todo = [number for number, shard in enumerate(plan.shards) if output.name(shard) not in finished]
        classified = 0
        with click.progressbar(length=len(todo), file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
            for row in _classify(todo, (classifier, source, target, plan)):
                if row["fault"]:
                    kind = OutputError if row["status"] == ExitStatus.OUTPUT else InputError
                    raise kind(f"{row['fault'].rstrip('.')}; run the command again to continue.")
                classified += row["classified"]
                progress.update(1)
    except (ColumnError, InputError) as error:
        raise getattr(error, "cause", error) from None  # Ray's wrapper holds the remote traceback as text
    except ray.exceptions.RayError as error:
        raise UnavailableError(f"Ray stopped ({error}); run the command again to continue.") from None
    finally:
        ray.shutdown()
    output.remove_unfinished()
    return JobSummary(len(plan.shards), len(plan.shards) - len(todo), classified, output.bad_files())


def _cut(source: str, file: File, names: Sequence[str]) -> list[Shard]:
    """Split one file; runs as a Ray task, because it reads the file."""
    return split_file(resolve(source)[0], file, names)


def _classify(todo: list[int], arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Run a ShardClassifier with these constructor arguments over shard numbers; yields its rows as shards finish."""
    import ray.data  # noqa: PLC0415

    if not todo:
        return
    logging.getLogger("ray.data._internal").setLevel(logging.ERROR)  # no execution plans on stderr
    ray.data.DataContext.get_current().enable_progress_bars = False
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    dataset = ray.data.from_items(todo, override_num_blocks=len(todo)).map_batches(
        ShardClassifier,
        fn_constructor_args=arguments,
        batch_size=1,
        num_cpus=1,
        # The pool may shrink: near the end, an idle actor must free its core for one that was restarted elsewhere.
        compute=ray.data.ActorPoolStrategy(
            min_size=1,
            initial_size=min(cores, len(todo)),
            max_size=len(todo),
            max_tasks_in_flight_per_actor=IN_FLIGHT,
        ),
    )
    yield from dataset.iter_rows()


def _connect(address: str | None) -> Any:  # noqa: ANN401 - the module
    """The `ray` module, connected to a cluster, or to a Ray instance started for this run.

    Raises:
        UnavailableError: Ray cannot be started, or no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray sends usage statistics unless this is 0
    if address is None:
        # With this set to 0, Ray listens on loopback only.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray  # noqa: PLC0415 - reads the variables when imported

    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init("local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
        else:
            if port.isdecimal():
                socket.create_connection((host, int(port)), CONNECT_SECONDS).close()  # Ray itself retries for minutes
            # Ray copies this package to the nodes; its dependencies must be installed there.
            ray.init(address, runtime_env={"py_modules": [str(Path(__file__).parents[2])]}, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise UnavailableError(f"{address or 'Ray'}: cannot be reached or started ({error}).") from None
    return ray
