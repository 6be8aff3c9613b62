"""A client of the Reuters topics service: `TopicsClient` and, to await, `AsyncTopicsClient`."""

from topics_client.client import AsyncTopicsClient, TopicsClient
from topics_client.errors import (
    DeadlineError,
    InvalidRequestError,
    NotFoundError,
    Problem,
    ProblemError,
    TooLargeError,
    TopicsClientError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)
from topics_client.results import Answer, Explanation, Model, ModelInfo, Prediction, TopicSkill, WordEffect, Words

__all__ = [
    "Answer",
    "AsyncTopicsClient",
    "DeadlineError",
    "Explanation",
    "InvalidRequestError",
    "Model",
    "ModelInfo",
    "NotFoundError",
    "Prediction",
    "Problem",
    "ProblemError",
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
