"""Plan of a bulk job, stored in its output folder, so that a second run does only the shards that are missing."""

from typing import Self

from pydantic import BaseModel, ValidationError

from app.cli.bulk.files import File
from app.cli.bulk.output import Output
from app.cli.bulk.sharding import Shard
from app.cli.exit_status import UnavailableError
from app.cli.writers import BulkOutputFormat


class Job(BaseModel, frozen=True):
    """Everything that determines the answers and the file that holds each of them."""

    files: list[File]
    name: str
    """Column or field that holds the headline, or the first of several."""
    further_names: tuple[str, ...] = ()
    """The others, in the order in which their texts are joined; empty in a plan of an older release."""
    form: BulkOutputFormat
    top_k: int
    digest: str
    """Digest of the model's bundle."""
    min_probability: float
    outside_threshold: float | None = None
    max_characters: int
    skip_empty: bool = False
    columns: tuple[str, ...] = ()
    """Names of the output columns for one topic; empty in a plan of an older release, whose columns were different."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns or fields that hold the headline."""
        return (self.name, *self.further_names)


class Plan(BaseModel, frozen=True):
    """A job and its shards; stored, because a later release may split files in another way."""

    job: Job
    shards: list[Shard]

    @classmethod
    def load(cls, output: Output, address: str, job: Job) -> Self | None:
        """Read the plan from the output folder; None if the folder is empty.

        Args:
            output: the folder.
            address: its name in error messages.
            job: the job that is about to run.

        Raises:
            UnavailableError: the folder holds the answers of another job, or other files.
        """
        raw = output.read_plan()
        if raw is None:
            if any(not name.startswith("_") for name in output.names()):
                raise UnavailableError(f"{address}: holds other files; name an empty or new folder.")
            return None
        try:
            plan = cls.model_validate_json(raw)
        except ValidationError:
            raise UnavailableError(f"{address}: its _plan.json cannot be read; name an empty or new folder.") from None
        if plan.job != job:
            differ = [name for name, value in plan.job if value != getattr(job, name)]
            raise UnavailableError(
                f"{address}: holds the answers of another run, which differs in {', '.join(differ)};"
                " name an empty or new folder."
            )
        return plan
