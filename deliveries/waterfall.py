"""The result of a preparation as a chart: from everybody targeted, each cause takes its part away, down to those to deliver.

Positions are text in units of the box, so that no language puts commas into them.
"""

from dataclasses import dataclass, field
from typing import Any

from deliveries import explaining
from deliveries.models import Preparation

WIDTH = 1000  # units of the box
THINNEST = 6  # what a single person of ten million gets


@dataclass(frozen=True)
class Bar:
    left: str
    width: str


@dataclass(frozen=True)
class Part:
    """A flag or an error reason that a cause splits into."""

    key: str
    label: str
    volume: int
    bar: Bar


@dataclass(frozen=True)
class Step:
    """A cause, how many it takes away, and how many are left after it."""

    key: str
    label: str
    volume: int
    left: int
    bar: Bar
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Waterfall:
    targeted: Bar
    steps: list[Step]
    to_deliver: Bar


def of(preparation: Preparation) -> Waterfall:
    """Every cause in the order in which the rules look, zeros too; two or three queries."""
    left, steps = preparation.targeted, []
    for cause in explaining.causes(preparation):
        left -= cause["volume"]
        steps.append(_step(cause, left, preparation.targeted))
    whole = preparation.targeted
    return Waterfall(_bar(0, whole, whole), steps, _bar(0, preparation.to_deliver, whole))


def _step(cause: dict[str, Any], left: int, whole: int) -> Step:
    parts, end = [], left + cause["volume"]
    for part in cause["parts"]:
        end -= part["volume"]
        parts.append(Part(**part, bar=_bar(end, part["volume"], whole)))
    return Step(cause["key"], cause["label"], cause["volume"], left, _bar(left, cause["volume"], whole), parts)


def _bar(start: int, volume: int, whole: int) -> Bar:
    """From `start` on; what is there can be seen, and what is not has no width."""
    width = max(THINNEST, WIDTH * volume / whole) if volume else 0
    left = min(WIDTH * start / whole, WIDTH - width) if whole else 0
    return Bar(f"{left:.1f}", f"{width:.1f}")
