"""The client to await."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, overload

import anyio
import anyio.lowlevel
import httpx2

from topics_client import arguments
from topics_client.batches import MAX_HEADLINES, Item, acut, cut
from topics_client.calls import Calls, is_ready, opened
from topics_client.errors import InvalidResponseError, MisuseError
from topics_client.exchange import Body, Came, Send, Sleep, Steps
from topics_client.results import Answer, ModelInfo, OnError, Refused, TopicSkill


class AsyncTopicsClient(Calls):
    """As `TopicsClient`, to await on asyncio or trio. Tasks of one event loop may share one."""

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
        """As `TopicsClient`; `concurrency`: how many parts of one long batch are asked at a time."""
        super().__init__(timeout, retries)
        self._concurrency = arguments.whole("concurrency", concurrency, 1)
        self._http = opened(httpx2.AsyncClient, url, api_key, transport)
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
        self, headline: str, *, top_k: int = 5, explain: bool = False, explain_topic: str | None = None
    ) -> Answer:
        """As `TopicsClient.predict`."""
        answer: Answer = await self._walk(self._predict(headline, top_k, explain, explain_topic))
        return answer

    @overload
    async def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = ..., on_error: Literal["raise"] = ...
    ) -> list[Answer]: ...

    @overload
    async def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = ..., on_error: OnError
    ) -> list[Answer | Refused]: ...

    async def predict_batch(
        self, headlines: Iterable[str], *, top_k: int = 5, on_error: OnError = "raise"
    ) -> list[Answer] | list[Answer | Refused]:
        """As `TopicsClient.predict_batch`, `concurrency` requests at a time."""
        skip = arguments.on_error(on_error)
        parts = cut(arguments.headlines(headlines), skip=skip)
        return await self._ask_all(parts, arguments.whole("top_k", top_k, 1), skip)

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int = ...,
        on_error: Literal["raise"] = ...,
        batch_size: int = ...,
    ) -> AsyncIterator[Answer]: ...

    @overload
    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int = ...,
        on_error: OnError,
        batch_size: int = ...,
    ) -> AsyncIterator[Answer | Refused]: ...

    def predict_iter(
        self,
        headlines: Iterable[str] | AsyncIterable[str],
        *,
        top_k: int = 5,
        on_error: OnError = "raise",
        batch_size: int = MAX_HEADLINES,
    ) -> AsyncIterator[Answer] | AsyncIterator[Answer | Refused]:
        """As `TopicsClient.predict_iter`, also over an asynchronous iterable.

        Asks in rounds of `concurrency` requests and holds the headlines and answers of one round; the first round is
        a single request. Of an asynchronous iterable it asks one request at a time, so that no headline waits for
        those that come later.
        """
        skip, top_k = arguments.on_error(on_error), arguments.whole("top_k", top_k, 1)
        batch_size = arguments.whole("batch_size", batch_size, 1)
        texts = arguments.headlines(headlines)
        if isinstance(texts, AsyncIterable):
            return self._answers_of_stream(acut(texts, batch_size, skip), top_k, skip)
        return self._answers(cut(texts, batch_size, skip), top_k, skip)

    async def _answers(self, parts: Iterator[list[Item]], top_k: int, skip: bool) -> AsyncIterator[Any]:
        # No task group stays open across a yield: a consumer that stops early would leave it open.
        size = 1
        while window := list(islice(parts, size)):
            for answer in await self._ask_all(iter(window), top_k, skip):
                yield answer
            size = self._concurrency

    async def _answers_of_stream(self, parts: AsyncIterator[list[Item]], top_k: int, skip: bool) -> AsyncIterator[Any]:
        async for part in parts:
            for answer in await self._walk(self._part(part, top_k, skip)):
                yield answer

    async def _ask_all(self, parts: Iterator[list[Item]], top_k: int, skip: bool) -> list[Any]:
        """All parts' answers in order, `concurrency` requests at a time."""
        answers: dict[int, list[Answer | Refused]] = {}
        failed: list[Exception] = []
        room = anyio.Semaphore(self._concurrency)

        async def ask(number: int, part: list[Item]) -> None:
            try:
                answers[number] = await self._walk(self._part(part, top_k, skip))
            except Exception as error:
                failed.append(error)
                tasks.cancel_scope.cancel()  # the other parts' answers are not wanted any more
            finally:
                room.release()

        async with anyio.create_task_group() as tasks:
            try:
                for number, part in enumerate(parts):
                    await room.acquire()
                    tasks.start_soon(ask, number, part)
            except Exception as error:  # the caller's iterable; raised below, not in a group
                failed.append(error)
                tasks.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return [answer for number in sorted(answers) for answer in answers[number]]

    async def topics(self) -> list[TopicSkill]:
        """The topics, in label order."""
        topics: list[TopicSkill] = await self._walk(self._topics())
        return topics

    async def model(self) -> ModelInfo:
        """Which model answers."""
        model: ModelInfo = await self._walk(self._model())
        return model

    async def ready(self) -> bool:
        """Whether the service wants work now; asks once."""
        try:
            return is_ready(await self._perform(self._probe()))
        except InvalidResponseError:
            return False

    async def _walk(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                return end.value
            came = await self._perform(step)

    async def _perform(self, step: Send | Sleep) -> Came:
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
                    timeout=arguments.of_socket(step.timeout),
                ) as response:
                    body = Body(response, due)
                    async for chunk in response.aiter_bytes():
                        body.add(chunk)
                    return body.reply()
        except httpx2.HTTPError as error:
            return error
        except TimeoutError:
            return httpx2.ReadTimeout("the answer was still arriving")
        except RuntimeError as error:
            if self._http.is_closed:  # by another task, just now
                raise MisuseError("This client is closed.") from error
            raise

    def _ensure_usable(self) -> None:
        if self._http.is_closed:
            raise MisuseError("This client is closed.")
        # A connection belongs to the loop that opened it, and the pool does not know which one that was.
        loop = anyio.lowlevel.current_token()
        if self._loop is None:
            self._loop = loop
        elif self._loop != loop:
            raise MisuseError(
                "This client was used in another event loop: make one for each, as in each asyncio.run()."
            )
