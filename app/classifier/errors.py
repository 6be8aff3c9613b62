"""What can go wrong in the core.

ClassifierError
├── BundleError          a bundle that nobody can vouch for
├── UnknownTopicError    a topic code that the model does not have
└── TextTooLongError     more words than an explanation covers
"""


class ClassifierError(Exception):
    """One sentence: what is wrong, where, and what to do."""


class BundleError(ClassifierError):
    """A bundle is missing, damaged, or does not add up; it must not be served."""


class UnknownTopicError(ClassifierError):
    """A topic was named that is not one of the model's topics."""


class TextTooLongError(ClassifierError):
    """A text has more words than the operation takes."""
