"""Exceptions of training.

TrainingError
├── CorpusError     the Reuters-21578 archive is missing or damaged
├── DataError       the 46-topic set is missing or damaged
├── DownloadError   the archive could not be downloaded
├── LexiconError    a line of the lexicon is malformed
├── OutputError     a result cannot be written
└── RecipeError     a recipe does not support what was requested

The command line reports the core's `ClassifierError` in the same way.
"""


class TrainingError(Exception):
    """Base class. The message is one sentence: what is wrong, where, and what to do."""


class CorpusError(TrainingError):
    """The Reuters-21578 archive is missing, truncated, or not the published one."""


class DataError(TrainingError):
    """The 46-topic set is missing, damaged, or another data set."""


class DownloadError(TrainingError):
    """The archive could not be downloaded completely and unchanged; no files are left."""


class LexiconError(TrainingError):
    """The lexicon is missing, or a line of it has an unknown code, no text, or the words of another line."""


class OutputError(TrainingError):
    """A result cannot be written to the requested path; no files are left."""


class RecipeError(TrainingError):
    """A recipe does not support what was requested."""
