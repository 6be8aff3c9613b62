"""Reads values from /metrics."""

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

Read = Callable[..., float]


def read(text: str) -> Read:
    """`value("topics_rejected_total", reason="overloaded")`; 0 where there is no such sample yet."""
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def value(name: str, /, **labels: object) -> float:
        return samples.get((name, frozenset((key, str(one)) for key, one in labels.items())), 0.0)

    return value


def total(text: str, name: str) -> float:
    """The sum over all labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )
