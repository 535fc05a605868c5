"""Measurements beside peers; each module is run as `python -m benchmarks.NAME`."""

import os
import warnings

# Their tables stand alone; what else goes wrong lies in the log that benchmarks/report.py names.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore", FutureWarning)  # of Google's libraries, on Python 3.10
