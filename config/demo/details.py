"""What the demo people told beside their names and addresses, and the custom fields of the demo installation."""

import random
from datetime import date, timedelta
from typing import Any

from profiles.models import CustomField, CustomType, EmailFormat, Gender, Profile

SEED = 1804
MEN = frozenset(
    [
        "Antoine",
        "Arthur",
        "Baptiste",
        "Benoît",
        "Cédric",
        "Clément",
        "Cyril",
        "Damien",
        "Émile",
        "Étienne",
        "Florian",
        "François",
        "Gaël",
        "Gilles",
        "Hugo",
        "Jérôme",
        "Jules",
        "Léon",
        "Lucas",
        "Ludovic",
        "Maël",
        "Nathan",
        "Nicolas",
        "Pascal",
        "Quentin",
        "Raphaël",
        "Rémi",
        "Sébastien",
        "Théo",
        "Victor",
        "Yann",
        "Adam",
        "Aidan",
        "Andrew",
        "Brendan",
        "Brian",
        "Conor",
        "Daniel",
        "Declan",
        "Edward",
        "Fergus",
        "George",
        "Henry",
        "Jack",
        "James",
        "Liam",
        "Martin",
        "Oliver",
        "Oscar",
        "Owen",
        "Patrick",
        "Peter",
        "Simon",
        "Thomas",
        "William",
    ]
)
EITHER = frozenset({"Camille", "Charlie"})
TITLES = {"fr": {Gender.MALE: "M.", Gender.FEMALE: "Mme"}, "en": {Gender.MALE: "Mr", Gender.FEMALE: "Ms"}}
# City -> (time zone, state or province); other cities have the zone of their country.
PLACES = {
    "Portland": ("America/Los_Angeles", "Oregon"),
    "Boston": ("America/New_York", "Massachusetts"),
    "Madison": ("America/Chicago", "Wisconsin"),
    "Montréal": ("America/Toronto", "Québec"),
    "Québec": ("America/Toronto", "Québec"),
    "Ottawa": ("America/Toronto", "Ontario"),
}
ZONES = {"FR": "Europe/Paris", "BE": "Europe/Brussels", "GB": "Europe/London", "IE": "Europe/Dublin"}
OLDEST, YOUNGEST = date(1938, 1, 1), date(2006, 12, 31)
GROUNDS = ["Balcony", "Terrace", "Garden", "Allotment"]
FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "grows_on", "label": "Grows on", "type": CustomType.CHOICE, "options": GROUNDS},
    {"key": "visits", "label": "Visits last year", "type": CustomType.NUMBER},
    {"key": "friend_since", "label": "Friend since", "type": CustomType.DATE},
    {"key": "volunteer", "label": "Volunteer", "type": CustomType.YES_NO},
)


def custom_fields() -> list[CustomField]:
    """The custom fields, not stored."""
    return [CustomField(position=position, **field) for position, field in enumerate(FIELDS, 1)]


def complete(profiles: list[Profile]) -> None:
    """Give these people, not stored yet, what a real list knows of some: the same at every load."""
    chance = random.Random(SEED)  # noqa: S311 (the same choices every time, no secret)
    for number, profile in enumerate(profiles, 1):
        _who(profile, chance)
        zone, state = PLACES.get(profile.city, (ZONES.get(profile.country, ""), ""))
        profile.time_zone, profile.state, profile.address_specified = zone, state, bool(profile.street)
        profile.external_id = f"C-{number:05}" if chance.random() < 0.8 else ""
        profile.email_format = EmailFormat.TEXT if profile.email and chance.random() < 0.05 else ""
        profile.custom = _custom(chance)


def _who(profile: Profile, chance: random.Random) -> None:
    told = chance.random()
    if told < 0.85 and profile.first_name not in EITHER:
        profile.gender = Gender.MALE if profile.first_name in MEN else Gender.FEMALE
        profile.title = "Dr" if chance.random() < 0.04 else TITLES[profile.preferred_language][Gender(profile.gender)]
    if told < 0.7:
        profile.birth_date = _day(chance, OLDEST, YOUNGEST)


def _custom(chance: random.Random) -> dict[str, object]:
    values: dict[str, object] = {"grows_on": chance.choice(GROUNDS), "visits": chance.randint(0, 12)}
    if chance.random() < 0.3:
        values["friend_since"] = _day(chance, date(2012, 1, 1), date(2025, 12, 31)).isoformat()
        values["volunteer"] = chance.random() < 0.4
    return {name: value for name, value in values.items() if chance.random() < 0.9}


def _day(chance: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=chance.randint(0, (last - first).days))
