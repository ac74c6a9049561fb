"""Work on the next piece while the database writes this one."""

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from typing import Any, TypeVar

from django.utils import translation

T = TypeVar("T")
WAIT_SECONDS = 0.1
END = object()


class Ahead(Iterator[T]):
    """The same pieces; each is made by a thread of its own once go_on() was called, or at the latest when it is asked for.

    Whoever uses a piece says go_on() where the waiting for the database begins: earlier, the two threads would take turns
    with the interpreter's lock. An error in the making is raised here, in its turn. close() ends the thread.
    """

    def __init__(self, pieces: Iterable[T]) -> None:
        self.pieces = pieces
        self.language = translation.get_language()
        self.given_up, self.wanted = threading.Event(), threading.Event()
        self.is_making = False
        self.queue: Queue[tuple[Any, BaseException | None]] = Queue(maxsize=1)
        self.thread = threading.Thread(target=self._make, name="reading ahead", daemon=True)
        self.thread.start()

    def _make(self) -> None:
        try:
            with translation.override(self.language):
                pieces = iter(self.pieces)
                while self._is_wanted():
                    piece = next(pieces, END)
                    self._put(piece)
                    if piece is END:
                        return
        except BaseException as error:  # whatever it is, it belongs to whoever uses the pieces
            self._put(END, error)

    def _is_wanted(self) -> bool:
        """When the next piece is asked for; False where nobody will any more."""
        self.wanted.wait()
        self.wanted.clear()
        return not self.given_up.is_set()

    def go_on(self) -> None:
        """Make the next piece now."""
        if not self.is_making:
            self.is_making = True
            self.wanted.set()

    def _put(self, item: Any, error: BaseException | None = None) -> None:
        while not self.given_up.is_set():
            try:
                self.queue.put((item, error), timeout=WAIT_SECONDS)
            except Full:
                continue
            return

    def __next__(self) -> T:
        self.go_on()
        while True:
            try:
                piece, error = self.queue.get(timeout=WAIT_SECONDS)
            except Empty:
                continue
            self.is_making = False
            if error:
                raise error
            if piece is END:
                raise StopIteration
            return piece

    def close(self) -> None:
        self.given_up.set()
        self.wanted.set()
        self.thread.join()
