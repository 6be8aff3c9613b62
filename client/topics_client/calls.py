"""The service's endpoints as generators of steps, which the blocking and the asynchronous client both run."""

import dataclasses
import math
import re
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from topics_client import arguments
from topics_client.batches import Item
from topics_client.errors import (
    DeadlineError,
    InvalidRequestError,
    InvalidResponseError,
    Problem,
    TooLargeError,
    UnreachableError,
)
from topics_client.exchange import Outcome, Reply, Send, Steps, exchange
from topics_client.results import Answer, Model, ModelInfo, Refused, TopicSkill, read

C = TypeVar("C", httpx2.Client, httpx2.AsyncClient)

_BATCH = "/predict/batch"
_HEADLINE = re.compile(r"\bheadlines\.(\d{1,9})\b")  # Python refuses to convert thousands of digits


class Calls:
    """Builds the requests and reads their answers; base class of both clients."""

    def __init__(self, timeout: float | None, retries: int) -> None:
        self._timeout = arguments.timeout(timeout)
        self._retries = arguments.integer("retries", retries, 0)

    def _ask(self, method: str, path: str, model: str | None, json: object = None) -> Steps:
        path = path if model is None else f"{path}?model={quote(model)}"
        return (yield from exchange(method, path, json, self._timeout, self._retries))

    def _predict(
        self, headline: str, top_k: int | None, explain: bool, explain_topic: str | None, model: str | None
    ) -> Steps:
        if explain_topic is not None:
            arguments.headline(explain_topic, "explain_topic")
        query = {
            "headline": arguments.headline(headline),
            "top_k": arguments.top_k(top_k),
            "explain": arguments.flag("explain", explain),
            "explain_topic": explain_topic,
        }
        # None is left out: the service chooses `top_k`, and may refuse `explain_topic` without `explain`.
        raw = yield from self._ask(
            "POST",
            "/predict",
            arguments.model(model),
            {name: value for name, value in query.items() if value is not None},
        )
        return _read(Answer, raw, "/predict")

    def _part(self, part: list[Item], top_k: int | None, skip: bool, model: str | None) -> Steps:
        """Answers of one part of a batch, in order.

        Halves the request if the service answers 413 or, because a slow connection did not send it in time, 408. With
        `skip`, a headline that the service names in a 422 becomes a Refused; without it, the error is raised.
        """
        results: dict[int, Answer | Refused] = {
            headline.place: Refused(headline.place, headline.fault) for headline in part if headline.fault
        }
        waiting = [headline for headline in part if not headline.fault]
        max_size = size = len(waiting)
        at = 0
        while at < len(waiting):
            piece = waiting[at : at + size]
            try:
                answers = yield from self._batch(piece, top_k, model)
            except TooLargeError as error:
                if len(piece) > 1:
                    max_size = size = math.ceil(len(piece) / 2)
                    continue
                if not skip:
                    raise
                wrong, reason = 0, error.problem.detail
            except DeadlineError as error:
                if error.problem.status != httpx2.codes.REQUEST_TIMEOUT or len(piece) == 1:
                    raise
                max_size = size = math.ceil(len(piece) / 2)
                continue
            except InvalidRequestError as error:
                named = _first_headline(error.problem, len(piece))
                if named is None or not skip:
                    raise InvalidRequestError(_renumbered(error.problem, piece)) from None
                wrong, reason = named
            else:
                results |= {headline.place: answer for headline, answer in zip(piece, answers, strict=True)}
                at += len(piece)
                size = min(size * 2, max_size)
                continue
            # The service reports only the first invalid headline, so those before it are valid: send them next.
            if wrong:
                size = wrong
            else:
                results[piece[0].place] = Refused(piece[0].place, reason)
                at, size = at + 1, max(size // 2, 1)
        return [results[place] for place in sorted(results)]

    def _batch(self, piece: list[Item], top_k: int | None, model: str | None) -> Steps:
        body: dict[str, object] = {"headlines": [headline.text for headline in piece]}
        if top_k is not None:
            body["top_k"] = top_k
        raw = yield from self._ask("POST", _BATCH, model, body)
        answered_by = _read(Model, _field(raw, "model", dict, _BATCH), _BATCH)
        answers = [_read(Answer, result, _BATCH, model=answered_by) for result in _field(raw, "results", list, _BATCH)]
        if len(answers) != len(piece):
            raise InvalidResponseError(f"{_BATCH}: {len(answers)} results for {len(piece)} headlines.")
        return answers

    def _topics(self, model: str | None) -> Steps:
        raw = yield from self._ask("GET", "/topics", arguments.model(model))
        return [_read(TopicSkill, topic, "/topics") for topic in _field(raw, "topics", list, "/topics")]

    def _model(self, model: str | None) -> Steps:
        raw = yield from self._ask("GET", "/model", arguments.model(model))
        return _read(ModelInfo, raw, "/model", manifest=raw)

    def _probe(self) -> Send:
        return Send("GET", "/health/ready", {}, None, self._timeout)


def is_ready(outcome: Outcome) -> bool:
    """Whether this is a readiness probe's reply with status 200."""
    return isinstance(outcome, Reply) and outcome.status == httpx2.codes.OK


def opened(response: httpx2.Response) -> Any:  # noqa: ANN401 - either kind's stream
    """The connection of a response, which a client that is closed meanwhile has to close; None with other transports.

    A pool that is closed while it opens a connection forgets that connection.
    """
    return response.extensions.get("network_stream")


def open_http(kind: type[C], url: str, api_key: str | None, transport: Any) -> C:  # noqa: ANN401 - either kind's
    """Make an httpx2.Client or httpx2.AsyncClient for the service.

    Raises:
        TypeError, ValueError: `url` or `api_key` is invalid.
        UnreachableError: the environment's proxy or certificates cannot be used.
    """
    headers = {b"User-Agent": b"reuters-topics-client"}
    if key := arguments.api_key(api_key):
        headers[b"Authorization"] = f"Bearer {key}".encode()
    base = httpx2.URL(arguments.url(url))
    # Otherwise user name and password would be part of every request's URL, which errors and httpx2's log contain.
    auth = (base.username, base.password) if base.userinfo else None
    base = base.copy_with(userinfo=b"")
    try:
        # No limit on connections: of more threads than connections, some would wait until their timeout.
        return kind(base_url=base, auth=auth, headers=headers, limits=httpx2.Limits(), transport=transport)
    # ImportError: a SOCKS proxy needs a package. OSError: SSL_CERT_FILE names no file.
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise UnreachableError(
            f"{base}: the environment's proxy (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) or certificates (SSL_CERT_FILE) "
            f"cannot be used: {error}"
        ) from error


def _read(kind: type[Any], raw: object, path: str, **made: object) -> Any:  # noqa: ANN401 - one of `kind`
    try:
        return read(kind, raw, **made)
    except ValueError as error:
        raise InvalidResponseError(f"{path}: the answer is not this service's ({error}).") from error


def _field(raw: object, name: str, kind: type, path: str) -> Any:  # noqa: ANN401 - JSON
    value = raw.get(name) if isinstance(raw, dict) else None
    if not isinstance(value, kind):
        raise InvalidResponseError(
            f"{path}: the answer is not this service's ({name!r} is not a valid {kind.__name__})."
        )
    return value


def _first_headline(problem: Problem, number: int) -> tuple[int, str] | None:
    """Index in the request and reason of the first headline that a 422 names; None if it names none."""
    faults = [
        (int(match[1]), message) for field, message in problem.errors if (match := _HEADLINE.search(field)) is not None
    ]
    return min((fault for fault in faults if fault[0] < number), default=None)


def _renumbered(problem: Problem, piece: list[Item]) -> Problem:
    """The problem with the headlines' indices in the request replaced by those in what was passed to the client."""

    def number(match: re.Match[str]) -> str:
        place = int(match[1])
        return f"headlines.{piece[place].place}" if place < len(piece) else match[0]

    return dataclasses.replace(
        problem,
        detail=_HEADLINE.sub(number, problem.detail),
        errors=tuple((_HEADLINE.sub(number, field), message) for field, message in problem.errors),
    )
