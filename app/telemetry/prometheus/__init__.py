"""Prometheus metrics of one and of several workers."""

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder of the metrics files of several workers.

It is defined here because prometheus_client reads it when it is first imported, and `serve` sets it before that.
"""

METRICS_FILES_BYTES = 4 * 64 * 1024
"""Size of a worker's first files: counters, histograms, and gauges of two kinds."""
