"""Loads the bundles that the settings name: those in service, in order, and the shadow."""

from typing import NamedTuple

from app.classifier import Bundle, BundleError, TopicClassifier, build_classifier, load_bundle
from app.settings import Settings


class Bundles(NamedTuple):
    """Verified bundles."""

    served: tuple[Bundle, ...]
    """At least one; the first answers requests that name no model."""
    shadow: Bundle | None


class Classifiers(NamedTuple):
    """The classifiers of Bundles."""

    served: tuple[TopicClassifier, ...]
    shadow: TopicClassifier | None = None


def load_bundles(settings: Settings) -> Bundles:
    """Read and verify all bundles.

    Raises:
        BundleError: a bundle is invalid, or two in service have the same name and version.
    """
    served = tuple(map(load_bundle, settings.model))
    seen: dict[tuple[str, str], Bundle] = {}
    for one in served:
        name = one.manifest.name, one.manifest.version
        if name in seen:
            raise BundleError(
                f"TOPICS_MODEL: {seen[name].path} and {one.path} are both {'/'.join(name)}; name one of them, or train"
                " one under another name or version."
            )
        seen[name] = one
    if settings.shadow is None:
        return Bundles(served, None)
    try:
        return Bundles(served, load_bundle(settings.shadow))
    except BundleError as error:
        raise BundleError(f"TOPICS_SHADOW: {error}") from None


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
    """Load all bundles and make their classifiers; raises BundleError as the two functions above."""
    return build_classifiers(load_bundles(settings), settings)
