"""Tests. Several processes run them, in which idle threads of NumPy and TensorFlow would use the processor."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")  # read when NumPy and TensorFlow are imported
