"""Gauges of the last reload: whether SIGHUP has brought a new bundle to all workers, and when that last succeeded."""

import logging
import os
import time
from contextlib import closing
from pathlib import Path

from prometheus_client.mmap_dict import mmap_key

from app.telemetry.prometheus import MULTIPROC_DIR
from app.telemetry.prometheus.metrics_file import MetricsFile

# Named as in Prometheus and Alertmanager, whose alerts operators know.
_SUCCESSFUL = "topics_last_reload_successful"
_SUCCESS_TIME = "topics_last_reload_success_timestamp_seconds"
_HELP = {
    _SUCCESSFUL: "1 if the last reload by SIGHUP succeeded, 0 if it failed.",
    _SUCCESS_TIME: "Unix time of the last successful reload by SIGHUP, or of the start.",
}

logger = logging.getLogger(__name__)


def write_reload(successful: bool) -> None:
    """Write the gauges to a file of the supervisor, from which the workers and the metrics port expose them.

    Not with `Gauge`: forked workers would inherit its open file, and it would not notice that the file was deleted.
    """
    values = {_SUCCESSFUL: float(successful)} | ({_SUCCESS_TIME: time.time()} if successful else {})
    name = "gauge_livemax_supervisor.db"  # prometheus_client reads type and mode from it
    try:
        with closing(MetricsFile(str(Path(os.environ[MULTIPROC_DIR]) / name))) as file:
            for metric, value in values.items():
                file.write_value(mmap_key(metric, metric, [], [], _HELP[metric]), value, 0.0)
    except Exception as error:  # after any error, such as a full disk, the supervisor goes on
        logger.warning("the result of the reload is missing from the metrics: %s", error)
