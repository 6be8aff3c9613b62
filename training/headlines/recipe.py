"""Hyperparameters of the headline model that hold for any set of labels."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters of vocabulary, linear SVM, ridge regression, MLPs and calibration."""

    features: int = 22_000
    """Words, later words, repeated words, pairs and clusters together. Id 0 is unused, so the multi-hot vector is one
    longer."""
    words: int = 10_000
    """The most frequent words. The others are rare: in the word index, but without an id."""
    lead: int | None = 30
    """Number of first words of a text; a word that occurs only after them is a different feature, or none. None: where
    a word occurs makes no difference."""
    later: int = 4_000
    """Number of words with a feature for occurring only after the lead."""
    repeats: int = 1_500
    """Number of words with a feature for occurring twice or more."""
    min_word_texts: int = 2
    """Minimum number of texts with a word; the next three are the same for the other kinds of features."""
    min_later_texts: int = 2
    min_repeat_texts: int = 3
    min_pair_texts: int = 3
    pieces: int = 0
    """Number of pieces of words: character n-grams that stand for a word without an id, at serving time too."""
    piece_sizes: tuple[int, int] = (3, 4)
    """Minimum and maximum number of characters of a piece."""
    pieces_of: Literal["rare", "all"] = "rare"
    """Words whose pieces are counted. `rare`: words without an id, so that training texts have these pieces. `all`: all
    words; the pieces are then trained as n-grams of words, even if no training text has them as pieces."""
    min_piece_texts: int = 2
    """Minimum number of texts with a piece of a rare word, or of words with the piece if `pieces_of` is `all`."""
    piece_weight: float = 0.4
    """Weight of a piece's n-gram and, if `pieces_of` is `rare`, of the piece itself; that of a word is 1."""
    split_unspaced: bool = False
    """Whether characters of scripts without spaces between words, such as Chinese, are words."""
    split_symbols: bool = False
    """Whether symbols, such as emoji, are words."""
    split_marks: bool = False
    """Whether question and exclamation marks are words."""
    rare_words: int | None = None
    """Maximum number of rare words in the word index; None: all of them."""
    feature_weights: Literal["ratio", "ratio and idf", "tfidf"] = "ratio"
    """How the SVM weights features. `ratio`: by the log-count ratio. `ratio and idf`: by its absolute value plus 0.5,
    times idf, because of few texts the ratio alone is mostly chance. `tfidf`: close to the usual TF-IDF, mostly by idf,
    with rows of length 1 and an intercept."""
    linear_c: float = 1.0
    """Factor of the SVM's C of every text."""
    rare_weight: float = 0.0
    """Power by which texts of rarer labels have a higher C in the SVM: that of a label with half as many texts is
    2 ** rare_weight times as high. 0: all have the same; 1: all labels together weigh alike."""
    piece_share: float | None = 1.0
    """Weight of a word's character n-grams together; that of the word itself is 1. None: each has the weight of a
    piece, so that long words count more."""
    cluster_share: float = 0.0
    """Weight of a word's cluster (see `feature_expansion`), where the word itself has 1; 0: there are no clusters."""
    group_share: float = 0.0
    """Weight of the groups of a word's cluster together, if there are clusters; 0: groups are not used."""
    min_piece_words: int = 4
    """Minimum number of words with a character n-gram."""
    networks: int = 3
    """Number of MLPs."""
    hidden: int = 100
    """Hidden units of each MLP."""
    width: int = 128
    """Units of the first layer, which SVM and MLPs share: the rank of the merged kernel."""
    dropout: float = 0.5
    word_dropout: float = 0.5
    """Highest rate of word dropout; each text has its own rate, drawn from 0 to this."""
    span_words: tuple[int, int] = (4, 20)
    """Minimum and maximum length, in words, of the random span of each body that is drawn for each epoch."""
    linear_rows: int | None = None
    """Maximum number of rows that the SVM is trained on; None: all."""
    most_negatives: int | None = None
    """Maximum number of rows of other topics that a topic's SVM is trained on; their C is raised. None: all."""
    first_topic_share: float = 0.7
    """Target of the first topic of a wire that has several; the others share the rest."""
    linear_share: float = 4.0
    """Weight of the SVM's scores, mostly within -1 and 1, in the logits."""
    ridge_share: float = 0.0
    """Weight of a ridge regression's scores, mostly within 0 and 1, that are added to the SVM's; 0: none."""
    epochs: int = 10
    batch_size: int = 256
    learning_rate: float = 3e-3
    """Falls linearly to 0."""
    most_lost: float = 0.05
    """Maximum share of held-out headlines with a topic that may lose a right answer to the outside class."""
    coverage: float = 0.9
    """Coverage of the prediction sets, 0 to 1."""
