"""Read a file in a process of its own, one piece ahead of whoever uses the pieces.

A thread would take turns with the writing for the interpreter's lock. The process is a new one and no fork: it shares no
connection, no lock and no thread with its parent, and asks the database for nothing. It ends when nobody reads its pipe
any more, however its parent ended.
"""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from django.utils import translation
from django.utils.translation import gettext as _

from profiles.reading import Piece, Plan
from profiles.rows import Row

LEAST_BYTES = 4 * 2**20  # of a file; a shorter one is read sooner than a process has started
PROGRAM = "import django; django.setup(); from profiles import reading_ahead; reading_ahead.serve()"


class ReaderLost(OSError):
    """The process ended before the file did: how many rows are missing is not known."""


class Ahead(Iterator[Piece]):
    """The pieces of Plan.pieces(). An error of the other process is raised here, in its turn. close() ends the process."""

    def __init__(self, plan: Plan, skip: int, size: int) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(  # noqa: S603 (nothing in the command comes from anywhere else)
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.pipe = cast(BinaryIO, self.process.stdout)
        try:
            with cast(BinaryIO, self.process.stdin) as task:
                task.write(pickle.dumps((plan, skip, size, translation.get_language())))
        except BrokenPipeError:
            pass  # it ended already: whoever asks for a piece is told

    def __next__(self) -> Piece:
        try:
            found = pickle.load(self.pipe)  # noqa: S301 (our own bytes, from our own process)
        except (EOFError, pickle.UnpicklingError) as error:
            why = _("The process that reads the file ended before the file did (%(code)s). Import the file again.")
            raise ReaderLost(why % {"code": self.process.wait()}) from error
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise StopIteration
        return _unpacked(*found)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.pipe.close()


def serve() -> None:
    """What the process does: the task comes on its standard input, the pieces go to its standard output."""
    # They are meant for the parent, which finishes the batch in hand and closes the pipe.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints does not get between the pieces
    plan, skip, size, language = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own bytes, from our own process)
    try:
        with translation.override(language):
            for message in _messages(plan, skip, size):
                output.write(message)
                output.flush()
    except BrokenPipeError:
        os._exit(1)  # nobody wants the rest


def _messages(plan: Plan, skip: int, size: int) -> Iterator[bytes]:
    try:
        for piece in plan.pieces(skip, size):
            yield pickle.dumps(_packed(piece))
    except Exception as error:
        error.add_note(traceback.format_exc())
        yield pickle.dumps(error)
    else:
        yield pickle.dumps(None)


def _packed(piece: Piece) -> tuple[Any, ...]:
    """Column by column: so it is read again in a fraction of the time."""
    rows, rejects = piece
    return [row.line for row in rows], list(zip(*[row.values for row in rows], strict=True)), rejects


def _unpacked(lines: list[int], columns: list[tuple[Any, ...]], rejects: list[Any]) -> Piece:
    return [Row(line, list(values)) for line, values in zip(lines, zip(*columns, strict=True), strict=True)], rejects
