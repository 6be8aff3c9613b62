"""Client for the Reuters topics service: `TopicsClient` (blocking) and `AsyncTopicsClient` (asyncio and trio)."""

from topics_client.async_client import AsyncTopicsClient
from topics_client.client import TopicsClient
from topics_client.errors import (
    DeadlineError,
    InvalidRequestError,
    InvalidResponseError,
    MisuseError,
    NotFoundError,
    Problem,
    ProblemError,
    TooLargeError,
    TopicsClientError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)
from topics_client.results import (
    Answer,
    Explanation,
    Model,
    ModelInfo,
    Prediction,
    Refused,
    TopicSkill,
    WordEffect,
    Words,
)

__all__ = [
    "Answer",
    "AsyncTopicsClient",
    "DeadlineError",
    "Explanation",
    "InvalidRequestError",
    "InvalidResponseError",
    "MisuseError",
    "Model",
    "ModelInfo",
    "NotFoundError",
    "Prediction",
    "Problem",
    "ProblemError",
    "Refused",
    "TooLargeError",
    "TopicSkill",
    "TopicsClient",
    "TopicsClientError",
    "UnauthorizedError",
    "UnavailableError",
    "UnreachableError",
    "WordEffect",
    "Words",
]
