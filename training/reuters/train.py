"""Trains the recipe `headlines`: once without the held-out texts, to calibrate, then on all of them per seed."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.classifier.manifest import Calibration, Outside, TopicSet
from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.errors import RecipeError
from training.headlines.calibration import fit_outside, fit_temperature, fit_topic_set
from training.headlines.clusters.cluster_list import Clusters
from training.headlines.samples import Sample
from training.headlines.train import TrainedModel, train_model
from training.progress import Report, numbered, silent
from training.reuters.cleaning import mislabelled
from training.reuters.recipe import HeadlinesRecipe
from training.reuters.samples import Texts, lexicon_samples, make_samples, title_words, training_set


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineTraining:
    """All runs of a training, with the calibration."""

    recipe: HeadlinesRecipe
    seeds: tuple[int, ...]
    runs: tuple[TrainedModel, ...]
    """One per seed, trained on all texts."""
    texts: Texts
    """All of them."""
    clusters: Clusters
    exploration: TrainedModel
    """Trained without the held-out texts; used to calibrate, and then discarded."""
    explored: Texts
    """What it was trained on."""
    held_out: Texts
    calibration: Calibration
    topic_set: TopicSet
    outside: Outside


def train_headlines(
    recipe: HeadlinesRecipe,
    corpus: Sequence[Wire],
    seeds: Sequence[int],
    *,
    outside: Sequence[ArchiveWire],
    lexicon: Sequence[Entry] = (),
    clusters: Clusters = (),
    report: Report = silent,
) -> HeadlineTraining:
    """Train once to calibrate, then once per seed on all texts; no test wire is read, except for its title.

    Args:
        recipe: hyperparameters.
        corpus: all wires; titles that a test wire also has are left out.
        seeds: at least one; the first also calibrates.
        outside: wires about none of the topics.
        lexicon: further texts, with and without a topic.
        clusters: of words; a word that has no id of its own in a network has that of its cluster.
        report: called with the progress.

    Raises:
        RecipeError: there are not more training wires than the recipe holds out, or no wires without a topic.
    """
    train = [wire for wire in corpus if wire.split == "train"]
    if len(train) <= recipe.held_out:
        raise RecipeError(
            f"The training part has {len(train):,} wires and recipe {recipe.name} holds out {recipe.held_out:,} of"
            " them; use the whole archive."
        )
    if not outside:
        raise RecipeError("There are no wires without a topic, from which `outside` is learned; use the whole archive.")
    test_titles = title_words(wire for wire in corpus if wire.split == "test")
    phrases, every = lexicon_samples(lexicon), recipe.held_out_every
    outside = clean(recipe, train, outside)
    held_out = _texts([*train[: recipe.held_out], *outside[::every]], phrases[::every], set())
    avoid = test_titles | {sample.words for sample in held_out.titles}
    left = [wire for i, wire in enumerate(outside) if i % every]
    rest = _texts([*train[recipe.held_out :], *left], [line for i, line in enumerate(phrases) if i % every], avoid)
    passes = 1 + len(seeds)
    watched = [*held_out.titles, *held_out.bodies]
    unmerged = train_model(
        recipe, training_set(recipe, rest, clusters), seeds[0], held_out=watched, report=numbered(report, 1, passes)
    )
    exploration = unmerged.merged(recipe.linear_share, recipe.width)
    # As in the measurements on present-day headlines, a line of the lexicon may be answered with any of its topics.
    parts = [exploration.held_out(kind, any_topic=kind is held_out.lexicon) for kind in held_out.kinds]
    calibration = fit_temperature([part.inside for part in parts])
    titles, bodies, *lexicon_lines = parts
    headlines = titles.inside
    topic_set = fit_topic_set(headlines.probabilities(calibration), headlines.labels, recipe.coverage)
    fitted = fit_outside([titles, *lexicon_lines], calibration, recipe.most_lost, others=[bodies])
    texts = _texts([*train, *outside], phrases, test_titles)
    runs = tuple(
        train_model(
            recipe, training_set(recipe, texts, clusters), seed, report=numbered(report, number, passes)
        ).merged(recipe.linear_share, recipe.width)
        for number, seed in enumerate(seeds, start=2)
    )
    return HeadlineTraining(
        recipe=recipe,
        seeds=tuple(seeds),
        runs=runs,
        texts=texts,
        clusters=clusters,
        exploration=exploration,
        explored=rest,
        held_out=held_out,
        calibration=calibration,
        topic_set=topic_set,
        outside=fitted,
    )


def clean(recipe: HeadlinesRecipe, train: Sequence[Wire], outside: Sequence[ArchiveWire]) -> list[ArchiveWire]:
    """The wires without a topic, except those that should have had one (see `mislabelled`)."""
    inside, without = ([sample for kind in make_samples(wires) for sample in kind] for wires in (train, outside))
    wrong = mislabelled(inside, without, recipe.first_words, recipe.clean_below)
    return [wire for wire in outside if wire.number not in wrong]


def _texts(wires: Sequence[Wire | ArchiveWire], lexicon: Sequence[Sample], avoid: set[tuple[str, ...]]) -> Texts:
    titles, bodies = make_samples(wires, avoid)
    return Texts(tuple(titles), tuple(bodies), tuple(lexicon))
