"""What logs must not keep."""

import logging
import re

TOKEN = re.compile(r"(?<![\w-])[\w-]{74}(?![\w-])", re.ASCII)  # of a signed link (profiles.links)


class WithoutTokens(logging.Filter):
    """Takes signed links out of the lines: whoever reads a log could otherwise act for the person of the link."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(TOKEN.sub("…", value) if isinstance(value, str) else value for value in record.args)
        return True
