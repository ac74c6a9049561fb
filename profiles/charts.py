"""Curves as SVG that the server draws: positions as text, so that no language puts commas into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 720, 240  # units of the view box
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 28
LABELS = 6  # below the chart, at most


@dataclass(frozen=True)
class Tick:
    position: str
    label: str


@dataclass(frozen=True)
class Curve:
    """One line: its name, its path, and a mark for each value."""

    name: str
    path: str
    marks: list[tuple[str, str]]


@dataclass(frozen=True)
class Chart:
    curves: list[Curve]
    levels: list[Tick]
    moments: list[Tick]
    box: str = f"0 0 {WIDTH} {HEIGHT}"
    left: str = str(LEFT)
    right: str = str(WIDTH - RIGHT)
    bottom: str = str(HEIGHT - BOTTOM)
    foot: str = str(HEIGHT - 8)


def chart(series: Mapping[str, Sequence[int]], labels: Sequence[str]) -> Chart:
    """The curves of the series over the same labels, from zero to a round number above the highest value."""
    top = _round_up(max((value for values in series.values() for value in values), default=0))
    across = (WIDTH - LEFT - RIGHT) / max(1, len(labels) - 1)

    def x(place: int) -> str:
        return f"{LEFT + across * place:.1f}"

    def y(value: int) -> str:
        return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top:.1f}"

    curves = []
    for name, values in series.items():
        marks = [(x(place), y(value)) for place, value in enumerate(values)]
        curves.append(Curve(name, " ".join(f"{left},{height}" for left, height in marks), marks))
    levels = [Tick(y(value), str(value)) for value in dict.fromkeys((0, top // 2, top))]
    every = max(1, -(-len(labels) // LABELS))
    moments = [Tick(x(place), label) for place, label in enumerate(labels) if place % every == 0]
    return Chart(curves, levels, moments)


def _round_up(value: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100, 200 …: what can be halved and is read at a glance."""
    steps = [factor * 10**power for power in range(len(str(value)) + 1) for factor in (2, 4, 10)]
    return next((upper for lower, upper in pairwise([0, *steps]) if lower < value <= upper), steps[0])
