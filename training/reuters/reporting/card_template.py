"""Text of the model card of the recipe `headlines`, with the names of what is filled in."""

from typing import Final

CARD: Final = """# {name}/{version}

{description}

It returns probabilities over the 46 topics of the Reuters newswire data set (`keras.datasets.reuters`).

| | |
| --- | --- |
| encoding | {size:,} multi-hot features, scaled to length 1: the {words:,} words that occur in the most texts, and\
 all others that occur in at least {min_lexicon_texts} lines of the lexicon; up to {later:,} words that first occur\
 after the first {lead} words of a text; up to {repeats:,} words that occur at least twice in a text; pairs of adjacent\
 words{clusters} |
| network | Dense {width} linear, {hidden} relu, {topics_count} softmax and one unit for `outside` |
| ensemble | {linear}, and {networks} networks of {units} hidden units, merged into this one network: its first\
 layer is a rank-{width} approximation of theirs |
| training | {epochs} epochs, batches of {batch_size}, Adam from {learning_rate}, word dropout, seed {seed} |
| training texts | {data_row} |
| calibration | temperature exp({temperature}), with m the highest logit minus the mean logit of the text, and u the\
 share of its words that are out of vocabulary |
| prediction set | topics with a probability of at least {threshold:.3f} |
| versions | {libraries} |

## Intended use
- For headlines and whole news articles in English, about business, commodities and economies.
{use}
- It ignores words that {known_from}. For a headline without any known word, `abstained` is `no_known_words`.

## Figures
Measured on the test wires, which were not used in training, with the answers of the service. The test wires were also
measured while the recipe was developed (docs/experiments.md), so the figures are slightly optimistic.

{figures}

- *Any assigned topic*: right if the prediction is any of the topics assigned to the wire. Its label is the first one.
- *Own body*: wires whose body in the data set is the right one; see *Data and its limitations* below.
- *As a client sends it*: the same bodies with entities decoded and without the closing `REUTER`, which the words of the
  data set include.
- *Titles also in training*: test titles that a training wire also has. These titles were not used in training, but the
  bodies of these training wires were.
{present_day}{sample}
{seeds}

![Learning curves](learning.png)

The curves show the networks without the SVM, trained without the held-out wires. `history.csv` has every epoch of every
run.

## Calibration
The logits are divided by a temperature. It grows with m, the highest logit minus the mean logit, so the most confident
answers are reduced most, and with the share of out-of-vocabulary words, so headlines with unknown words get lower
probabilities. It was fitted on the titles and bodies of {held_out:,} training wires and on one in {held_out_every}
lines of the lexicon, with a network of the same recipe that was trained without them.

The prediction sets were fitted on the titles of these wires alone, all from 1987. The served network was also trained
on these texts, so the coverage of the prediction sets is only approximately guaranteed. The table above has the
measured coverage.

![Reliability diagrams of headlines and wires](reliability.png)

{outside}## Confusion
On test titles:

![Confusion matrix](confusion.png)
{baselines}
## Topics
Support is the number of titles trained on; precision, recall and F1 are on the test titles. A dash means that the topic
was never predicted, or that no test title has it. Figures of topics with little support are unreliable: `lead` has one
test wire.

{topics}

{data}

## Reproduce
`python -m training train --recipe {recipe} --seeds {seed_count} --output models/mine/1` with the same library versions
and data (SHA-256 in `manifest.json`) gives the same network on the same machine, except for the date in `model.keras`.
"""

PRESENT_DAY_NOTE: Final = """\
- *Present-day headlines*: `docs/headlines/present_day.tsv` and `present_day_2.tsv`, written for measuring. Nearly
  every topic has at least one line (four in the second set), so rare topics have more weight than in real news.
"""

OUTSIDE_SECTION: Final = """## None of the topics
`outside` is the probability that a text is about none of the {topics} topics. The outside class was trained on
{wires:,} titles of wires without a topic (or with rare topics only), on the bodies of such wires, and on {lines:,} such
lines of the lexicon. `outside` is calibrated for traffic of which half is about none of the topics. If your share is
higher, it is too low; if your share is lower, it is too high. The formula is

    sigmoid({intercept:.3f} {score} s {confidence} log-odds of the most probable topic {unknown} u)

with s the logit of the network's last unit, and u the share of the text's words that are out of vocabulary. Above
{threshold:.3f}, `abstained` is `outside`; `TOPICS_OUTSIDE_THRESHOLD` overrides this threshold. It was chosen so that at
most {most_lost:.0%} of the held-out headlines with a topic lose a right answer; titles of 1987 and lines of the lexicon
have equal weight.

{measured}

*False positive rate*: share of the titles with a topic that are marked `outside`. *True positive rate*: share of the
titles without a topic that are marked. Some wires without a topic in the archive should have had one. The later wires
are those without a topic that were marked as indexed (`TOPICS="YES"`).

"""

SAMPLE_SECTION: Final = """
On a development sample of real headlines of 2016 to 2020 (docs/headlines/present_day.md), not used in training:

{table}

*Overall accuracy*: share of headlines marked `outside` if no topic is acceptable, or else classified as an acceptable
topic. *False positive rate* and *true positive rate*: see *None of the topics* below.
"""
