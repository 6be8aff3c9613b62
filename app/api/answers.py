"""From what the classifier says to the JSON that the schemas promise."""

from typing import Any

from pydantic_core import to_json

from app.classifier import Classification, Explanation, TopicClassifier


class Answers:
    """Writes answers for one model; what is the same in all of them is made once."""

    def __init__(self, classifier: TopicClassifier) -> None:
        manifest = classifier.bundle.manifest
        self._topics = [{"topic": one.code, "name": one.name, "label": one.label} for one in manifest.topics]
        self._codes = [one.code for one in manifest.topics]
        self._has_sets = manifest.topic_set is not None
        self.model = {"name": manifest.name, "version": manifest.version}

    def result(self, one: Classification) -> dict[str, Any]:
        """The fields of `schemas.Result`."""
        return {
            "predictions": [
                {**self._topics[label], "probability": probability}
                for label, probability in zip(one.labels, one.probabilities, strict=True)
            ],
            "topic_set": [self._codes[label] for label in one.topic_set] if self._has_sets else None,
            "words": {"known": one.encoded.known, "rare": one.encoded.rare, "unknown": one.encoded.unknown},
            "abstained": one.abstained,
        }

    def single(self, one: Classification, explanation: Explanation | None) -> bytes:
        """`schemas.PredictAnswer` as JSON."""
        answer = self.result(one) | {"model": self.model}
        if explanation is not None:
            answer["explanation"] = {"topic": self._codes[explanation.label], "words": explanation.words}
        return to_json(answer)
