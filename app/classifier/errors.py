"""Exceptions of the classifier core."""


class ClassifierError(Exception):
    """Base class; the message is one sentence that says what is wrong, where, and what to do."""


class BundleError(ClassifierError):
    """A bundle is missing, damaged or inconsistent, and must not be served."""


class UnknownTopicError(ClassifierError):
    """The model has no topic with this code."""


class TextTooLongError(ClassifierError):
    """A text has more words than an explanation covers."""
