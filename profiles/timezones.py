"""Time zones to choose from: the IANA names of places, such as Europe/Paris."""

from functools import cache
from zoneinfo import available_timezones

AREAS = frozenset({"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"})


@cache
def names() -> tuple[str, ...]:
    """UTC and every place, in alphabetical order; names of times past and of offsets are left out."""
    places = sorted(name for name in available_timezones() if name.partition("/")[0] in AREAS)
    return ("UTC", *places)


def choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in names()]
