"""The client that blocks."""

import os
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, Self, overload

import httpx2

from topics_client import arguments, deadline
from topics_client.batches import MAX_HEADLINES, cut
from topics_client.calls import Calls, is_ready, opened
from topics_client.errors import InvalidResponseError, MisuseError
from topics_client.exchange import Body, Came, Send, Sleep, Steps
from topics_client.results import Answer, ModelInfo, OnError, Refused, TopicSkill


class TopicsClient(Calls):
    """Asks a service and waits for its answers. Threads may share one: it holds one pool of connections.

    A process that is forked gets connections of its own.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float | None = 30.0,
        retries: int = 5,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """A client of the service at `url`.

        Args:
            url: such as `http://127.0.0.1:8000`.
            api_key: where the service requires one.
            timeout: seconds for a whole answer, retries and pauses included; in a long batch, for each of its parts.
                None: no limit.
            retries: how often to ask again when there is no connection or the service is unavailable.
            transport: in place of the network, for tests, proxies and certificates of your own.

        Raises:
            TypeError, ValueError: an argument is wrong.
            UnreachableError: the environment's proxy or certificates cannot be used.
        """
        super().__init__(timeout, retries)
        self._settings = (url, api_key, transport)
        self._http = self._open()

    def _open(self) -> httpx2.Client:
        self._pid = os.getpid()
        http = opened(httpx2.Client, *self._settings)
        for one in (http._transport, *http._mounts.values()):  # _mounts: for the environment's proxies
            if one is not None:
                deadline.bound(one)
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
        self, headline: str, *, top_k: int = 5, explain: bool = False, explain_topic: str | None = None
    ) -> Answer:
        """What one headline is about.

        Raises:
            TypeError, ValueError: an argument is wrong.
            TopicsClientError: there is no answer; `topics_client.errors` has the kinds.
        """
        answer: Answer = self._walk(self._predict(headline, top_k, explain, explain_topic))
        return answer

    @overload
    def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = ..., on_error: Literal["raise"] = ...
    ) -> list[Answer]: ...

    @overload
    def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = ..., on_error: OnError
    ) -> list[Answer | Refused]: ...

    def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = 5, on_error: OnError = "raise"
    ) -> list[Answer] | list[Answer | Refused]:
        """What any number of headlines are about, in their order.

        Args:
            headlines: texts; not one text, and not a table.
            top_k: how many topics to return for each, most probable first.
            on_error: what a headline does that cannot be answered because it is no text, empty, or too long. `raise`:
                its exception ends the batch. `skip`: a `Refused` takes the place of its answer.

        Raises:
            TypeError, ValueError: an argument is wrong.
            TopicsClientError: there is no answer; `topics_client.errors` has the kinds.
        """
        return list(self.predict_iter(headlines, top_k=top_k, on_error=on_error))

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str],
        *,
        top_k: int = ...,
        on_error: Literal["raise"] = ...,
        batch_size: int = ...,
    ) -> Iterator[Answer]: ...

    @overload
    def predict_iter(
        self, headlines: Iterable[str], *, top_k: int = ..., on_error: OnError, batch_size: int = ...
    ) -> Iterator[Answer | Refused]: ...

    def predict_iter(
        self,
        headlines: Iterable[str],
        *,
        top_k: int = 5,
        on_error: OnError = "raise",
        batch_size: int = MAX_HEADLINES,
    ) -> Iterator[Answer] | Iterator[Answer | Refused]:
        """As `predict_batch`, but lazily: holds one request's headlines and answers at a time.

        Args:
            headlines: any iterable, also one without end.
            top_k: as in `predict_batch`.
            on_error: as in `predict_batch`.
            batch_size: headlines a request, at most 1,000. Fewer bring the first answers earlier.
        """
        skip = arguments.on_error(on_error)
        parts = cut(arguments.headlines(headlines), arguments.whole("batch_size", batch_size, 1), skip)
        return self._answers(parts, arguments.whole("top_k", top_k, 1), skip)

    def _answers(self, parts: Iterator[Any], top_k: int, skip: bool) -> Iterator[Any]:
        for part in parts:
            yield from self._walk(self._part(part, top_k, skip))

    def topics(self) -> list[TopicSkill]:
        """The topics, in label order."""
        topics: list[TopicSkill] = self._walk(self._topics())
        return topics

    def model(self) -> ModelInfo:
        """Which model answers."""
        model: ModelInfo = self._walk(self._model())
        return model

    def ready(self) -> bool:
        """Whether the service wants work now; asks once."""
        try:
            return is_ready(self._perform(self._probe()))
        except InvalidResponseError:
            return False

    def _walk(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                return end.value
            came = self._perform(step)

    def _perform(self, step: Send | Sleep) -> Came:
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
                    timeout=arguments.of_socket(step.timeout),
                ) as response,
            ):
                body = Body(response, due)
                for chunk in response.iter_bytes():
                    body.add(chunk)
                return body.reply()
        except httpx2.HTTPError as error:
            return error
        except RuntimeError as error:
            if self._http.is_closed:  # by another thread, just now
                raise MisuseError("This client is closed.") from error
            raise

    def _after_fork(self) -> None:
        """Leave the connections to the parent: two processes on one connection read each other's answers."""
        if self._settings[2] is not None:
            raise MisuseError("A client with a transport of its own cannot be used in a forked process: make another.")
        self._http = self._open()
