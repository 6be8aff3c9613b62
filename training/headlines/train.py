"""Trains a headline model: vocabulary, linear SVM, ridge regression and MLPs, merged into one network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import Encoder
from app.classifier.inference.products import Floats
from app.classifier.networks.dense_network import Dense, DenseNetwork
from training.headlines.calibration import HeldOut
from training.headlines.expansion import feature_expansion
from training.headlines.linear.svm import train_ridge
from training.headlines.linear.train import train_svms
from training.headlines.merge import merge
from training.headlines.mlp import Epoch, Layers, drop_words, train_networks
from training.headlines.recipe import Recipe
from training.headlines.samples import Sample, cut_spans, labels_of, members_of, random_rows, soft_targets
from training.headlines.training_set import TrainingSet
from training.headlines.vocabulary import build_encoder, encode, unit_length
from training.history import History
from training.progress import Report, silent


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained model with its encoder."""

    encoder: Encoder
    word_index: dict[str, int]
    layers: tuple[Dense, ...]
    """SVM and MLPs, merged; a unit after those of the topics is the score of the outside class."""
    history: History
    """Of the MLPs."""
    topics: int

    def held_out(self, samples: Sequence[Sample], *, any_topic: bool = False) -> HeldOut:
        """The model's logits for samples that it was not trained on, with their labels.

        `any_topic`: the label of a sample is its most probable topic if that is one of the sample's topics, and not
        necessarily the first of them.
        """
        encoded = [self.encoder.encode_words(sample.words) for sample in samples]
        shares = np.array([text.oov_share for text in encoded], np.float32)
        logits = DenseNetwork(self.layers).logits([text.ids for text in encoded])
        labels = labels_of(samples, self.topics)
        if any_topic:
            best = logits[:, : self.topics].argmax(axis=1)
            labels = np.where(members_of(samples, self.topics)[np.arange(len(best)), best], best, labels)
        return HeldOut(logits, labels, shares, self.topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergedModel:
    """A trained model before its SVM and its MLPs are merged."""

    encoder: Encoder
    word_index: dict[str, int]
    linear: Floats
    """Kernel of the SVM, with that of the ridge regression added if there is one, float32 [features, units]."""
    linear_bias: Floats
    """Of the SVM's scores, float32 [units]."""
    networks: Layers
    history: History
    texts: sp.csr_matrix
    """Rows of length 1, float32 [n, features], like those to be served."""
    topics: int

    def merged(self, linear_share: float, width: int) -> TrainedModel:
        """The model with this weight of the SVM's scores and this number of units in its first layer."""
        bias = self.networks.out_bias + np.float32(linear_share) * self.linear_bias
        layers = merge(self.linear, replace(self.networks, out_bias=bias), linear_share, self.texts, width)
        return TrainedModel(self.encoder, self.word_index, layers, self.history, self.topics)


def train_model(
    recipe: Recipe,
    training_set: TrainingSet,
    seed: int,
    *,
    held_out: Sequence[Sample] = (),
    report: Report = silent,
) -> UnmergedModel:
    """Train vocabulary, linear SVM, ridge regression and MLPs on all texts.

    Args:
        recipe: hyperparameters.
        training_set: the texts.
        seed: for everything random.
        held_out: samples on which the MLPs are evaluated after each epoch.
        report: called with the progress.
    """
    kinds, topics, units = training_set.kinds, training_set.topics, training_set.units
    clusters = training_set.clusters_of(recipe)
    report("vocabulary", 0, 1, "")
    encoder, word_index = build_encoder(
        recipe,
        training_set.vocabulary("frequent"),
        training_set.vocabulary("added"),
        topics,
        training_set.min_added_texts,
        clusters=clusters,
    )
    samples = [sample for kind in kinds for sample in kind.samples]
    whole = [encode(encoder, [sample.words for sample in kind.samples]) for kind in kinds]
    penalties = np.repeat(np.array([kind.penalty for kind in kinds]), [len(kind.samples) for kind in kinds], axis=0)
    expansion = feature_expansion(word_index, encoder.spec.size, recipe, clusters)
    drawn = random_rows(len(samples), recipe.linear_rows, seed)
    linear, bias = train_svms(
        recipe,
        training_set,
        [samples[i] for i in drawn],
        x=sp.vstack(whole, "csr")[drawn],
        expansion=expansion,
        penalties=penalties[drawn],
        seed=seed,
        on_topic=lambda done, of: report("linear SVM", done, of, ""),
    )
    if recipe.ridge_share:
        linear += np.float32(recipe.ridge_share) * _ridge(training_set, whole, expansion)
    long = [sample for kind in kinds if kind.spans for sample in kind.samples]
    shown = [*samples, *long]
    if training_set.multi_label:
        targets = sp.csr_matrix(members_of(shown, topics), dtype=np.float32)
    else:
        targets = soft_targets(shown, topics, units, recipe.first_topic_share)
    watched = None
    if held_out:
        rows = encode(encoder, [sample.words for sample in held_out])
        watched = unit_length(rows), soft_targets(held_out, topics, units, recipe.first_topic_share)
    rng = np.random.default_rng(seed)

    def spans() -> sp.csr_matrix:
        return encode(encoder, [span.words for span in cut_spans(long, recipe.span_words, rng)])

    def epoch() -> Epoch:
        cut = spans()
        fewer = [drop_words(rows, recipe.word_dropout, rng) for rows in whole]
        return unit_length(sp.vstack([*fewer, cut], "csr")), targets

    networks, history = train_networks(
        recipe,
        epoch,
        expansion,
        topics=0 if training_set.multi_label else topics,
        seed=seed,
        held_out=watched,
        on_step=lambda done, of, loss, right: report("networks", done, of, f"loss {loss:.3f}, accuracy {right:.3f}"),
    )
    texts = unit_length(sp.vstack([*whole, spans()], "csr"))
    return UnmergedModel(
        encoder=encoder,
        word_index=word_index,
        linear=linear,
        linear_bias=bias,
        networks=networks,
        history=history,
        texts=texts,
        topics=topics,
    )


def _ridge(training_set: TrainingSet, whole: Sequence[sp.csr_matrix], expansion: sp.csr_matrix) -> Floats:
    """The ridge regression's kernel, from the texts with a topic of the kinds that it learns from."""
    used = [i for i, kind in enumerate(training_set.kinds) if kind.ridge]
    labels = labels_of([sample for i in used for sample in training_set.kinds[i].samples], training_set.topics)
    inside = labels != training_set.topics
    rows = sp.vstack([whole[i] for i in used], "csr")[inside]
    return train_ridge(rows, expansion, labels[inside], units=training_set.units)
