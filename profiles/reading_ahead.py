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
    """The same pieces, each made by a thread of its own while the one before it is in use; at most two wait.

    An error in the making is raised here, in its turn. close() ends the thread.
    """

    def __init__(self, pieces: Iterable[T]) -> None:
        self.pieces = pieces
        self.language = translation.get_language()
        self.given_up = threading.Event()
        self.queue: Queue[tuple[Any, BaseException | None]] = Queue(maxsize=1)
        self.thread = threading.Thread(target=self._make, name="reading ahead", daemon=True)
        self.thread.start()

    def _make(self) -> None:
        try:
            with translation.override(self.language):
                for piece in self.pieces:
                    self._put(piece)
                    if self.given_up.is_set():
                        return
            self._put(END)
        except BaseException as error:  # whatever it is, it belongs to whoever uses the pieces
            self._put(END, error)

    def _put(self, item: Any, error: BaseException | None = None) -> None:
        while not self.given_up.is_set():
            try:
                self.queue.put((item, error), timeout=WAIT_SECONDS)
            except Full:
                continue
            return

    def __next__(self) -> T:
        while True:
            try:
                piece, error = self.queue.get(timeout=WAIT_SECONDS)
            except Empty:
                continue
            if error:
                raise error
            if piece is END:
                raise StopIteration
            return piece

    def close(self) -> None:
        self.given_up.set()
        self.thread.join()
