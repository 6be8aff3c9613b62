"""Remote predictor: classifies headlines with a running service (--url)."""

import ipaddress
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import click

from app.cli.exit_status import UnavailableError
from app.cli.predictors import Predictor
from app.cli.writers import Answer, Prediction
from app.control_characters import has_control_character, one_line

MAX_REASON_CHARACTERS = 300
"""Maximum number of characters of an error of the service at --url."""
_USERINFO = re.compile(r"//.*@", re.DOTALL)
"""User name and password of a URL, which errors leave out; up to the last @, because a password may hold any."""


def remote_predictor(url: str, api_key: str | None, top_k: int, model: str | None) -> Predictor:
    """A predictor that sends headlines to the service at `url`, with the client package.

    `model`: NAME or NAME/VERSION of one of its models; None: its default model.

    Raises:
        UnavailableError: now, if the client is not installed or the URL is invalid; in a call, if the service does not
            answer after all retries or answers with an error that is not about single headlines.
    """
    try:
        from topics_client import (  # noqa: PLC0415 - optional
            ProblemError,
            Refused,
            TopicsClient,
            UnauthorizedError,
            UnreachableError,
        )
    except ImportError:
        raise UnavailableError(
            "--url needs the client package; install it from the project's folder with: "
            f"{shlex.quote(sys.executable)} -m pip install ./client"
        ) from None
    shown = _USERINFO.sub("//", url)
    try:
        client = TopicsClient(url, api_key=api_key, transport=_transport(url))
    except Exception as error:  # a URL or a proxy variable that is wrong, or a SOCKS proxy without its package
        raise UnavailableError(f"{shown}: no client can be made for this URL ({_reason(error)}).") from None
    click.get_current_context().call_on_close(client.close)

    def predict(headlines: Sequence[str]) -> list[Answer | str]:
        try:
            answers = client.predict_batch(headlines, top_k=top_k, on_error="skip", model=model)
            return [
                f"is refused: {_shortened(answer.reason)}" if isinstance(answer, Refused) else _to_answer(answer, top_k)
                for answer in answers
            ]
        except UnauthorizedError:
            wrong = "refused the key (401)" if api_key else "requires an API key (401)"
            raise UnavailableError(f"{shown}: {wrong}; set TOPICS_API_KEY or --api-key.") from None
        except UnreachableError as error:  # its message begins with the path, and says why there was no answer
            raise UnavailableError(f"{shown}: {_reason(error)}.") from None
        except ProblemError as error:
            raise UnavailableError(f"{shown}: answered with an error: {_reason(error)}.") from None
        except Exception as error:  # another server may be listening at this URL and answer anything
            raise UnavailableError(f"{shown}: gave no valid answer ({_reason(error)}).") from None

    return predict


def _transport(url: str) -> Any:  # noqa: ANN401 - httpx2.HTTPTransport, where that is installed
    """A transport that ignores proxy variables if the service is on this machine, where a proxy cannot reach it."""
    import httpx2  # noqa: PLC0415 - the client brings it

    try:
        host = urlsplit(url).hostname or ""
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return httpx2.HTTPTransport() if local else None


def _reason(error: Exception) -> str:
    """The message of an error, shortened; the error's type if it has none."""
    return _shortened(str(error)) or type(error).__name__


def _shortened(text: str) -> str:
    """A text on one line of at most MAX_REASON_CHARACTERS characters, without a full stop at its end."""
    return one_line(" ".join(text.split()), MAX_REASON_CHARACTERS).rstrip(".")


def _to_answer(answer: Any, top_k: int) -> Answer:  # noqa: ANN401 - topics_client.Answer, where that is installed
    """Raises ValueError if the answer has another number of topics than `top_k`, or a text with control characters."""
    predictions = [
        Prediction(prediction.topic, prediction.name, prediction.probability) for prediction in answer.predictions
    ]
    if len(predictions) not in (0, top_k):  # values would be in the wrong columns
        raise ValueError(f"it has {len(predictions):,} topics instead of {top_k:,}")
    texts = [answer.abstained or "", *(answer.topic_set or ()), *(text for one in predictions for text in one[:2])]
    if any(has_control_character(text) for text in texts):
        raise ValueError("a topic has a control character")
    return Answer(predictions, answer.abstained, answer.outside, answer.topic_set)
