"""Import a file of profiles: how close to the limit, and does exactly what the file says come out?

The limit is one Python process that reads the same file, cleans each row with the same normalisers and COPYs it into the
same indexed table (SQLite: executemany). The import also finds the profiles that are there already, merges rows of one
person, keeps the ledger and sets refused rows aside. What must come out is computed from the drawing, in plain Python.

Run from the root with the Python of .venv. The last lines name each demand, "ok" or "SHORT"; a SHORT one ends with code 1.
"""

import argparse
import csv
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import main_job  # noqa: E402 (found by the line above)
from main_job import Measured, measured, migrate  # noqa: E402

DEMANDED = 0.6  # of the limit's speed
DEMANDED_QUICK = 0.4  # of 50,000 rows, where opening the file twice and the first statements weigh more
MEGABYTES = 250  # at most, at the peak
ANSWER_SECONDS = 1.0  # for an opt-out while an import runs
HEADER = ["E-mail", "Mobile", "First name", "Last name", "Language", "Country", "Street", "Postal code", "City", "Date of birth",
          "blackList", "blackListEmail"]  # fmt: skip
FIELDS = ["email", "mobile", "first_name", "last_name", "preferred_language", "country", "street", "postal_code", "city",
          "birth_date", "opted_out_all", "opted_out_email"]  # fmt: skip
FIRST = ["Marie", "Jean", "Éléonore", "Zoë", "Ana", "Luís", "Hans", "Ingrid", "José", "Maël", "Anne-Laure", "Paul"]
CITIES = [
    ("75011", "Paris", "FR"),
    ("69003", "Lyon", "FR"),
    ("1000", "Bruxelles", "BE"),
    ("10115", "Berlin", "DE"),
    ("1100", "Lisboa", "PT"),
]
LANGUAGES = ["fr", "fr", "fr", "en", "de", "pt"]


@dataclass
class Drawing:
    """The files, and what must be in the database afterwards: address -> (city, opted out of all, of email)."""

    before: Path
    file: Path
    counts: dict[str, int]
    people: dict[str, tuple[str, bool, bool]]
    ledger: int
    rows: int = 0


@dataclass
class Person:
    email: str
    cells: dict[str, str]
    boxes: list[bool] = field(default_factory=lambda: [False, False])


