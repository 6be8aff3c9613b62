"""Exceptions of training.

TrainingError
├── ClustersError   the list of clusters of words is malformed
├── ColumnError     a file of labelled texts lacks a column, or it is unclear which column has what
├── CorpusError     the Reuters-21578 archive is missing or damaged
├── DataError       the Keras data set is missing or damaged
├── DownloadError   the archive could not be downloaded
├── LabelsError     the labels of a file of labelled texts cannot be learned
├── LexiconError    a line of the lexicon is malformed
├── OutputError     a result cannot be written
├── RecipeError     a recipe does not support what was requested
└── TableError      a file of labelled texts cannot be read, or has too many bad rows

The command line reports the core's `ClassifierError` in the same way.
"""


class TrainingError(Exception):
    """Base class. The message is one sentence: what is wrong, where, and what to do."""


class ClustersError(TrainingError):
    """The list of clusters is missing, or a line of it has an empty word or a word of another line."""


class ColumnError(TrainingError):
    """A file of labelled texts lacks a column, has it twice, or it is unclear which column has what."""


class CorpusError(TrainingError):
    """The Reuters-21578 archive is missing, truncated, or not the published one."""


class DataError(TrainingError):
    """The Keras data set is missing, damaged, or another data set."""


class DownloadError(TrainingError):
    """The archive could not be downloaded completely and unchanged; no files are left."""


class LabelsError(TrainingError):
    """The labels of a file of labelled texts cannot be learned, such as fewer than two labels with enough rows."""


class LexiconError(TrainingError):
    """The lexicon is missing, or a line of it has an unknown code, no text, or the words of another line."""


class OutputError(TrainingError):
    """A result cannot be written to the requested path; no files are left."""


class RecipeError(TrainingError):
    """A recipe does not support what was requested."""


class TableError(TrainingError):
    """A file of labelled texts cannot be read, is too large, or has too many bad rows."""
