"""The classifier core: text -> words -> ids -> multi-hot -> probabilities -> topics. Uses NumPy, and no HTTP."""

from app.classifier.bundle import Bundle, load_bundle
from app.classifier.classifier import Abstention, Classification, TopicClassifier
from app.classifier.encoding import Encoder
from app.classifier.errors import BundleError, ClassifierError, TextTooLongError, UnknownTopicError
from app.classifier.explanation import Explainer, Explanation, WordEffect, explain
from app.classifier.loading import build_classifier, load_classifier
from app.classifier.tokenizer import tokenize

__all__ = [
    "Abstention",
    "Bundle",
    "BundleError",
    "Classification",
    "ClassifierError",
    "Encoder",
    "Explainer",
    "Explanation",
    "TextTooLongError",
    "TopicClassifier",
    "UnknownTopicError",
    "WordEffect",
    "build_classifier",
    "explain",
    "load_bundle",
    "load_classifier",
    "tokenize",
]
