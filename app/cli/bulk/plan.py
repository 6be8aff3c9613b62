"""What is answered in an output folder: kept there, so that a rerun does the rest of it and nothing else."""

from typing import Self

from pydantic import BaseModel, ValidationError

from app.cli.bulk.files import File
from app.cli.bulk.output import Output
from app.cli.bulk.sharding import Shard
from app.cli.exit_status import NoAnswerError
from app.cli.writers import BulkFormat


class Job(BaseModel, frozen=True):
    """All that decides what the answers are and which file holds them."""

    files: list[File]
    name: str
    """Of the column or field with the headline."""
    form: BulkFormat
    top_k: int
    digest: str
    """The model's."""
    min_probability: float
    max_characters: int


class Plan(BaseModel, frozen=True):
    """A job and how it is cut; the code may come to cut in another way, so a rerun keeps to this."""

    job: Job
    shards: list[Shard]

    @classmethod
    def kept(cls, output: Output, address: str, job: Job) -> Self | None:
        """The plan in the output folder, None if that is empty; `address` is what a user calls the folder.

        Raises:
            NoAnswerError: the folder holds the answers to something else, or other things.
        """
        raw = output.plan()
        if raw is None:
            if any(not name.startswith("_") for name in output.names()):
                raise NoAnswerError(f"{address}: holds other files; name an empty or new folder.")
            return None
        try:
            plan = cls.model_validate_json(raw)
        except ValidationError:
            raise NoAnswerError(f"{address}: its _plan.json cannot be read; name an empty or new folder.") from None
        if plan.job != job:
            differ = [name for name, value in plan.job if value != getattr(job, name)]
            raise NoAnswerError(
                f"{address}: holds the answers of another run, which differs in {', '.join(differ)};"
                " name an empty or new folder."
            )
        return plan
