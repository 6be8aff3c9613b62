"""Response serializer: classifications to the JSON described by `app/api/schemas.py`."""

from collections.abc import Sequence
from operator import add

from pydantic_core import to_json

from app.classifier import Classification, Explanation, TopicClassifier


class ResponseSerializer:
    """Serializes the classifications of one model.

    Only the probability of a topic differs between responses, so the JSON of its other fields is built once and joined
    with the numbers. This takes half the time of serializing dicts, which was the largest part of a batch.
    """

    def __init__(self, classifier: TopicClassifier) -> None:
        manifest = classifier.bundle.manifest
        self._topics = [
            _json({"topic": topic.code, "name": topic.name, "label": topic.label})[:-1] + ',"probability":'
            for topic in manifest.topics
        ]
        self._codes = [topic.code for topic in manifest.topics]
        self._quoted = [_json(code) for code in self._codes]
        self._has_sets = bool(manifest.topic_set or manifest.multi_label)
        self._model = _json({"name": manifest.name, "version": manifest.version})

    def results(self, results: Sequence[Classification]) -> list[str]:
        """`schemas.Result` of each, as JSON."""
        labels_of_all = [label for result in results for label in result.labels]
        numbers: list[float | None] = [value for result in results for value in result.probabilities]
        numbers += [result.outside for result in results]
        # One call for all numbers; the JSON of a number has no comma.
        written_numbers = _json(numbers)[1:-1].split(",")
        predictions = list(map(add, map(self._topics.__getitem__, labels_of_all), written_numbers))
        outsides = written_numbers[len(predictions) :]
        written = []
        end = 0
        for result, outside in zip(results, outsides, strict=False):
            labels, _, topic_set, (_, _, known, rare, unknown, _), abstained, _ = result
            start, end = end, end + len(labels)
            shown = "},".join(predictions[start:end]) + "}" if labels else ""
            codes = f"[{','.join(map(self._quoted.__getitem__, topic_set))}]" if self._has_sets else "null"
            others = _json(unknown) if unknown else "[]"
            abstained_json = f'"{abstained}"' if abstained else "null"
            written.append(
                f'{{"predictions":[{shown}],"topic_set":{codes},"outside":{outside},'
                f'"words":{{"known":{known},"rare":{rare},"unknown":{others}}},"abstained":{abstained_json}}}'
            )
        return written

    def single(self, result: Classification, explanation: Explanation | None) -> bytes:
        """`schemas.PredictResponse` as JSON."""
        more = ""
        if explanation is not None:
            topic = None if explanation.label is None else self._codes[explanation.label]
            more = ',"explanation":' + _json({"topic": topic, "words": [word._asdict() for word in explanation.words]})
        [described] = self.results([result])
        return f'{described[:-1]},"model":{self._model}{more}}}'.encode()

    def part(self, results: Sequence[Classification]) -> bytes:
        """The results of a chunk of a batch, separated by commas."""
        return ",".join(self.results(results)).encode()

    def batch(self, parts: Sequence[bytes]) -> bytes:
        """`schemas.BatchResponse` as JSON, from the bytes that `part` returned for each chunk."""
        # A single join: each further copy of 30 MB would block the event loop for tens of milliseconds.
        pieces = [b'{"results":[']
        for part in parts:
            pieces += part, b","
        pieces[-1] = f'],"model":{self._model}}}'.encode()
        return b"".join(pieces)


def _json(value: object) -> str:
    return to_json(value).decode()
