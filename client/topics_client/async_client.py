"""The asynchronous client."""

import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, overload

import anyio
import anyio.lowlevel
import httpx2

from topics_client import arguments
from topics_client.batches import MAX_HEADLINES, Item, split, split_async
from topics_client.calls import Calls, is_ready, open_http, opened
from topics_client.errors import InvalidResponseError, MisuseError
from topics_client.exchange import Body, Outcome, Send, Sleep, Steps
from topics_client.results import Answer, ModelInfo, OnError, Refused, TopicSkill


class AsyncTopicsClient(Calls):
    """`TopicsClient` for asyncio and trio. All tasks of one event loop can share a client."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float | None = 30.0,
        retries: int = 5,
        concurrency: int = 4,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """See `TopicsClient`.

        Args:
            url: see `TopicsClient`.
            api_key: see `TopicsClient`.
            timeout: see `TopicsClient`.
            retries: see `TopicsClient`.
            concurrency: how many requests of one long batch are sent at the same time.
            transport: replaces the network, for tests, proxies and custom certificates.
        """
        super().__init__(timeout, retries)
        self._concurrency = arguments.integer("concurrency", concurrency, 1)
        self._http = open_http(httpx2.AsyncClient, url, api_key, transport)
        self._loop: object = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def predict(
        self,
        headline: str,
        *,
        top_k: int | None = None,
        explain: bool = False,
        explain_topic: str | None = None,
        model: str | None = None,
    ) -> Answer:
        """Classify one headline; see `TopicsClient.predict`."""
        answer: Answer = await self._run(self._predict(headline, top_k, explain, explain_topic, model))
        return answer

    @overload
    async def predict_batch(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = ...,
        on_error: Literal["raise"] = ...,
        model: str | None = ...,
    ) -> list[Answer]: ...

    @overload
    async def predict_batch(
        self, headlines: Iterable[str], *, top_k: int | None = ..., on_error: OnError, model: str | None = ...
    ) -> list[Answer | Refused]: ...

    async def predict_batch(
        self,
        headlines: Iterable[str],
        *,
        top_k: int | None = None,
        on_error: OnError = "raise",
        model: str | None = None,
    ) -> list[Answer] | list[Answer | Refused]:
        """Classify any number of headlines, `concurrency` requests at a time; see `TopicsClient.predict_batch`."""
        skip = arguments.on_error(on_error)
        parts = split(arguments.headlines(headlines), skip=skip)
        return await self._run_all(parts, arguments.top_k(top_k), skip, arguments.model(model))

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int | None = ...,
        on_error: Literal["raise"] = ...,
        batch_size: int = ...,
        model: str | None = ...,
    ) -> AsyncIterator[Answer]: ...

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int | None = ...,
        on_error: OnError,
        batch_size: int = ...,
        model: str | None = ...,
    ) -> AsyncIterator[Answer | Refused]: ...

    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int | None = None,
        on_error: OnError = "raise",
        batch_size: int = MAX_HEADLINES,
        model: str | None = None,
    ) -> AsyncIterator[Answer] | AsyncIterator[Answer | Refused]:
        """Classify headlines lazily; see `TopicsClient.predict_iter`. Also accepts an asynchronous iterable.

        Sends rounds of `concurrency` requests, the first round being a single request, and holds the headlines and
        answers of one round. For an asynchronous iterable it sends one request at a time, so that no headline waits for
        later ones.
        """
        skip, top_k = arguments.on_error(on_error), arguments.top_k(top_k)
        model = arguments.model(model)
        batch_size = arguments.integer("batch_size", batch_size, 1)
        texts = arguments.headlines(headlines)
        if isinstance(texts, AsyncIterable):
            return self._answers_of_stream(split_async(texts, batch_size, skip), top_k, skip, model)
        return self._answers(split(texts, batch_size, skip), top_k, skip, model)

    async def _answers(
        self, parts: Iterator[list[Item]], top_k: int | None, skip: bool, model: str | None
    ) -> AsyncIterator[Any]:
        # No task group may stay open across a yield, because a consumer that stops early would never close it.
        size = 1
        while window := list(islice(parts, size)):
            for answer in await self._run_all(iter(window), top_k, skip, model):
                yield answer
            size = self._concurrency

    async def _answers_of_stream(
        self, parts: AsyncGenerator[list[Item], None], top_k: int | None, skip: bool, model: str | None
    ) -> AsyncIterator[Any]:
        async with aclosing(parts):
            async for part in parts:
                for answer in await self._run(self._part(part, top_k, skip, model)):
                    yield answer

    async def _run_all(
        self, parts: Iterator[list[Item]], top_k: int | None, skip: bool, model: str | None
    ) -> list[Any]:
        """The answers of all parts in order, with `concurrency` requests at a time."""
        answers: dict[int, list[Answer | Refused]] = {}
        failed: list[Exception] = []
        room = anyio.Semaphore(self._concurrency)

        async def ask(number: int, part: list[Item]) -> None:
            try:
                answers[number] = await self._run(self._part(part, top_k, skip, model))
            except Exception as error:
                failed.append(error)
                tasks.cancel_scope.cancel()  # the other answers are no longer needed
            finally:
                room.release()

        async with anyio.create_task_group() as tasks:
            try:
                for number, part in enumerate(parts):
                    await room.acquire()
                    tasks.start_soon(ask, number, part)
            except Exception as error:  # from the caller's iterable; raised below, so that no ExceptionGroup wraps it
                failed.append(error)
                tasks.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return [answer for number in sorted(answers) for answer in answers[number]]

    async def topics(self, model: str | None = None) -> list[TopicSkill]:
        """The topics of `model`, NAME or NAME/VERSION, or of the first model; in label order."""
        topics: list[TopicSkill] = await self._run(self._topics(model))
        return topics

    async def model(self, model: str | None = None) -> ModelInfo:
        """Name, version and manifest of `model`, NAME or NAME/VERSION, or of the first model."""
        info: ModelInfo = await self._run(self._model(model))
        return info

    async def ready(self) -> bool:
        """Whether the service is ready; sends one request to its readiness probe, without retries."""
        try:
            return is_ready(await self._perform(self._probe()))
        except InvalidResponseError:
            return False

    async def _run(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                return end.value
            outcome = await self._perform(step)

    async def _perform(self, step: Send | Sleep) -> Outcome:
        if isinstance(step, Sleep):
            await anyio.sleep(step.seconds)
            return None
        self._ensure_usable()
        due = time.monotonic() + step.timeout
        try:
            with anyio.fail_after(step.timeout):
                async with self._http.stream(
                    step.method,
                    step.path,
                    headers=step.headers,
                    json=step.json,
                    timeout=arguments.socket_timeout(step.timeout),
                ) as response:
                    body = Body(response, due)
                    async with aclosing(response.aiter_bytes()) as chunks:
                        async for chunk in chunks:
                            body.add(chunk)
                    if self._http.is_closed and (stream := opened(response)):
                        await stream.aclose()
                    return body.reply()
        except httpx2.HTTPError as error:
            return error
        except TimeoutError:
            return httpx2.ReadTimeout("the answer was still arriving")
        except RuntimeError as error:
            if self._http.is_closed:  # another task closed it meanwhile
                raise MisuseError("This client is closed.") from error
            raise

    def _ensure_usable(self) -> None:
        if self._http.is_closed:
            raise MisuseError("This client is closed.")
        # A connection works only in the event loop that opened it, and the pool does not record which one that was.
        loop = anyio.lowlevel.current_token()
        if self._loop is None:
            self._loop = loop
        elif self._loop != loop:
            raise MisuseError(
                "This client was used in another event loop: make one for each, as in each asyncio.run()."
            )
