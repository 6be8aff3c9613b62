"""The blocking client."""

import os
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, Self, overload

import httpx2

from topics_client import arguments, deadline
from topics_client.batches import MAX_HEADLINES, split
from topics_client.calls import Calls, is_ready, open_http, opened
from topics_client.errors import InvalidResponseError, MisuseError
from topics_client.exchange import Body, Outcome, Send, Sleep, Steps
from topics_client.results import Answer, ModelInfo, OnError, Refused, TopicSkill


class TopicsClient(Calls):
    """Blocking client with a connection pool. Threads can share it; a forked process opens its own connections."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float | None = 30.0,
        retries: int = 5,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Make a client for the service at `url`; connections are opened when they are needed.

        Args:
            url: such as `http://127.0.0.1:8000`.
            api_key: if the service requires one.
            timeout: seconds for a whole answer, including retries and pauses; in a long batch, for each request.
                None: no limit.
            retries: how often to repeat a request that failed to connect or was refused as temporarily unavailable.
            transport: replaces the network, for tests, proxies and custom certificates.

        Raises:
            TypeError, ValueError: an argument is invalid.
            UnreachableError: the environment's proxy or certificates cannot be used.
        """
        super().__init__(timeout, retries)
        self._settings = (url, api_key, transport)
        self._http = self._open()

    def _open(self) -> httpx2.Client:
        self._pid = os.getpid()
        http = open_http(httpx2.Client, *self._settings)
        deadline.bound_client(http)
        return http

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(
        self,
        headline: str,
        *,
        top_k: int | None = None,
        explain: bool = False,
        explain_topic: str | None = None,
        model: str | None = None,
    ) -> Answer:
        """Classify one headline.

        Args:
            headline: the text.
            top_k: how many topics to return, most probable first; None: 5, or all if the model has fewer.
            explain: also return the effect of each word on the probability of one topic.
            explain_topic: code of that topic; the most probable one by default.
            model: NAME or NAME/VERSION of a model in service; NAME alone means the first listed one with this name. By
                default the first one.

        Raises:
            TypeError, ValueError: an argument is invalid.
            TopicsClientError: the service gave no answer; `topics_client.errors` lists the subclasses.
        """
        answer: Answer = self._run(self._predict(headline, top_k, explain, explain_topic, model))
        return answer

    @overload
    def predict_batch(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = ...,
        on_error: Literal["raise"] = ...,
        model: str | None = ...,
    ) -> list[Answer]: ...

    @overload
    def predict_batch(
        self, headlines: Iterable[str], *, top_k: int | None = ..., on_error: OnError, model: str | None = ...
    ) -> list[Answer | Refused]: ...

    def predict_batch(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = None,
        on_error: OnError = "raise",
        model: str | None = None,
    ) -> list[Answer] | list[Answer | Refused]:
        """Classify any number of headlines; the answers are in the same order.

        Args:
            headlines: an iterable of strings; not a single string, and not a table.
            top_k: how many topics to return for each; see `predict`.
            on_error: what to do about a headline that cannot be classified (not a string, empty, or too long). `raise`
                raises its exception; `skip` returns a `Refused` instead of its answer.
            model: see `predict`.

        Raises:
            TypeError, ValueError: an argument is invalid.
            TopicsClientError: the service gave no answer; `topics_client.errors` lists the subclasses.
        """
        return list(self.predict_iter(headlines, top_k=top_k, on_error=on_error, model=model))

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = ...,
        on_error: Literal["raise"] = ...,
        batch_size: int = ...,
        model: str | None = ...,
    ) -> Iterator[Answer]: ...

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = ...,
        on_error: OnError,
        batch_size: int = ...,
        model: str | None = ...,
    ) -> Iterator[Answer | Refused]: ...

    def predict_iter(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = None,
        on_error: OnError = "raise",
        batch_size: int = MAX_HEADLINES,
        model: str | None = None,
    ) -> Iterator[Answer] | Iterator[Answer | Refused]:
        """`predict_batch` as a lazy iterator, which holds the headlines and answers of one request at a time.

        Args:
            headlines: any iterable, also an infinite one.
            top_k: see `predict_batch`.
            on_error: see `predict_batch`.
            batch_size: headlines per request, at most 1,000. With fewer, the first answers arrive earlier.
            model: see `predict`.
        """
        skip = arguments.on_error(on_error)
        parts = split(arguments.headlines(headlines), arguments.integer("batch_size", batch_size, 1), skip)
        return self._answers(parts, arguments.top_k(top_k), skip, arguments.model(model))

    def _answers(self, parts: Iterator[Any], top_k: int | None, skip: bool, model: str | None) -> Iterator[Any]:
        for part in parts:
            yield from self._run(self._part(part, top_k, skip, model))

    def topics(self, model: str | None = None) -> list[TopicSkill]:
        """The topics of `model`, NAME or NAME/VERSION, or of the first model; in label order."""
        topics: list[TopicSkill] = self._run(self._topics(model))
        return topics

    def model(self, model: str | None = None) -> ModelInfo:
        """Name, version and manifest of `model`, NAME or NAME/VERSION, or of the first model."""
        info: ModelInfo = self._run(self._model(model))
        return info

    def ready(self) -> bool:
        """Whether the service is ready; sends one request to its readiness probe, without retries."""
        try:
            return is_ready(self._perform(self._probe()))
        except InvalidResponseError:
            return False

    def _run(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = self._perform(step)

    def _perform(self, step: Send | Sleep) -> Outcome:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        if self._http.is_closed:
            raise MisuseError("This client is closed.")
        if self._pid != os.getpid():
            self._after_fork()
        due = time.monotonic() + step.timeout
        try:
            with (
                deadline.until(due),
                self._http.stream(
                    step.method,
                    step.path,
                    headers=step.headers,
                    json=step.json,
                    timeout=arguments.socket_timeout(step.timeout),
                ) as response,
            ):
                body = Body(response, due)
                for chunk in response.iter_bytes():
                    body.add(chunk)
                if self._http.is_closed and (stream := opened(response)):
                    stream.close()
                return body.reply()
        except httpx2.HTTPError as error:
            return error
        except RuntimeError as error:
            if self._http.is_closed:  # another thread closed it meanwhile
                raise MisuseError("This client is closed.") from error
            raise

    def _after_fork(self) -> None:
        """Open a new pool in a forked process: two processes on one connection would read each other's answers."""
        if self._settings[2] is not None:
            raise MisuseError("A client with a transport of its own cannot be used in a forked process: make another.")
        self._http = self._open()
