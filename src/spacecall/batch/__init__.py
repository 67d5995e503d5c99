"""Durable calls over the rows of a file: every row ends once in the output, whatever happens.

The extra `batch` installs pyarrow, which reads and writes Parquet and reads CSV.
"""

from __future__ import annotations

from spacecall.batch._batch_request import Batch, BatchProgress, BatchSummary
from spacecall.batch._batch_run import run_batch

__all__ = ["Batch", "BatchProgress", "BatchSummary", "run_batch"]
