"""Loads the bundles that the settings name: those in service, in order, and the shadow."""

import gc
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from app.classifier import Bundle, BundleError, TopicClassifier, build_classifier, load_bundle
from app.classifier.networks.keras_network import ensure_keras_is_installed
from app.settings import Settings

logger = logging.getLogger(__name__)

_digests: dict[str, str] = {}
"""Digest of each bundle that this process has loaded, by NAME/VERSION."""


class Bundles(NamedTuple):
    """Verified bundles."""

    served: tuple[Bundle, ...]
    """At least one; the first answers requests that name no model."""
    shadow: Bundle | None


class Classifiers(NamedTuple):
    """The classifiers of Bundles."""

    served: tuple[TopicClassifier, ...]
    shadow: TopicClassifier | None = None


Load = Callable[[], Classifiers]
"""Returns the classifiers; called when a process starts to serve."""


def prepare(settings: Settings) -> Load:
    """Verify all bundles now; returns a function that gives their classifiers, also in a forked worker.

    Workers share the memory of classifiers that are built here. With Keras each of several workers builds its own from
    the verified bytes, because TensorFlow's threads do not survive a fork.

    Raises:
        BundleError: a bundle fails verification, or Keras is needed and not installed.
    """
    bundles = load_bundles(settings)
    if settings.runtime == "keras" and settings.workers > 1:
        ensure_keras_is_installed()
        load: Load = partial(build_classifiers, bundles, settings)
    else:
        classifiers = build_classifiers(bundles, settings)
        # A garbage collection in a worker would write to all objects, and so copy the shared memory. Before the freeze
        # it would free nothing, and take 5% of the time of the start.
        gc.freeze()
        load = lambda: classifiers  # noqa: E731
    _log(bundles)
    return load


def _log(bundles: Bundles) -> None:
    """Log which bundles are loaded, and warn if the name and version of one stood for another bundle.

    At the start the log is not configured yet: only the warning appears, on stderr.
    """
    for bundle in (*bundles.served, *filter(None, [bundles.shadow])):
        name = bundle.manifest.full_name
        logger.info("loaded %s, digest %s", name, bundle.digest)
        if _digests.get(name, bundle.digest) != bundle.digest:
            logger.warning(
                "two bundles are called %s, with the digests %s and %s: answers, metrics and the comparison with the"
                " shadow do not tell them apart; give each bundle a version of its own",
                name,
                _digests[name],
                bundle.digest,
            )
        _digests[name] = bundle.digest


def load_bundles(settings: Settings) -> Bundles:
    """Read and verify all bundles.

    Raises:
        BundleError: a bundle is invalid, or two in service have the same name and version.
    """
    served = tuple(map(load_bundle, settings.model))
    ensure_different_names(served)
    if settings.shadow is None:
        return Bundles(served, None)
    try:
        return Bundles(served, load_bundle(settings.shadow))
    except BundleError as error:
        raise BundleError(f"TOPICS_SHADOW: {error}") from None


def ensure_different_names(served: Sequence[Bundle]) -> None:
    """Raise BundleError if two of the bundles in service have the same name and version."""
    seen: dict[str, Bundle] = {}
    for bundle in served:
        name = bundle.manifest.full_name
        if name in seen:
            raise BundleError(
                f"TOPICS_MODEL: {seen[name].path} and {bundle.path} are both {name}; name one of them, or"
                " train one under another name or version."
            )
        seen[name] = bundle


def build_classifiers(bundles: Bundles, settings: Settings) -> Classifiers:
    """Make the classifiers of verified bundles; raises BundleError if one does not reproduce its golden headlines."""

    def build(bundle: Bundle) -> TopicClassifier:
        return build_classifier(bundle, settings.runtime, settings.min_probability, settings.outside_threshold)

    served = tuple(map(build, bundles.served))
    if bundles.shadow is None:
        return Classifiers(served)
    try:
        return Classifiers(served, build(bundles.shadow))
    except BundleError as error:
        raise BundleError(f"TOPICS_SHADOW: {error}") from None


def load_classifiers(settings: Settings) -> Classifiers:
    """Load all bundles and make their classifiers; raises BundleError as `load_bundles` and `build_classifiers` do."""
    return build_classifiers(load_bundles(settings), settings)
