"""The input of the main job, drawn with a seed, and in plain Python what must come of it. Imports nothing of Heed."""

import csv
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEADER = ["email", "mobile", "first_name", "last_name", "preferred_language", "country", "opted_out_all", "opted_out_email"]
FIRST_NAMES = ["Marie", "Chloé", "Jean", "Paul", "Zoë", "Anne", "Luc", "Emma", "Hugo", "Inès", "John", "Mary", "Liam", "Aoife"]
LAST_NAMES = ["Dupont", "Lefèvre", "Martin", "Müller", "O'Brien", "Smith", "Moreau", "Garcia", "Nguyen", "Peeters"]
OPTED_OUT_EMAIL, OPTED_OUT_ALL, QUARANTINED, TWINS, EMPTY, REPEATED = 0.10, 0.03, 0.02, 0.01, 0.01, 0.01


@dataclass
class Input:
    """Files: `imported` becomes profiles by import; `entered` are twins, typed in as new profiles; `quarantine` is a list."""

    imported: Path
    entered: Path
    quarantine: Path


@dataclass
class Expected:
    """What the preparation must say, and who must get exactly one mail."""

    recipients: set[str] = field(default_factory=set)
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def targeted(self) -> int:
        return len(self.recipients) + sum(self.causes.values())


def draw(folder: Path, number: int, seed: int = 2) -> Input:
    """Write the input for so many profiles.

    The imported file also repeats 1 % of its people further down, sometimes with an opt-out: they must not become two.
    """
    made = Input(folder / "imported.csv", folder / "entered.csv", folder / "quarantine.txt")
    chance = random.Random(seed)  # the same people every time
    twins = round(number * TWINS)
    addresses: list[str] = []
    with _table(made.imported) as file, made.quarantine.open("w") as quarantine:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for position in range(number - twins):
            row = _person(chance, position)
            writer.writerow(row)
            if row[0]:
                addresses.append(row[0])
                if chance.random() < QUARANTINED:
                    quarantine.write(row[0].lower() + "\n")
        for address in chance.sample(addresses, round(number * REPEATED)):
            writer.writerow([address.upper(), *_person(chance, 0)[1:]])
    with _table(made.entered) as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for position, address in enumerate(chance.sample(addresses, twins), number - twins):
            writer.writerow([address.lower(), *_person(chance, position)[1:]])
    return made


def expect(made: Input) -> Expected:
    """Go through the files as somebody with a pencil would: one reason each, the first that holds; the oldest twin is kept."""
    quarantined = set(made.quarantine.read_text().split())
    people: list[tuple[str, bool, bool]] = []
    place: dict[str, int] = {}
    for row in rows(made.imported):
        address, everything, email = row["email"].lower(), row["opted_out_all"] == "yes", row["opted_out_email"] == "yes"
        if address and address in place:
            known = people[place[address]]
            people[place[address]] = (address, known[1] or everything, known[2] or email)
        else:
            place[address] = len(people)
            people.append((address, everything, email))
    people += [(row["email"], row["opted_out_all"] == "yes", row["opted_out_email"] == "yes") for row in rows(made.entered)]
    expected = Expected()
    for address, everything, email in people:
        if not address:
            expected.causes["address_not_specified", ""] += 1
        elif everything or email:
            expected.causes["blocklist", "all" if everything else "email"] += 1
        elif address in quarantined:
            expected.causes["quarantine", "not_defined"] += 1
        elif address in expected.recipients:
            expected.causes["duplicate", ""] += 1
        else:
            expected.recipients.add(address)
    return expected


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _table(path: Path):
    return path.open("w", encoding="utf-8", newline="")


def _person(chance: random.Random, position: int) -> list[str]:
    first, last, language = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES), chance.choice(["fr", "en"])
    email, mobile = f"person{position}@example.org", f"+3363998{position % 10_000:04}" if position % 3 == 0 else ""
    if position % 20 == 0:
        email = email.upper()
    if chance.random() < EMPTY:
        email, mobile = "", f"+44{7_000_000_000 + position}"
    boxes = ["yes" if chance.random() < part else "" for part in (OPTED_OUT_ALL, OPTED_OUT_EMAIL)]
    return [email, mobile, first, last, language, chance.choice(["FR", "BE", "CA", "GB", "US", "IE"]), *boxes]
