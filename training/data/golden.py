"""Golden headlines of the models of Reuters topics: clear, ambiguous, one word, no known word, as long as a wire."""

from typing import Final

GOLDEN_HEADLINES: Final = (
    "Oil prices rise as OPEC agrees to cut crude output",
    "USDA raises estimate of winter wheat harvest",
    "Company reports higher quarterly profit and raises dividend",
    "Bidder launches takeover offer for all outstanding shares",
    "Fed seen adding reserves as dollar falls against yen",
    "Japan's trade surplus widens; U.S. threatens tariffs",
    "gold",
    "Rohölpreise steigen erneut",  # no known word: German
    (
        "The International Coffee Organization said on Tuesday that talks on the introduction of export quotas had"
        " ended without agreement, and traders in London said they expected prices to fall further. Brazil, the"
        " largest producer, had refused to accept a smaller share of the market, delegates said. The dollar closed"
        " at 153.40 yen in New York, and the Bank of Japan was reported to have intervened. Analysts said the net"
        " loss of 1.2 mln dlrs in the first quarter, or 12 cts a share, against a profit of 800,000 dlrs, or eight"
        " cts a share, a year ago, reflected higher interest rates, a strike of dock workers, and lower sales of"
        " copper, zinc and steel."
    ),
)
