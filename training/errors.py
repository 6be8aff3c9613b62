"""What can go wrong offline.

TrainingError
├── CorpusError     the Reuters-21578 archive is missing or damaged
├── DataError       the 46-topic set is missing, damaged, or is another
├── DownloadError   the archive could not be fetched, or is not the one that was asked for
├── OutputError     a result cannot be written where it was asked for
└── RecipeError     a recipe cannot do what was asked of it

The command line reports the core's `ClassifierError` in the same way.
"""


class TrainingError(Exception):
    """One sentence: what is wrong, where, and what to do."""


class CorpusError(TrainingError):
    """The Reuters-21578 archive is missing, truncated, or not the published one."""


class DataError(TrainingError):
    """The 46-topic set is missing, damaged, or not what it should be."""


class DownloadError(TrainingError):
    """The archive could not be fetched whole and unchanged; nothing of it was left behind."""


class OutputError(TrainingError):
    """A result cannot be written where it was asked for; nothing of it was left behind."""


class RecipeError(TrainingError):
    """A recipe cannot do what was asked of it."""
