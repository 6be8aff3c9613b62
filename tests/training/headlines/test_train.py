from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier import Encoder
from app.classifier.manifest import EncodingSpec
from tests.training.headlines.conftest import NoisyNetworks
from training.data.corpus import Wire
from training.errors import RecipeError
from training.headlines import train
from training.headlines.calibration import fit_temperature, fit_topic_set
from training.headlines.recipe import HeadlinesRecipe
from training.headlines.reporting.drift_reference import drift_reference
from training.headlines.reporting.report import headlines_report
from training.headlines.samples import Sample, labels_of, make_samples, others_of, soft_targets, title_words
from training.headlines.train import HeadlineTraining, train_headlines
from training.headlines.vocabulary import encode, unit_length

Corpus = tuple[Wire, ...]


def test_too_few_wires_are_refused(small_corpus: Corpus, small_recipe: HeadlinesRecipe) -> None:
    with pytest.raises(RecipeError, match="has 600 wires and recipe headlines holds out 600"):
        train_headlines(replace(small_recipe, held_out=600), small_corpus, (1,))


def test_svm_learns_titles_bodies_and_first_words_each_with_its_penalty(
    small_corpus: Corpus, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    class EnoughError(Exception):
        pass

    given: dict[str, Any] = {}

    def look(x: Any, expansion: Any, labels: Any, others: Any, penalties: Any, *, seed: int) -> None:
        given.update(x=x, expansion=expansion, labels=labels, others=others, penalties=penalties, seed=seed)
        raise EnoughError

    monkeypatch.setattr(train, "train_linear", look)
    wires = [wire for wire in small_corpus if wire.split == "train"]
    with pytest.raises(EnoughError):
        train.learn(replace(small_recipe, first_words=3), wires, (), 1)
    titles, bodies = make_samples(wires)
    assert np.array_equal(given["labels"], labels_of([*titles, *bodies, *bodies]))
    assert np.array_equal(given["others"], others_of([*titles, *bodies, *bodies]))
    assert given["others"].any()
    sizes = len(titles), len(bodies), len(bodies)
    assert np.array_equal(given["penalties"], np.repeat(small_recipe.penalties, sizes, axis=0))
    ones = given["x"][len(titles) + len(bodies) :].sum(axis=1)
    assert 0 < ones.max() <= 3 + 2 + 3  # three words, two pairs, and their repetitions
    assert given["x"].sum(axis=1).max() > 8
    assert given["expansion"].shape[1] > given["expansion"].shape[0]  # n-grams besides the features


def test_networks_learn_titles_bodies_first_words_and_new_pieces_of_bodies(
    small_corpus: Corpus, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = NoisyNetworks()
    monkeypatch.setattr(train, "train_networks", networks)
    told: list[int] = []
    training = train_headlines(replace(small_recipe, epochs=2), small_corpus, (5, 6), lambda: told.append(1))
    assert [call["seed"] for call in networks.calls] == [5, 5, 6]  # the exploration, then one run per seed
    assert len(told) == 3 * 2
    for learned, call in zip((training.exploration, *training.runs), networks.calls, strict=True):
        titles, bodies = learned.titles, learned.bodies
        samples = [*titles, *bodies, *bodies, *bodies]
        (first, targets), (second, again) = call["epochs"]
        assert np.array_equal(targets, soft_targets(samples, 0.7))
        assert np.array_equal(targets, again)
        assert first.shape == second.shape == (len(samples), learned.encoder.spec.size)
        lengths = sp.linalg.norm(first, axis=1)
        assert lengths[lengths > 0] == pytest.approx(1)
        assert (first != second).nnz > 0
        whole = encode(learned.encoder, [sample.words for sample in titles])
        assert 0.6 < first[: len(titles)].nnz / whole.nnz < 0.9  # each title loses up to half of its words
        pieces = np.diff(first[len(samples) - len(bodies) :].indptr)
        assert 0 < np.median(pieces) < np.median(np.diff(encode(learned.encoder, [b.words for b in bodies]).indptr))
    held_out, *others = [call["held_out"] for call in networks.calls]
    assert others == [None, None]
    titles, bodies = make_samples(training.held_out)
    rows, targets = held_out
    expected = unit_length(encode(training.exploration.encoder, [one.words for one in (*titles, *bodies)]))
    assert (rows != expected).nnz == 0
    assert np.array_equal(targets, soft_targets([*titles, *bodies], 0.7))


def test_calibration_is_fitted_on_titles_and_bodies_and_sets_on_titles(small_training: HeadlineTraining) -> None:
    titles, bodies = make_samples(small_training.held_out)
    exploration = small_training.exploration
    assert small_training.calibration == fit_temperature(exploration.held_out([*titles, *bodies]))
    headlines = exploration.held_out(titles)
    probabilities = headlines.probabilities(small_training.calibration)
    assert small_training.topic_set == fit_topic_set(probabilities, headlines.labels, 0.9)
    assert small_training.seeds == (1, 2)


def test_scores_of_the_svm_count_in_the_stack_with_the_share_of_the_recipe(
    small_corpus: Corpus, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def look(linear: Any, networks: Any, share: float, texts: Any, width: int) -> tuple[()]:
        given.update(linear=linear, networks=networks, share=share, texts=texts, width=width)
        return ()

    monkeypatch.setattr(train, "train_networks", NoisyNetworks())
    monkeypatch.setattr(train, "merge", look)
    wires = [wire for wire in small_corpus if wire.split == "train"]
    learned = train.learn(replace(small_recipe, linear_share=3.5, width=7), wires, (), 1)
    assert (given["share"], given["width"]) == (3.5, 7)
    assert given["linear"].shape == (learned.encoder.spec.size, 46)
    texts = given["texts"]
    assert texts.shape[0] == len(learned.titles) + 3 * len(learned.bodies)
    lengths = sp.linalg.norm(texts, axis=1)
    assert lengths[lengths > 0] == pytest.approx(1)


@pytest.mark.slow
def test_networks_and_svm_together_learn(small_corpus: Corpus, small_recipe: HeadlinesRecipe) -> None:
    training = train_headlines(small_recipe, small_corpus, (1,))
    scores = training.exploration.held_out(list(training.runs[0].titles))
    assert (scores.logits.argmax(axis=1) == scores.labels).mean() > 0.7
    assert training.runs[0].history["loss"][-1] < training.runs[0].history["loss"][0]


def test_no_title_learned_from_is_a_test_wires(small_corpus: Corpus, small_training: HeadlineTraining) -> None:
    test = title_words(wire for wire in small_corpus if wire.split == "test")
    for learned in (small_training.exploration, *small_training.runs):
        assert not test & {sample.words for sample in learned.titles}
        assert {sample.wire.split for sample in (*learned.titles, *learned.bodies)} == {"train"}


def test_exploration_is_trained_without_the_held_out_wires(small_training: HeadlineTraining) -> None:
    held_out = {wire.number for wire in small_training.held_out}
    exploration = small_training.exploration
    assert len(held_out) == 150
    assert not held_out & {sample.wire.number for sample in (*exploration.titles, *exploration.bodies)}
    assert held_out <= {sample.wire.number for sample in small_training.runs[0].titles}


def test_wires_of_other_seeds_differ_and_all_learn(small_training: HeadlineTraining) -> None:
    one, other = small_training.runs
    assert one.word_index == other.word_index
    assert not np.array_equal(one.layers[0].kernel, other.layers[0].kernel)
    scores = small_training.exploration.held_out(list(one.titles))
    assert (scores.logits.argmax(axis=1) == scores.labels).mean() > 0.7


def test_report_says_what_was_calibrated(small_training: HeadlineTraining) -> None:
    report = headlines_report(small_training)
    assert "temperature exp(" in report
    assert "\ntitles         150" in report
    exploration = small_training.exploration
    features, titles, bodies = exploration.encoder.spec.size - 1, len(exploration.titles), len(exploration.bodies)
    assert f"{features:,} features, {titles:,} titles, {bodies:,} bodies," in report.splitlines()


def test_reference_counts_words_that_other_wires_lack(small_training: HeadlineTraining) -> None:
    run = small_training.runs[0]
    found = drift_reference(run.encoder, run.titles, run.bodies)
    assert sum(found["topic_mix"].values()) == pytest.approx(1, abs=1e-3)
    assert found["topic_mix"]["cocoa"] == pytest.approx((labels_of(run.titles) == 0).mean(), abs=1e-6)
    assert found["unknown_word_ratio"] < 0.01  # every keyword comes in many wires
    alone = drift_reference(run.encoder, run.titles[:1], ())
    assert (alone["unknown_word_ratio"], alone["rare_word_ratio"]) == (1, 0)


def test_reference_counts_words_beyond_the_cut_as_rare() -> None:
    encoder = Encoder(EncodingSpec(size=3, offset=0, start_id=None, rare_id=None), {"oil": 1, "wheat": 2, "quorum": 3})
    wires = [Wire(number, None, None, "", ("cocoa",), 0, (0,), "train", number) for number in range(3)]
    words = [("oil", "quorum"), ("quorum", "wheat"), ("oil", "wheat", "only", "here")]
    titles = [Sample(one, wire) for one, wire in zip(words, wires, strict=True)]
    found = drift_reference(encoder, titles, ())
    assert (found["unknown_word_ratio"], found["rare_word_ratio"]) == (2 / 8, 2 / 8)
    assert found["topic_mix"]["cocoa"] == 1
