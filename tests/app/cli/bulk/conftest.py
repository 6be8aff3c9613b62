"""--engine ray without Ray: tests of modules that read and write files, which need pyarrow of the `train` extra."""

from importlib.util import find_spec

collect_ignore = (
    [] if find_spec("pyarrow") else [f"test_{name}.py" for name in ("files", "output", "plan", "sharding", "table")]
)
