from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from app.classifier import Encoder
from app.classifier.manifest import EncodingSpec
from tests.training.reuters.conftest import LEXICON, NoisyNetworks
from training.data.corpus import ArchiveWire, Wire
from training.data.topics import TOPICS
from training.errors import RecipeError
from training.headlines import train
from training.headlines.calibration import fit_outside, fit_temperature, fit_topic_set
from training.headlines.drift_reference import drift_reference
from training.headlines.expansion import feature_expansion
from training.headlines.linear import train as linear
from training.headlines.linear.svm import train_ridge
from training.headlines.samples import Sample, labels_of, others_of, soft_targets
from training.headlines.vocabulary import encode, unit_length
from training.reuters.recipe import HeadlinesRecipe
from training.reuters.reporting.report import headlines_report
from training.reuters.samples import Texts, lexicon_samples, make_samples, title_words, training_set
from training.reuters.train import HeadlineTraining, train_headlines

OUTSIDE = len(TOPICS)
"""The label of a text about none of the topics."""

Corpus = tuple[Wire, ...]
Outside = tuple[ArchiveWire, ...]


def test_too_few_wires_are_refused(small_corpus: Corpus, small_recipe: HeadlinesRecipe) -> None:
    with pytest.raises(RecipeError, match="has 600 wires and recipe headlines holds out 600"):
        train_headlines(replace(small_recipe, held_out=600), small_corpus, (1,), outside=())


