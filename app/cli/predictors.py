"""Who answers: the model in this process, or a service."""

import gc
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click

from app.classifier import ClassifierError, TopicClassifier, load_classifier
from app.cli.exit_status import NoAnswerError
from app.cli.readers.row import Row
from app.cli.writers import Guess, Verdict
from app.settings import Settings, SettingsError, load_settings

CHUNK = 500
"""Headlines asked about at a time."""

Ask = Callable[[Sequence[str]], "list[Verdict | str]"]
"""Headlines to verdicts, in order; in place of a verdict the reason why that headline was refused."""


class Asked(NamedTuple):
    """What came of a chunk of rows; every row is in one of the two."""

    answered: list[tuple[Row, Verdict]]
    bad: list[tuple[int, str]]
    """Line of the input, and what is wrong with it."""


def settings_for(model: Path | None) -> Settings:
    """The settings of the environment, with another model if one was named; raises NoAnswerError."""
    try:
        return load_settings(serving=False, **({} if model is None else {"model": model}))
    except SettingsError as error:
        raise NoAnswerError(str(error)) from None


def load(settings: Settings) -> TopicClassifier:
    """The model that the settings name; raises NoAnswerError."""
    try:
        return load_classifier(settings.model, settings.runtime, settings.min_probability)
    except ClassifierError as error:
        raise NoAnswerError(str(error)) from None


def ask_about(rows: Sequence[Row], ask: Ask) -> Asked:
    """Ask about some rows, in their order."""
    verdicts = iter(ask([row.headline for row in rows if row.fault is None]))
    asked = Asked([], [])
    for row in rows:
        verdict = next(verdicts) if row.fault is None else row.fault
        if isinstance(verdict, str):
            asked.bad.append((row.line, verdict))
        else:
            asked.answered.append((row, verdict))
    return asked


def ask_all(rows: Iterator[Row], ask: Ask) -> Iterator[Asked]:
    """Ask about rows, chunk by chunk, in their order."""
    while chunk := list(islice(rows, CHUNK)):
        yield ask_about(chunk, ask)


def in_process(classifier: TopicClassifier, top_k: int) -> Ask:
    """The model here answers."""
    names = [(topic.code, topic.name) for topic in classifier.topics]
    # What is alive now lives as long as this: a collector that walks the word index again and again takes a quarter of
    # the time, and more the more has been imported.
    gc.collect()
    gc.freeze()

    def ask(headlines: Sequence[str]) -> list[Verdict | str]:
        return [
            Verdict(
                [
                    Guess(*names[label], probability)
                    for label, probability in zip(one.labels, one.probabilities, strict=True)
                ],
                one.abstained,
            )
            for one in classifier.classify(headlines, top_k)
        ]

    return ask


def over_http(url: str, api_key: str | None, top_k: int) -> Ask:
    """A service answers; raises NoAnswerError if the client is not installed, or when it gives up."""
    try:
        from topics_client import InvalidRequestError, TopicsClient  # noqa: PLC0415 - optional
    except ImportError:
        raise NoAnswerError("--url needs the client package: pip install ./client") from None
    try:
        client = TopicsClient(url, api_key=api_key, transport=_transport(url))
    except Exception as error:  # a URL or a proxy variable that is wrong, or a SOCKS proxy without its package
        raise NoAnswerError(f"{url}: cannot be asked ({_reason(error)}).") from None
    click.get_current_context().call_on_close(client.close)

    def ask(headlines: Sequence[str]) -> list[Verdict | str]:
        answers: list[Verdict | str] = [""] * len(headlines)
        open_places = list(range(len(headlines)))
        while open_places:
            try:
                asked = client.predict_batch([headlines[place] for place in open_places], top_k=top_k)
                verdicts = [_verdict(answer) for _, answer in zip(open_places, asked, strict=True)]
            except InvalidRequestError as error:
                # A batch is refused as a whole: leave out the headlines that it names, and ask for the rest.
                refused = _places(error.problem.errors, len(open_places))
                if not refused:
                    raise NoAnswerError(f"{url}: {error}") from None
                for place, reason in refused.items():
                    answers[open_places[place]] = reason
                open_places = [one for at, one in enumerate(open_places) if at not in refused]
            except Exception as error:  # whatever answers there may not be this service
                raise NoAnswerError(f"{url}: gives no answer ({_reason(error)}).") from None
            else:
                for place, verdict in zip(open_places, verdicts, strict=True):
                    answers[place] = verdict
                break
        return answers

    return ask


def _transport(url: str) -> Any:  # noqa: ANN401 - httpx2.HTTPTransport, where that is installed
    """For a service on this machine a transport without the proxies of the environment, which cannot reach it."""
    import httpx2  # noqa: PLC0415 - the client brings it

    try:
        host = urlsplit(url).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return httpx2.HTTPTransport() if local else None


def _reason(error: Exception) -> str:
    """What an error says, on one line and not longer than a sentence."""
    return " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__


def _places(errors: Sequence[tuple[str, str]], count: int) -> dict[int, str]:
    """`headlines.3: too long` -> {3: "is refused: too long"}, if there are so many headlines."""
    found = {}
    for field, message in errors:
        name, _, place = field.rpartition(".")
        if name.endswith("headlines") and place.isdecimal() and int(place) < count:
            found[int(place)] = f"is refused: {message}"
    return found


def _verdict(answer: Any) -> Verdict:  # noqa: ANN401 - topics_client.Answer, where that is installed
    return Verdict([Guess(one.topic, one.name, one.probability) for one in answer.predictions], answer.abstained)
