"""BentoML with adaptive batching; its natural body is a list of headlines.

The answers are plain values: a Pydantic model as the return type halves the throughput of one client.
"""

import os
import sys
from pathlib import Path

import bentoml


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Topics:
    """The classifier; imported here, because TensorFlow is only for the worker."""

    def __init__(self) -> None:
        from benchmarks.speed.framework_peers.model import Classifier  # noqa: PLC0415

        self._classify = Classifier()

    @bentoml.api(batchable=True, max_batch_size=128)
    def predict(self, headlines: list[str]) -> list[list[dict]]:
        """The most probable topics of each headline."""
        return self._classify(headlines)


if __name__ == "__main__":
    os.environ |= {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(Path(sys.prefix, "home"))}
    os.environ["PYTHONPATH"] = str(Path.cwd())
    bentoml_program = str(Path(sys.executable).with_name("bentoml"))
    service = "benchmarks.speed.framework_peers.bentoml_service:Topics"
    os.execv(bentoml_program, [bentoml_program, "serve", service, "--host", "127.0.0.1", *sys.argv[1:]])
