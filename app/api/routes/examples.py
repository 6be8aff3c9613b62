"""Examples: golden headlines that are short enough to try the model with, and the answer to the first one."""

from functools import lru_cache

from app.api.serialization import ResponseSerializer
from app.classifier import TopicClassifier, explain

MAX_EXAMPLES = 8
"""Maximum number of examples that `GET /model` and the page show."""
MAX_EXAMPLE_CHARACTERS = 200
"""Maximum length of an example; golden headlines include longer texts."""


def examples(classifier: TopicClassifier) -> list[str]:
    """Golden headlines that are short enough to try the model with, each once, in order.

    Single words, which `fit` adds to test the model, are left out if there are at least two other examples.
    """
    golden = [headline.headline for headline in classifier.bundle.golden if headline.headline.strip()]
    short = list(dict.fromkeys(text for text in golden if len(text) <= MAX_EXAMPLE_CHARACTERS))
    longer = [text for text in short if len(classifier.encoder.tokenize(text)) > 1]
    return (longer if len(longer) > 1 else short)[:MAX_EXAMPLES]


@lru_cache(maxsize=1)
def first_answer(classifier: TopicClassifier) -> str:
    """The answer of /predict to the first example, for all topics and explained; `null` if there is no example.

    Metrics do not count it: no client has sent this text.
    """
    for text in examples(classifier)[:1]:
        [answer] = classifier.classify([text], len(classifier.topics))
        return ResponseSerializer(classifier).single(answer, explain(classifier, text)).decode()
    return "null"
