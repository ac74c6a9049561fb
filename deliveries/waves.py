"""Sending waves: the oldest profiles first, each wave at its moment. Batches are cut so that none is in two waves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as noop

from deliveries.journal import Line
from deliveries.models import Delivery, Level, Preparation

MOST = 500
TOO_MANY = noop("This makes %(number)s waves, more than %(most)s: choose larger ones.")
TOO_LATE = noop(
    "The last of %(number)s waves would start after the validity has ended: choose fewer waves, or a longer validity."
)

Waves = dict[str, Any]


def pause(waves: Waves) -> timedelta:
    """Between the starts of two waves."""
    return timedelta(minutes=waves["minutes"])


def number(waves: Waves, total: int) -> int:
    """How many waves it takes for everybody to be in one."""
    ends, last = _ends(waves, total)
    within = next((place for place, end in enumerate(ends, 1) if end >= total), 0)
    return within or len(ends) - (ends[-1] - total) // last


def sizes(waves: Waves, total: int) -> Iterator[tuple[int, int]]:
    """Each wave of so many people, from 0, with its size; one for all where there are no waves, or too many."""
    if not waves or number(waves, total) > MOST:
        yield 0, total
        return
    ends, last = _ends(waves, total)
    ends += range(ends[-1] + last, total + last, last)
    reached = 0
    for wave, end in enumerate(ends):
        yield wave, min(end, total) - reached
        reached = min(end, total)
        if reached == total:
            return


def release(preparation: Preparation, waves: Waves, *, at: datetime) -> None:
    """Have the batches go out from this moment on, wave after wave."""
    if not waves:
        preparation.batches.update(due_at=at)
        return
    for wave in preparation.batches.order_by("wave").values_list("wave", flat=True).distinct():
        preparation.batches.filter(wave=wave).update(due_at=at + wave * pause(waves))


def findings(delivery: Delivery, total: int) -> Iterator[Line]:
    """Whether everybody's wave comes, and comes in time."""
    if not delivery.waves or not total:
        return
    found = number(delivery.waves, total)
    if found > MOST:
        yield Line(TOO_MANY, {"number": found, "most": MOST}, Level.ERROR)
    elif (found - 1) * pause(delivery.waves) >= delivery.validity:
        yield Line(TOO_LATE, {"number": found}, Level.ERROR)


def _ends(waves: Waves, total: int) -> tuple[list[int], int]:
    """Where the waves that were named end, and the size that is repeated behind them. Of a part of a person, a whole one."""
    sizes = [-(-total * size // 100) if waves["unit"] == "percent" else size for size in waves["sizes"]]
    sizes = [max(1, size) for size in sizes]
    return [sum(sizes[: place + 1]) for place in range(len(sizes))], sizes[-1]
