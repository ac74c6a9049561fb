import threading

import pytest

from profiles.reading_ahead import Ahead


def test_pieces_come_in_their_order_whoever_makes_them():
    made_by = []

    def pieces():
        for number in range(3):
            made_by.append(threading.current_thread().name)
            yield number

    ahead = Ahead(pieces())
    taken = []
    for piece in ahead:
        taken.append(piece)
        ahead.go_on()

    assert (taken, set(made_by)) == ([0, 1, 2], {"reading ahead"})


def test_no_piece_is_made_before_somebody_says_so():
    made = []

    def pieces():
        for number in range(3):
            made.append(number)
            yield number

    ahead = Ahead(pieces())
    assert (next(ahead), made) == (0, [0])
    ahead.go_on()
    assert next(ahead) == 1
    assert made == [0, 1]
    ahead.close()
    assert not ahead.thread.is_alive()


def test_an_error_is_raised_in_its_turn():
    def pieces():
        yield "first"
        raise LookupError("the file ended")

    ahead = Ahead(pieces())

    assert next(ahead) == "first"
    with pytest.raises(LookupError, match="the file ended"):
        next(ahead)
