"""The help text of `python -m app classify`."""

from app.cli.exit_status import MEANINGS

HELP = """Classify headlines and write one row for each.

\b
  python -m app classify "Oil prices rise as OPEC cuts output"
  python -m app classify -f headlines.txt > topics.jsonl
  python -m app classify -f news.csv --column title --keep --format csv
  tail -f news.jsonl | python -m app classify -f - --field headline
  python -m app classify --engine ray news/ topics/ --format parquet

\b
Columns:
  line         line of the input
  headline     the text
  topic        the most probable topic; empty if the headline has no known word
  name         its name
  probability  its probability
  outside      probability that the headline is about none of the topics;
               empty if the model has no outside class
  abstained    why the answer should not be relied on; else empty
  topic_set    prediction set, or all labels that a multi-label model assigns

--top-k adds topic_2, probability_2, and so on. --keep appends columns of the input, with the prefix input_ if the name
is already used.

The file name determines the input format: .csv, .tsv, .jsonl, .ndjson or .json (JSON Lines or an array). Any other
file has one headline per line, unless --column makes it CSV, or --field JSON. Gzip is decompressed; UTF-16 and UTF-32
are recognized by their byte order mark.

If --column or --field is repeated, as in --column Subject --column Description, the texts are joined by one space in
this order, without empty ones.

Lines that cannot be read or have no headline are reported on standard error with their number (on a terminal, the
first 20 of them) and counted; all other lines are classified. With --skip-empty, empty lines are skipped without a
report. --from-line continues an interrupted run. See docs/classify.md.

--engine ray uses all cores of this machine, or of the cluster at --address. INPUT is a file or a folder of Parquet,
CSV, JSON or text files, OUTPUT a folder. Run it again to continue after an interruption. See docs/ray.md.

\b
Exit status:
""" + "\n".join(f"  {status.value:<4} {meaning}" for status, meaning in MEANINGS.items())