def main() -> int:
    arguments = parse()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name:
        folder = Path(name)
        drawing = draw(folder, arguments.rows)
        with databases(arguments.database, folder) as (base, copy):
            main_job.set_environment(base)
            measured(migrate)
            measured(import_file, drawing.before)
            limits, imports, checks = [], [], []
            for _round in range(arguments.rounds):
                with copy() as url:
                    os.environ["DATABASE_URL"] = url
                    limits.append(measured(limit, drawing.file))
                with copy() as url:
                    os.environ["DATABASE_URL"] = url
                    imports.append(measured(import_file, drawing.file))
                    checks = list(check(drawing, imports[-1].result, measured(stored).result))
                    again = measured(import_file, drawing.file)
                    checks += [
                        (
                            "the same file once more: the same people, the same ledger",
                            measured(stored).result[:2] == (drawing.people, drawing.ledger),
                        )
                    ]
            with copy() as url:
                os.environ["DATABASE_URL"] = url
                answers = measured(opt_out_meanwhile, drawing.file).result
    table = [("limit: read, clean, write", limits), ("import", imports), ("import once more", [again])]
    print_times(arguments, table, drawing)
    for sentence, holds in checks:
        print(f"{'correct' if holds else 'WRONG'}  {sentence}")
    ratio = median(one.seconds for one in limits) / median(one.seconds for one in imports)
    demanded = DEMANDED_QUICK if arguments.quick else DEMANDED
    peak = max(one.megabytes for one in [*imports, again])
    demands = [
        (ratio >= demanded, f"import-vs-limit {ratio:.2f} (demand >= {demanded:g})"),
        (peak <= MEGABYTES, f"import-peak-megabytes {peak:.0f} (demand <= {MEGABYTES})"),
        (
            max(answers) <= ANSWER_SECONDS,
            f"opt-out-meanwhile-seconds {max(answers):.2f} (demand <= {ANSWER_SECONDS:g})",
        ),
    ]
    for holds, sentence in demands:
        print(f"{'ok' if holds else 'SHORT'} {sentence}")
    return 0 if all(holds for holds, _sentence in [*demands, *((holds, "") for _sentence, holds in checks)]) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="50,000 rows, one round")
    parser.add_argument("--rows", "--profiles", type=int, dest="rows", help="rows of the file; default 1,000,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, help="of limit and import in turn; medians are compared; default 3")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or (50_000 if arguments.quick else 1_000_000)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The address of a new database, and a function that gives copies of it as long as they are used."""
    with main_job.database(kind, folder) as base:

        @contextmanager
        def copy() -> Iterator[str]:
            if kind == "sqlite":
                path = folder / "copy.sqlite3"
                shutil.copyfile(folder / "heed.sqlite3", path)
                yield f"sqlite:///{path}"
                for one in folder.glob("copy.sqlite3*"):
                    one.unlink()
                return
            import psycopg

            server, _slash, name = base.rpartition("/")
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
                try:
                    yield f"{server}/{name}_copy"
                finally:
                    connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")

        yield base, copy


def draw(folder: Path, number: int) -> Drawing:
    """A fifth of the rows are people who are there already, a fiftieth repeats a row before, a hundredth cannot be read."""
    chance = random.Random(7)
    drawing = Drawing(
        folder / "before.csv",
        folder / "people.csv",
        dict.fromkeys(("created", "updated", "unchanged", "rejected", "tightened", "lifts_ignored"), 0),
        {},
        0,
        number,
    )
    known = [person(chance, index) for index in range(number // 5)]
    for one in known:
        one.boxes = [chance.random() < 0.03, chance.random() < 0.1]
        drawing.people[one.email] = (one.cells["city"], *one.boxes)
        drawing.ledger += sum(one.boxes)
    write(drawing.before, (row(one.cells, one.boxes) for one in known))
    write(drawing.file, rows_of(drawing, chance, known, number))
    return drawing


def rows_of(drawing: Drawing, chance: random.Random, known: list[Person], number: int) -> Iterator[list[str]]:
    counts, waiting, recent = drawing.counts, iter(known), list[Person]()
    for index in range(number):
        lot = chance.random()
        if lot < 0.01:
            counts["rejected"] += 1
            yield row(person(chance, number + index).cells | {"email": "nobody@", "mobile": "06 12 34 56 78"}, [False, False])
            continue
        asked = [chance.random() < 0.02, chance.random() < 0.08]
        if lot < 0.21 and (one := next(waiting, None)):
            yield merge(drawing, one, asked, moved=chance.random() < 0.5)
        elif lot > 0.98 and recent:
            yield merge(drawing, chance.choice(recent), asked, moved=True)
        else:
            one = person(chance, number + index)
            one.boxes = asked
            counts["created"] += 1
            drawing.people[one.email] = (one.cells["city"], *asked)
            counts["tightened"] += sum(asked)
            drawing.ledger += sum(asked)
            recent = [*recent[-50:], one]
            yield row(one.cells, asked)


def merge(drawing: Drawing, one: Person, asked: list[bool], *, moved: bool) -> list[str]:
    """A row of somebody who is there: what it changes is what the drawing says from now on."""
    if moved:
        one.cells |= {"street": one.cells["street"] + "a", "city": "Marseille"}
    ticks = sum(ask and not box for ask, box in zip(asked, one.boxes, strict=True))
    drawing.counts["lifts_ignored"] += sum(not ask and box for ask, box in zip(asked, one.boxes, strict=True))
    drawing.counts["tightened"] += ticks
    drawing.ledger += ticks
    drawing.counts["updated" if moved or ticks else "unchanged"] += 1
    one.boxes = [ask or box for ask, box in zip(asked, one.boxes, strict=True)]
    drawing.people[one.email] = (one.cells["city"], *one.boxes)
    return row(one.cells, asked)


def person(chance: random.Random, index: int) -> Person:
    code, city, country = chance.choice(CITIES)
    first, last = chance.choice(FIRST), f"Dupont{chance.randrange(50_000)}"
    cells = {
        "email": f"p{index}.{last.lower()}@example{chance.randrange(300)}.org",
        "mobile": f"+336{index % 10**8:08}" if chance.random() < 0.6 else "",
        "first_name": first,
        "last_name": last,
        "preferred_language": chance.choice(LANGUAGES),
        "country": country,
        "street": f"{chance.randrange(1, 300)} rue des Lilas {chance.randrange(10_000)}",
        "postal_code": code,
        "city": city,
        "birth_date": f"{chance.randrange(1940, 2005)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
    }
    return Person(cells["email"], cells)


def row(cells: dict[str, str], boxes: list[bool]) -> list[str]:
    return [*cells.values(), *("yes" if box else "no" for box in boxes)]


def write(path: Path, rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(rows)


def import_file(path: Path) -> dict[str, Any]:
    from profiles import importing

    return vars(importing.import_file(path, by="bench"))


def limit(path: Path) -> int:
    """Read, clean, write: every readable row as a profile of its own; one transaction."""
    import json
    import uuid

    from django.db import connection, transaction
    from django.utils import timezone

    from profiles import cells
    from profiles.fields import fold
    from profiles.models import Profile

    readers = [(place, cells.reader(name)) for place, name in enumerate(FIELDS)]
    blank = {one.column: one.get_default() for one in Profile._meta.concrete_fields if one.name != "id"}
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    blank |= {"created_at": now, "modified_at": now, "custom": json.dumps({})}
    own = [*FIELDS, "first_name_folded", "last_name_folded", "email_domain", "public_id"]
    rest = {name: value for name, value in blank.items() if name not in own}
    columns, tail = [*own, *rest], [*rest.values()]
    empty = [False if name.startswith("opted") else None if name == "birth_date" else "" for name in FIELDS]

    def cleaned() -> Iterator[list[Any]]:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file, delimiter=";")
            next(lines)
            for line in lines:
                try:
                    values = [read(line[place]) if line[place] else empty[place] for place, read in readers]
                except ValueError:
                    continue
                values[9] = values[9] and values[9].isoformat()
                yield [*values, fold(values[2]), fold(values[3]), values[0].rpartition("@")[2], uuid.uuid4().hex, *tail]

    names = ", ".join(f'"{name}"' for name in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY profiles_profile ({names}) FROM STDIN") as copy:
                for values in cleaned():
                    copy.write_row(values)
        else:
            cursor.executemany(f"INSERT INTO profiles_profile ({names}) VALUES ({', '.join(['%s'] * len(columns))})", cleaned())
    return Profile.objects.count()


def stored() -> tuple[dict[str, tuple[str, bool, bool]], int, list[str]]:
    """What is in the database, the rows of the ledger, and where the two disagree."""
    from itertools import islice

    from profiles import ledger
    from profiles.models import ConsentEvent, Profile

    rows = Profile.objects.values_list("email", "city", "opted_out_all", "opted_out_email").iterator(chunk_size=5000)
    return {email: tuple(rest) for email, *rest in rows}, ConsentEvent.objects.count(), list(islice(ledger.disagreements(), 3))


def check(drawing: Drawing, result: dict[str, Any], found: tuple[Any, int, list[str]]) -> Iterator[tuple[str, bool]]:
    people, ledger, disagreements = found
    told = {name: result[name] for name in drawing.counts}
    yield ", ".join(f"{name} {number:,}" for name, number in told.items()), told == drawing.counts
    yield f"{len(people):,} profiles, each with the city and the boxes of the drawing", people == drawing.people
    yield f"{ledger:,} rows in the ledger, which agrees with the boxes", ledger == drawing.ledger and not disagreements


def opt_out_meanwhile(path: Path) -> list[float]:
    """The seconds that each opt-out took while an import ran; somebody opts out every fifth of a second."""
    from django.db import connection

    from profiles import consent, importing
    from profiles.models import Profile, Source

    ended, answers = threading.Event(), list[float]()
    who = list(Profile.objects.order_by("?")[:500])

    def people() -> None:
        for profile in who:
            began = time.perf_counter()
            consent.opt_out(profile, "direct_mail", source=Source.LANDING_PAGE)
            answers.append(time.perf_counter() - began)
            if ended.wait(0.2):
                break
        connection.close()

    thread = threading.Thread(target=people)
    thread.start()
    importing.import_file(path, by="bench")
    ended.set()
    thread.join()
    return answers


def print_times(arguments: argparse.Namespace, table: list[tuple[str, list[Measured]]], drawing: Drawing) -> None:
    known = drawing.counts["updated"] + drawing.counts["unchanged"]
    print(f"\n{arguments.rows:,} rows on {arguments.database}, {known:,} of people known; medians of {arguments.rounds}\n")
    print(f"{'step':<28}{'rows':>12}{'seconds':>12}{'rows/s':>12}{'peak MB':>12}")
    for name, runs in table:
        seconds, peak = median(run.seconds for run in runs), max(run.megabytes for run in runs)
        print(f"{name:<28}{arguments.rows:>12,}{seconds:>12.2f}{arguments.rows / seconds:>12,.0f}{peak:>12.0f}")
    print()


if __name__ == "__main__":
    sys.exit(main())
