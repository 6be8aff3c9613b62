"""How the compared services are asked: paths, bodies, and where the best topic is in an answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Api:
    """The requests of one kind of service."""

    single: str
    """Path of a request with one headline."""
    batch: str
    """Path of a request with several headlines."""
    body: Callable[[Sequence[str]], object]
    """JSON of a request with one headline or several."""
    best: Callable[[Any], str | None]
    """Code of the best topic in the answer to one headline; None if there is none."""

    def path(self, headlines: int) -> str:
        """Path of a request with this number of headlines."""
        return self.single if headlines == 1 else self.batch


def _fields(headlines: Sequence[str]) -> object:
    return {"headline": headlines[0]} if len(headlines) == 1 else {"headlines": headlines}


def _tensor(headlines: Sequence[str]) -> object:
    tensor = {"name": "headline", "datatype": "BYTES", "shape": [len(headlines)], "data": headlines}
    return {"inputs": [tensor]}


def _first_prediction(answer: Any) -> str | None:  # noqa: ANN401 - JSON
    return next((prediction["topic"] for prediction in answer["predictions"]), None)


OWN = Api("/predict", "/predict/batch", _fields, _first_prediction)
"""This project's API, and that of the services made with FastAPI."""

LITSERVE = Api("/predict", "/predict", _fields, lambda answer: answer[0][0]["topic"])

BENTOML = Api("/predict", "/predict", lambda headlines: {"headlines": headlines}, LITSERVE.best)

_INFER = "/v2/models/headlines/infer"
OPEN_INFERENCE = Api(_INFER, _INFER, _tensor, lambda answer: answer["outputs"][0]["data"][0])
"""The Open Inference Protocol, as MLServer implements it."""
