"""The help text of python -m app classify."""

from app.cli.exit_status import MEANINGS

KEEP_ALL = "*"
"""What --keep without a name means."""

HELP = """Say what headlines are about: one row for each, in JSON Lines or CSV.

\b
  python -m app classify "Oil prices rise as OPEC cuts output"
  python -m app classify -f headlines.txt > topics.jsonl
  python -m app classify -f news.csv --column title --keep --format csv --top-k 3
  tail -f news.jsonl | python -m app classify -f - --field headline
  python -m app classify --engine ray news/ topics/ --format parquet

A row has the line of the input, the headline, the most probable topic with its name and probability, and why the
model abstains, if it does: a headline without one known word gets no topic. --top-k adds topic_2, probability_2, ...
and --keep adds the input's other columns behind them; one whose name is taken begins with input_.

The name says what a file holds: .csv, .tsv, .jsonl, .ndjson or .json, which may be an array; else each line is a
headline. --column and --field say it too. Gzip is unpacked; UTF-16 and UTF-32 are known by their byte order mark.

Lines that cannot be read, or hold no headline, are reported by number on standard error, and the rest is done.
docs/classify.md tells more.

--engine ray uses all cores of this machine, or of the cluster at --address: INPUT is a file or a folder of Parquet,
CSV, JSON or text, OUTPUT a folder. A rerun does what is left. docs/ray.md tells more.

\b
Exit status:
""" + "\n".join(f"  {status.value:<4} {meaning}" for status, meaning in MEANINGS.items())
