"""The two clients: one blocks, one is awaited; all that they share stands in `exchange` and below."""

import math
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import anyio
import httpx2

from topics_client.batches import cut
from topics_client.errors import TooLargeError
from topics_client.exchange import Send, Sleep, Steps, exchange
from topics_client.results import Answer, Model, ModelInfo, TopicSkill, read, read_answer


class _Questions:
    """What can be asked, as steps that either client walks."""

    def __init__(self, timeout: float, retries: int) -> None:
        self._timeout = timeout
        self._retries = retries

    def _ask(self, method: str, path: str, json: object = None) -> Steps:
        return (yield from exchange(method, path, json, self._timeout, self._retries))

    def _predict(self, headline: str, top_k: int, explain: bool, explain_topic: str | None) -> Steps:
        query = {"headline": headline, "top_k": top_k, "explain": explain, "explain_topic": explain_topic}
        raw = yield from self._ask("POST", "/predict", query)
        return read_answer(raw, read(Model, raw["model"]))

    def _part(self, part: list[str], top_k: int) -> Steps:
        """One part of a batch; halved where the service takes less at once than the client thought."""
        try:
            raw = yield from self._ask("POST", "/predict/batch", {"headlines": part, "top_k": top_k})
        except TooLargeError:
            if len(part) == 1:
                raise
            half = math.ceil(len(part) / 2)
            first = yield from self._part(part[:half], top_k)
            return first + (yield from self._part(part[half:], top_k))
        model = read(Model, raw["model"])
        return [read_answer(one, model) for one in raw["results"]]

    def _topics(self) -> Steps:
        raw = yield from self._ask("GET", "/topics")
        return [read(TopicSkill, one) for one in raw["topics"]]

    def _model(self) -> Steps:
        raw = yield from self._ask("GET", "/model")
        return read(ModelInfo, raw, manifest=raw)


def _options(url: str, api_key: str | None, limits: httpx2.Limits) -> dict[str, Any]:
    headers = {"User-Agent": "reuters-topics-client"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
    return {"base_url": url, "headers": headers, "limits": limits}


class TopicsClient(_Questions):
    """Asks a service, and waits for its answers. Threads may share one: it holds one pool of connections."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int = 5,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """A client of the service at `url`.

        Args:
            url: such as `http://127.0.0.1:8000`.
            api_key: where the service wants one.
            timeout: seconds for an answer, retries and pauses included; for a long batch, for each of its parts.
            retries: how often to ask again when there is no connection or the service is unavailable.
            transport: in place of the network, for tests, proxies and certificates of one's own.
        """
        super().__init__(timeout, retries)
        self._http = httpx2.Client(**_options(url, api_key, httpx2.Limits()), transport=transport)

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
        """What one headline is about; raises ProblemError or UnreachableError."""
        answer: Answer = self._walk(self._predict(headline, top_k, explain, explain_topic))
        return answer

    def predict_batch(self, headlines: Iterable[str], *, top_k: int = 5) -> list[Answer]:
        """The same for any number of headlines, in their order; raises ProblemError or UnreachableError."""
        return [answer for part in cut(headlines) for answer in self._walk(self._part(part, top_k))]

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
        answer = self._perform(Send("GET", "/health/ready", {}, None, self._timeout))
        return isinstance(answer, httpx2.Response) and answer.is_success

    def _walk(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        came: httpx2.Response | httpx2.TransportError | None = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                return end.value
            came = self._perform(step)

    def _perform(self, step: Send | Sleep) -> httpx2.Response | httpx2.TransportError | None:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.request(
                step.method, step.path, headers=step.headers, json=step.json, timeout=step.timeout
            )
        except httpx2.TransportError as error:
            return error


class AsyncTopicsClient(_Questions):
    """The same to await, on asyncio or trio; tasks may share one."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: int = 5,
        concurrency: int = 4,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """As `TopicsClient`; `concurrency`: how many parts of one long batch are asked at a time."""
        super().__init__(timeout, retries)
        self._concurrency = concurrency
        self._http = httpx2.AsyncClient(**_options(url, api_key, httpx2.Limits()), transport=transport)

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
        """What one headline is about; raises ProblemError or UnreachableError."""
        answer: Answer = await self._walk(self._predict(headline, top_k, explain, explain_topic))
        return answer

    async def predict_batch(self, headlines: Iterable[str], *, top_k: int = 5) -> list[Answer]:
        """The same for any number of headlines, in their order; raises ProblemError or UnreachableError."""
        answers: dict[int, list[Answer]] = {}
        failed: list[Exception] = []
        room = anyio.Semaphore(self._concurrency)

        async def ask(number: int, part: list[str]) -> None:
            try:
                answers[number] = await self._walk(self._part(part, top_k))
            except Exception as error:
                failed.append(error)
                tasks.cancel_scope.cancel()  # the other parts' answers are not wanted any more
            finally:
                room.release()

        async with anyio.create_task_group() as tasks:
            for number, part in enumerate(cut(headlines)):
                await room.acquire()
                tasks.start_soon(ask, number, part)
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
        answer = await self._perform(Send("GET", "/health/ready", {}, None, self._timeout))
        return isinstance(answer, httpx2.Response) and answer.is_success

    async def _walk(self, steps: Steps) -> Any:  # noqa: ANN401 - what the steps return
        came: httpx2.Response | httpx2.TransportError | None = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                return end.value
            came = await self._perform(step)

    async def _perform(self, step: Send | Sleep) -> httpx2.Response | httpx2.TransportError | None:
        if isinstance(step, Sleep):
            await anyio.sleep(step.seconds)
            return None
        try:
            return await self._http.request(
                step.method, step.path, headers=step.headers, json=step.json, timeout=step.timeout
            )
        except httpx2.TransportError as error:
            return error
