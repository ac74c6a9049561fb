"""The people of the demo data, the same at every load. Addresses and numbers are of ranges that nobody can own.

Domains: example.org, .com and .net (RFC 2606). Mobiles: France +33 6 39 98 (ARCEP), Great Britain +44 7700 900 (Ofcom),
United States and Canada 555-01xx (NANPA). Other countries reserve none, so their people have no mobile here.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from profiles.fields import fold
from profiles.models import Profile

NUMBER = 314
SEED = 1789
DOMAINS = ("example.org", "example.com", "example.net")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FRENCH_FIRST = _words(
    """
    Adèle Agathe Amélie Anaïs Antoine Arthur Aurélie Baptiste Benoît Camille Cédric Céline Chloé Clément Clémence Cyril
    Damien Élise Élodie Émile Emma Étienne Fanny Florian François Gaël Gilles Hélène Hugo Inès Jérôme Joséphine Jules
    Julie Léa Léon Louise Lucas Lucie Ludovic Maël Manon Margaux Mathilde Mélanie Nathan Nicolas Noémie Océane Pascal
    Quentin Raphaël Rémi Romane Sébastien Solène Sophie Théo Thérèse Valérie Victor Yann Zoé
    """
)
FRENCH_LAST = _words(
    """
    Arnaud Aubert Barbier Baudouin Benoist Bertrand Besson Blanchard Bonnet Boucher Bouvier Brunet Caron Chevalier Colin
    Cordier Courtois Delattre Deschamps Dubois Dufour Durand Fabre Faure Fleury Fontaine Fournier Gaillard Garnier
    Gauthier Gilbert Girard Guérin Guillot Hamon Hervé Huet Jacquet Joly Lacroix Lambert Leclerc Lefèvre Legrand
    Lemaître Léger Marchand Maréchal Mercier Meunier Michaud Moreau Morel Noël Olivier Paris Perrin Picard Poulain
    Renaud Rivière Roussel Sénéchal Tessier Vasseur
    """
)
ENGLISH_FIRST = _words(
    """
    Abigail Adam Aidan Alice Amy Andrew Anna Aoife Arthur Beth Brendan Brian Caitlin Charlotte Ciara Claire Conor Daniel
    Declan Deirdre Dorothy Edward Eileen Eleanor Emily Fergus Fiona Frances George Grace Hannah Harriet Helen Henry Isla
    Jack James Jane Jessica Joan Kathleen Laura Liam Lucy Margaret Martin Maura Molly Niamh Nora Oliver Oscar Owen
    Patrick Peter Rachel Rose Ruth Siobhán Simon Susan Thomas Victoria William
    """
)
ENGLISH_LAST = _words(
    """
    Abbott Allen Baker Barnes Bennett Brady Brennan Brooks Burke Byrne Campbell Carter Clarke Coleman Collins Cooper
    Daly Dawson Doyle Dunne Edwards Ellis Fisher Fitzgerald Foley Foster Gallagher Graham Grant Greene Harper Harris
    Hayes Hughes Kavanagh Kelly Kennedy Lawson Lynch MacDonald Marshall Mason McCarthy Mills Morgan Murphy Murray Nolan
    O'Brien O'Connor O'Neill Palmer Parker Quinn Reid Robinson Ryan Shaw Sheridan Stone Sullivan Walsh Ward Webb
    """
)
FRENCH_STREETS = (
    "rue des Lilas",
    "avenue de la Gare",
    "rue du Moulin",
    "place du Marché",
    "chemin des Vignes",
    "rue de l’Église",
)
ENGLISH_STREETS = ("Mill Lane", "Station Road", "Orchard Street", "Church Street", "Harbour View", "Garden Terrace")


@dataclass(frozen=True)
class Country:
    """Where so many of a hundred people live; `mobile` gives the number of the n-th person, or nothing."""

    code: str
    weight: int
    languages: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    mobile: Callable[[int], str]


def _no_mobile(position: int) -> str:
    return ""


COUNTRIES = (
    Country(
        "FR",
        44,
        ("fr",),
        (
            ("Paris", "75011"),
            ("Lyon", "69003"),
            ("Nantes", "44000"),
            ("Lille", "59800"),
            ("Toulouse", "31000"),
            ("Brest", "29200"),
        ),
        lambda position: f"+3363998{position * 7 % 10_000:04}",
    ),
    Country("BE", 8, ("fr",), (("Namur", "5000"), ("Liège", "4000"), ("Bruxelles", "1050")), _no_mobile),
    Country(
        "CA",
        10,
        ("fr", "fr", "en"),
        (("Montréal", "H2X 1Y4"), ("Québec", "G1R 2B5"), ("Ottawa", "K1P 5M7")),
        lambda position: f"+1{(514, 418, 613, 438)[position // 100]}555{100 + position % 100:04}",
    ),
    Country(
        "GB",
        20,
        ("en",),
        (("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR"), ("Glasgow", "G2 1DY"), ("Cardiff", "CF10 1EP")),
        lambda position: f"+447700900{position * 7 % 1000:03}",
    ),
    Country("IE", 8, ("en",), (("Dublin", "D02 X285"), ("Cork", "T12 W8KP"), ("Galway", "H91 E2K3")), _no_mobile),
    Country(
        "US",
        10,
        ("en",),
        (("Portland", "97205"), ("Boston", "02108"), ("Madison", "53703")),
        lambda position: f"+1{(503, 617, 608, 212)[position // 100]}555{100 + position % 100:04}",
    ),
)


def people() -> list[Profile]:
    """NUMBER profiles, not stored, oldest first. Marie Dupont comes twice, with one address."""
    chance = random.Random(SEED)  # noqa: S311 (the same people every time, no secret)
    names = {language: _names(chance, language) for language in ("fr", "en")}
    made = [_marie("12 rue des Lilas", "75011", "Paris")]
    for position in range(1, NUMBER):
        country = chance.choices(COUNTRIES, [country.weight for country in COUNTRIES])[0]
        language = chance.choice(country.languages)
        made.append(_person(chance, position, country, language, names[language].pop()))
    made[1] = _marie("4 place du Marché", "69003", "Lyon")
    _share_addresses(made)
    return made


def _names(chance: random.Random, language: str) -> list[tuple[str, str]]:
    """Every pair of a first and a last name, shuffled: nobody has another's."""
    first, last = (FRENCH_FIRST, FRENCH_LAST) if language == "fr" else (ENGLISH_FIRST, ENGLISH_LAST)
    pairs = [(one, other) for one in first for other in last]
    chance.shuffle(pairs)
    return pairs


