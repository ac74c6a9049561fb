"""Settings of the worker processes that tests start: the product's, with a directory and ranges of their own."""

import os
from pathlib import Path

from config.settings import *  # noqa: F403

VAR = Path(os.environ["WORKER_VAR"])
PREPARATION_RANGE = int(os.environ["WORKER_PREPARATION_RANGE"])
FILES = VAR / "files"