def test_svm_learns_titles_bodies_first_words_and_lexicon_each_with_its_penalty(
    small_corpus: Corpus, small_outside: Outside, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    class EnoughError(Exception):
        pass

    given: dict[str, Any] = {}

    def look(
        x: Any, expansion: Any, labels: Any, others: Any, penalties: Any, *, topics: int, seed: int, **_: Any
    ) -> None:
        assert topics == OUTSIDE
        given.update(x=x, expansion=expansion, labels=labels, others=others, penalties=penalties, seed=seed)
        raise EnoughError

    monkeypatch.setattr(linear, "train_linear", look)
    titles, bodies = make_samples([*(wire for wire in small_corpus if wire.split == "train"), *small_outside])
    phrases = lexicon_samples(LEXICON)
    texts = Texts(tuple(titles), tuple(bodies), tuple(phrases))
    with pytest.raises(EnoughError):
        train.train_model(small_recipe, training_set(replace(small_recipe, first_words=3), texts), 1)
    assert np.array_equal(given["labels"], labels_of([*titles, *bodies, *bodies, *phrases], OUTSIDE))
    assert np.array_equal(given["others"], others_of([*titles, *bodies, *bodies, *phrases], OUTSIDE + 1))
    assert given["others"].any()
    sizes = len(titles), len(bodies), len(bodies), len(phrases)
    assert (given["labels"] == OUTSIDE).sum() == 200 + 160 + 160 + 18
    assert np.array_equal(given["penalties"], np.repeat(small_recipe.penalties, sizes, axis=0))
    ones = given["x"][len(titles) + len(bodies) : -len(phrases)].sum(axis=1)
    assert 0 < ones.max() <= 3 + 2 + 3  # three words, two pairs, and their repetitions
    assert given["x"].sum(axis=1).max() > 8
    assert given["expansion"].shape[1] > given["expansion"].shape[0]  # n-grams besides the features


def test_networks_learn_titles_bodies_first_words_lexicon_and_new_pieces_of_bodies(
    small_corpus: Corpus, small_outside: Outside, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = NoisyNetworks()
    monkeypatch.setattr(train, "train_networks", networks)
    told: list[tuple[str, int, int, str]] = []
    training = train_headlines(
        replace(small_recipe, epochs=2),
        small_corpus,
        (5, 6),
        outside=small_outside,
        lexicon=LEXICON,
        report=lambda *some: told.append(some),
    )
    assert [call["seed"] for call in networks.calls] == [5, 5, 6]  # the exploration, then one run per seed
    steps = [(phase, done, of) for phase, done, of, _ in told if phase.startswith("networks")]
    assert steps == [(f"networks, pass {number} of 3", done, 2) for number in (1, 2, 3) for done in (1, 2)]
    assert ("networks, pass 2 of 3", 2, 2, "loss 0.500, accuracy 0.500") in told
    words = [one for one in told if one[0].startswith("vocabulary")]
    assert words == [(f"vocabulary, pass {number} of 3", 0, 1, "") for number in (1, 2, 3)]
    learned_from = [training.explored, training.texts, training.texts]
    for learned, texts, call in zip((training.exploration, *training.runs), learned_from, networks.calls, strict=True):
        titles, bodies = texts.titles, texts.bodies
        samples = [*titles, *bodies, *bodies, *texts.lexicon, *bodies]
        (first, targets), (second, again) = call["epochs"]
        assert (targets != soft_targets(samples, OUTSIDE, OUTSIDE + 1, 0.7)).nnz == 0
        assert targets is again
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
    titles, bodies = training.held_out.titles, training.held_out.bodies
    rows, targets = held_out
    expected = unit_length(encode(training.exploration.encoder, [one.words for one in (*titles, *bodies)]))
    assert (rows != expected).nnz == 0
    assert (targets != soft_targets([*titles, *bodies], OUTSIDE, OUTSIDE + 1, 0.7)).nnz == 0


def test_calibration_is_fitted_on_titles_bodies_and_lexicon_and_sets_on_titles(
    small_training: HeadlineTraining,
) -> None:
    texts, held_out = small_training.held_out, small_training.exploration.held_out
    parts = [held_out(texts.titles), held_out(texts.bodies), held_out(texts.lexicon, any_topic=True)]
    assert parts[2].labels[0] != held_out(texts.lexicon).labels[0]  # the answer is the second topic
    calibration = fit_temperature([part.inside for part in parts])
    assert small_training.calibration == calibration
    titles, bodies, lexicon = parts
    assert small_training.outside == fit_outside([titles, lexicon], calibration, 0.05, others=[bodies])
    headlines = titles.inside
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
    titles, bodies = make_samples([wire for wire in small_corpus if wire.split == "train"])
    texts = Texts(tuple(titles), tuple(bodies))
    unmerged = train.train_model(small_recipe, training_set(small_recipe, texts), 1)
    unmerged.merged(3.5, 7)
    assert (given["share"], given["width"]) == (3.5, 7)
    assert given["linear"].shape == (unmerged.encoder.spec.size, OUTSIDE)  # no text about none of the topics
    rows = given["texts"]
    assert rows.shape[0] == len(titles) + 3 * len(bodies)
    lengths = sp.linalg.norm(rows, axis=1)
    assert lengths[lengths > 0] == pytest.approx(1)


def test_ridge_regression_on_titles_with_a_topic_is_added_to_the_svm(
    small_corpus: Corpus, small_outside: Outside, small_recipe: HeadlinesRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "train_networks", NoisyNetworks())
    titles, bodies = make_samples([*[wire for wire in small_corpus if wire.split == "train"], *small_outside])
    texts = training_set(small_recipe, Texts(tuple(titles), tuple(bodies)))
    svm, both = (train.train_model(replace(small_recipe, ridge_share=share), texts, 1) for share in (0.0, 0.5))
    inside = [title for title in titles if title.labels]
    ridge = train_ridge(
        encode(both.encoder, [title.words for title in inside]),
        feature_expansion(both.word_index, both.encoder.spec.size, small_recipe),
        labels_of(inside, OUTSIDE),
        units=OUTSIDE + 1,
    )
    np.testing.assert_allclose(both.linear, svm.linear + 0.5 * ridge, atol=1e-6)
    assert ridge.any()


@pytest.mark.slow
def test_networks_and_svm_together_learn(
    small_corpus: Corpus, small_outside: Outside, small_recipe: HeadlinesRecipe
) -> None:
    training = train_headlines(small_recipe, small_corpus, (1,), outside=small_outside)
    scores = training.exploration.held_out([one for one in training.texts.titles if one.labels])
    assert (scores.logits[:, :OUTSIDE].argmax(axis=1) == scores.labels).mean() > 0.7
    assert training.runs[0].history["loss"][-1] < training.runs[0].history["loss"][0]


def test_no_title_learned_from_is_a_test_wires(small_corpus: Corpus, small_training: HeadlineTraining) -> None:
    test = title_words(wire for wire in small_corpus if wire.split == "test")
    for texts in (small_training.explored, small_training.texts):
        assert not test & {sample.words for sample in texts.titles}
        train = {wire.number for wire in small_corpus if wire.split == "train"}
        assert {sample.source for sample in (*texts.titles, *texts.bodies) if sample.labels} <= train


def test_exploration_is_trained_without_the_held_out_texts(small_training: HeadlineTraining) -> None:
    held_out = {sample.source for sample in small_training.held_out.titles}
    texts, every = small_training.explored, small_training.texts
    assert len(held_out) == 150 + 200 / 8
    assert not held_out & {sample.source for sample in (*texts.titles, *texts.bodies)}
    assert held_out <= {sample.source for sample in every.titles}
    phrases = {sample.words for sample in small_training.held_out.lexicon}
    assert {sample.words for sample in texts.lexicon} == {sample.words for sample in every.lexicon} - phrases
    assert len(phrases) == -(-len(LEXICON) // 8)


def test_wires_of_other_seeds_differ_and_all_learn(small_training: HeadlineTraining) -> None:
    one, other = small_training.runs
    assert one.word_index == other.word_index
    assert not np.array_equal(one.layers[0].kernel, other.layers[0].kernel)
    inside = [sample for sample in small_training.texts.titles if sample.labels]
    scores = small_training.exploration.held_out(inside)
    assert (scores.logits[:, :OUTSIDE].argmax(axis=1) == scores.labels).mean() > 0.7


def test_report_says_what_was_calibrated(small_training: HeadlineTraining) -> None:
    report = headlines_report(small_training)
    assert "temperature exp(" in report
    assert "\ntitles         150" in report
    exploration = small_training.exploration
    texts = small_training.explored
    first = f"{exploration.encoder.spec.size - 1:,} features, {len(texts.titles):,} titles,"
    second = f"{len(texts.bodies):,} bodies, {len(texts.lexicon):,} texts of the lexicon,"
    assert report.splitlines()[:2] == [first, second]
    assert f"marked are {small_training.outside.lost:.1%} of the titles with a topic" in report


def test_reference_counts_words_that_other_wires_lack(small_training: HeadlineTraining) -> None:
    run = small_training.runs[0]
    texts = small_training.texts
    titles, bodies = ([one for one in kind if one.labels] for kind in (texts.titles, texts.bodies))
    found = drift_reference(run.encoder, titles, bodies, TOPICS)
    assert sum(found["topic_mix"].values()) == pytest.approx(1, abs=1e-3)
    assert found["topic_mix"]["cocoa"] == pytest.approx((labels_of(titles, OUTSIDE) == 0).mean(), abs=1e-6)
    assert found["unknown_word_ratio"] < 0.01  # every keyword comes in many wires
    alone = drift_reference(run.encoder, titles[:1], (), TOPICS)
    assert (alone["unknown_word_ratio"], alone["rare_word_ratio"]) == (1, 0)


def test_reference_counts_words_beyond_the_cut_as_rare() -> None:
    encoder = Encoder(EncodingSpec(size=3, offset=0, start_id=None, rare_id=None), {"oil": 1, "wheat": 2, "quorum": 3})
    words = [("oil", "quorum"), ("quorum", "wheat"), ("oil", "wheat", "only", "here")]
    titles = [Sample(one, (0,), number) for number, one in enumerate(words)]
    found = drift_reference(encoder, titles, (), TOPICS)
    assert (found["unknown_word_ratio"], found["rare_word_ratio"]) == (2 / 8, 2 / 8)
    assert found["topic_mix"]["cocoa"] == 1


def test_words_that_only_the_lexicon_has_are_not_unknown() -> None:
    encoder = Encoder(EncodingSpec(size=3, offset=0, start_id=None, rare_id=None), {"oil": 1, "wheat": 2})
    title, phrase = Sample(("oil", "wheat"), (0,), 1), Sample(("oil",), ())
    assert drift_reference(encoder, [title], (), TOPICS)["unknown_word_ratio"] == 1
    assert drift_reference(encoder, [title], [phrase], TOPICS)["unknown_word_ratio"] == 0.5


def test_outside_class_tells_wires_without_a_topic(small_training: HeadlineTraining) -> None:
    outside = small_training.outside
    assert outside.lost is not None
    assert outside.found is not None
    assert outside.lost <= 0.05
    assert outside.found > 0.8
    assert outside.score > 0


def test_material_with_topics_only_is_refused(small_corpus: Corpus, small_recipe: HeadlinesRecipe) -> None:
    with pytest.raises(RecipeError, match="no wires without a topic"):
        train_headlines(small_recipe, small_corpus, (1,), outside=())