def _marie(street: str, postal_code: str, city: str) -> Profile:
    return Profile(
        first_name="Marie",
        last_name="Dupont",
        email="marie.dupont@example.org",
        mobile="+33639980101",
        preferred_language="fr",
        street=street,
        postal_code=postal_code,
        city=city,
        country="FR",
    )


def _person(chance: random.Random, position: int, country: Country, language: str, name: tuple[str, str]) -> Profile:
    first, last = name
    streets = FRENCH_STREETS if language == "fr" else ENGLISH_STREETS
    city, postal_code = chance.choice(country.cities)
    mobile = country.mobile(position) if chance.random() < 0.7 else ""
    local = ".".join("".join(letter for letter in fold(part) if letter.isalnum()) for part in name)
    without_email = chance.random() < 0.06
    return Profile(
        first_name=first,
        last_name=last,
        email="" if without_email else f"{local}@{chance.choice(DOMAINS)}",
        mobile=(mobile or country.mobile(position)) if without_email else mobile,
        preferred_language=language,
        street=f"{chance.randint(1, 90)} {chance.choice(streets)}",
        postal_code=postal_code,
        city=city,
        country=country.code,
    )


def _share_addresses(made: list[Profile]) -> None:
    """Six couples write from one address: the younger profile of each gets the older one's."""
    alone = [profile for profile in made[2:] if profile.email]
    for older, younger in zip(alone[10:130:20], alone[11:131:20], strict=True):
        younger.last_name, younger.email = older.last_name, older.email
        younger.street, younger.postal_code, younger.city, younger.country = (
            older.street,
            older.postal_code,
            older.city,
            older.country,
        )
