"""Rows that are classified in chunks, and the model in this process."""

import gc
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.classifier import load_classifier
from app.cli.predictors import ChunkResult, local_predictor, predict_chunks, predict_rows
from app.cli.readers.row import Row
from app.cli.writers import Answer, Prediction

HEADLINES = ["Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "Zzyzx qqq"]


def test_all_headlines_of_a_call_are_classified_at_once(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier, sizes = load_classifier(tiny_bundle), []
    classify = classifier.classify

    def counted(texts: Sequence[str], top_k: int) -> object:
        sizes.append(len(texts))
        return classify(texts, top_k)

    monkeypatch.setattr(classifier, "classify", counted)
    assert len(local_predictor(classifier, 1)(HEADLINES * 100)) == 300
    assert sizes == [300]


def answer(text: str) -> Answer:
    return Answer([Prediction(text, text.title(), 0.5)], None)


def ask(headlines: Sequence[str]) -> list[Answer | str]:
    return ["is refused" if text == "no" else answer(text) for text in headlines]


def test_every_row_is_answered_or_bad_in_its_order() -> None:
    found = [Row(1, "oil"), Row(2, "", "has no text"), Row(4, "no"), Row(5, "gold")]
    classified = [(found[0], answer("oil")), (found[3], answer("gold"))]
    assert predict_rows(found, ask) == ChunkResult(classified, [(2, "has no text"), (4, "is refused")])


def test_rows_are_asked_about_in_chunks_of_500() -> None:
    asked = list(predict_chunks((Row(number, "oil") for number in range(1, 1202)), ask))
    assert [len(one.classified) for one in asked] == [500, 500, 201]
    assert [row.line for one in asked for row, _ in one.classified] == list(range(1, 1202))


def test_model_in_process_answers_with_codes_and_names(tiny_bundle: Path) -> None:
    before = gc.get_freeze_count()
    answers = local_predictor(load_classifier(tiny_bundle), 2)(["Oil prices rise", "Zzyzx qqq"])
    assert gc.get_freeze_count() > before
    gc.unfreeze()
    first, second = answers
    assert isinstance(first, Answer)
    assert first.predictions[0][:2] == ("crude", "Crude oil")
    assert (len(first.predictions), first.abstained) == (2, None)
    assert second == Answer([], "no_known_words")
