"""Work on the next piece while the database writes this one."""

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

from django.utils import translation

T = TypeVar("T")
WAIT_SECONDS = 0.1
END = object()


def ahead(pieces: Iterable[T]) -> Iterator[T]:
    """The same pieces, each made by a thread of its own while the one before it is in use; at most two wait.

    An error in the making is raised here, in its turn. Closing the iterator ends the thread.
    """
    queue: Queue[tuple[object, BaseException | None]] = Queue(maxsize=1)
    given_up = threading.Event()
    language = translation.get_language()

    def put(item: object, error: BaseException | None = None) -> None:
        while not given_up.is_set():
            try:
                return queue.put((item, error), timeout=WAIT_SECONDS)
            except Full:
                continue

    def make() -> None:
        try:
            with translation.override(language):
                for piece in pieces:
                    put(piece)
                    if given_up.is_set():
                        return
            put(END)
        except BaseException as error:  # whatever it is, it belongs to whoever uses the pieces
            put(END, error)

    thread = threading.Thread(target=make, name="reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                piece, error = queue.get(timeout=WAIT_SECONDS)
            except Empty:
                continue
            if error:
                raise error
            if piece is END:
                return
            yield piece  # type: ignore[misc]
    finally:
        given_up.set()
        thread.join()
