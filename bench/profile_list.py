"""The profile list of the back office over many profiles: does each view answer within 100 ms of the database's time?

Views: the first page, searches by prefix, each filter with a common and with a rare choice, and the columns to sort by.
Run from the root with the Python of .venv. The last lines name each demand, "ok" or "SHORT"; a SHORT one ends with code 1.

The product builds each page once, in a process of its own; the statements that it sent are run again and timed, fetching
all their rows. The profiles are made by formula in SQL; whom a page must show is computed from the same formulas in plain
Python. Rare ones are few and old: the worst case of a list that shows the newest first.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from main_job import database, measured, migrate, set_environment  # noqa: E402 (found by the line above)

DEMANDED = 100  # milliseconds at the database, all statements of a page together
PAGE = 50  # rows
FIRST = ["marie", "chloe", "jean", "paul", "zoe", "anne", "luc", "emma", "hugo", "ines", "john", "mary", "liam", "aoife"]
LAST = ["dupont", "lefevre", "martin", "muller", "obrien", "smith", "moreau", "garcia", "nguyen", "peeters"]
COUNTRIES = ["FR", "BE", "CA", "GB", "US", "IE"]
OLD = 1_000  # the rare ones are among so many ids


@dataclass(frozen=True)
class View:
    """A page of the list by its query string, and who belongs on it: id -> yes or no; None where the order is another."""

    name: str
    query: str
    belongs: Callable[[int], bool] | None
    is_demanded: bool = True  # the others are only measured


def opted_out(number: int) -> bool:
    return number % 10 == 3 or number % 33 == 5 or number % 1000 == 8 or rare(number)


def rare(number: int) -> bool:
    return number <= OLD and number % 100 == 9


VIEWS = [
    View("first page", "", lambda number: True),
    View("page 200", "p=200", None),
    View("search: everybody's email", "q=person", lambda number: number % 100 != 0),
    View("search: 1 of 14 first names", "q=Mari", lambda number: number % 14 == 0),
    View("search: 1 of 10 last names", "q=dupont", lambda number: number % 10 == 0),
    View("search: first and last name", "q=paul+garcia1", lambda n: n % 14 == 3 and last(n).startswith("garcia1")),
    View("search: one person", "q=person777@", lambda number: number == 777),
    View("search: a mobile", "q=%2B33600000777", lambda number: number == 777),
    View("search: an external ID", "q=C-777", lambda number: str(number).startswith("777") and number % 2 == 1),
    View("search: nobody", "q=zzz", lambda number: False),
    View("search: the old word", "q=blacklist", opted_out),
    View("opted out of anything", "opted_out=yes", opted_out),
    View("opted out of nothing", "opted_out=no", lambda number: not opted_out(number)),
    View("by email", "opted_out_email=yes", lambda number: number % 10 == 3),
    View("not by email", "opted_out_email=no", lambda number: number % 10 != 3),
    View("by any channel", "opted_out_all=yes", lambda number: number % 33 == 5),
    View("by SMS", "opted_out_sms=yes", lambda number: number % 1000 == 8),
    View("by push: few", "opted_out_push=yes", rare),
    View("by direct mail: nobody", "opted_out_direct_mail=yes", lambda number: False),
    View("country: 1 of 6", "country=CA", lambda number: number % 6 == 2 and not rare(number)),
    View("country: few", "country=IS", rare),
    View("country: nobody", "country=AD", lambda number: False),
    View("language: half", "language=fr", lambda number: number % 2 == 0 and not rare(number)),
    View("language: few", "language=lv", rare),
    View("service: 1 of 5", "service=1", lambda number: number % 5 == 0),
    View("service: few", "service=2", rare),
    View(
        "search and filter", "q=mari&country=CA", lambda number: number % 14 == 0 and number % 6 == 2 and not rare(number), False
    ),
    View("search and a rare filter", "q=mari&language=lv", lambda number: number % 14 == 0 and rare(number), False),
    View("sorted by name", "o=1", None, False),
    View("sorted by email", "o=2", None, False),
    View("sorted by mobile", "o=3", None, False),
]


def last(number: int) -> str:
    return f"{LAST[number % 10]}{number % 997}"


def main() -> int:
    arguments = parse()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name, database(arguments.database, Path(name)) as url:
        set_environment(url)
        measured(migrate)
        made = measured(make, arguments.profiles)
        pages = measured(look, arguments.rounds).result
    print(f"\n{arguments.profiles:,} profiles on {arguments.database}, made in {made.seconds:.0f} s; {arguments.rounds} rounds\n")
    print_plans(pages)
    print_times(pages)
    checks = [(view, right(view, pages[view.name]["ids"], arguments.profiles)) for view in VIEWS if view.belongs]
    for view, holds in checks:
        if not holds:
            print(f"WRONG  {view.name}: not the newest {PAGE} who belong on it")
    slow = [view.name for view in VIEWS if view.is_demanded and report(view.name, pages[view.name]) > DEMANDED]
    return 0 if not slow and all(holds for _view, holds in checks) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 profiles")
    parser.add_argument("--profiles", type=int, help="default 1,000,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3, help="how often each statement is timed; medians count")
    arguments = parser.parse_args()
    arguments.profiles = arguments.profiles or (100_000 if arguments.quick else 1_000_000)
    return arguments


def make(number: int) -> None:
    """The profiles, two services and their subscriptions, each table in one statement."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.utils import timezone

    from profiles.models import Profile, Service, Subscription

    assert get_user_model().objects.exists()
    for label in ("Letter", "Few"):
        Service.objects.create(label=label, public_label=label)
    is_postgres = connection.vendor == "postgresql"
    now = f"'{timezone.now():%Y-%m-%d %H:%M:%S}'"
    numbers = (
        f"generate_series(1, {number}) AS numbers(i)"
        if is_postgres
        else f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) SELECT i FROM n) AS numbers"
    )
    few = f"(i <= {OLD} AND i % 100 = 9)"
    first, name = _one_of(FIRST, "i % 14"), f"{_one_of(LAST, 'i % 10')} || (i % 997)"
    columns = {
        "id": "i",
        "public_id": "gen_random_uuid()" if is_postgres else "lower(hex(randomblob(16)))",
        "external_id": "CASE WHEN i % 2 = 1 THEN 'C-' || i ELSE '' END",
        "first_name": first,
        "first_name_folded": first,
        "last_name": name,
        "last_name_folded": name,
        "email": "CASE WHEN i % 100 = 0 THEN '' ELSE 'person' || i || '@example.org' END",
        "mobile": f"CASE WHEN i % 3 = 0 THEN '+336' || {_padded('i', 8, is_postgres)} ELSE '' END",
        "country": f"CASE WHEN {few} THEN 'IS' ELSE {_one_of(COUNTRIES, 'i % 6')} END",
        "preferred_language": f"CASE WHEN {few} THEN 'lv' WHEN i % 2 = 0 THEN 'fr' ELSE 'en' END",
        "opted_out_email": "i % 10 = 3",
        "opted_out_all": "i % 33 = 5",
        "opted_out_sms": "i % 1000 = 8",
        "opted_out_push": few,
        "opted_out_direct_mail": "i < 0",
        "address_specified": "i < 0",
        "ccpa_opt_out": "i < 0",
        "custom": "'{}'",
        "revision": "0",
        "created_at": now,
        "modified_at": now,
    }
    texts = {field.column: "''" for field in Profile._meta.concrete_fields if field.column not in columns and not field.null}
    _insert(Profile, columns | texts, numbers)
    subscription = {"profile_id": "i", "service_id": "1", "created_at": now}
    others = {
        field.column: "''"
        for field in Subscription._meta.concrete_fields
        if field.column not in (*subscription, "id") and not field.null
    }
    _insert(Subscription, subscription | others, f"{numbers} WHERE i % 5 = 0")
    _insert(Subscription, subscription | others | {"service_id": "2"}, f"{numbers} WHERE {few}")
    if is_postgres:  # as autovacuum would by and by
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE profiles_profile")
            cursor.execute("VACUUM ANALYZE profiles_subscription")


def _insert(model: Any, columns: dict[str, str], numbers: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        names, values = ", ".join(columns), ", ".join(columns.values())
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {numbers}")


def _one_of(texts: list[str], place: str) -> str:
    return f"CASE {place} {' '.join(f'WHEN {number} THEN {text!r}' for number, text in enumerate(texts))} END"


def _padded(value: str, digits: int, is_postgres: bool) -> str:
    return f"lpad({value}::text, {digits}, '0')" if is_postgres else f"printf('%0{digits}d', {value})"


def look(rounds: int) -> dict[str, dict[str, Any]]:
    """View -> the ids on its page, the milliseconds of its statements, and their plans."""
    return {view.name: _look_at(view, rounds) for view in VIEWS}


def _look_at(view: View, rounds: int) -> dict[str, Any]:
    from django.contrib import admin
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import RequestFactory

    from profiles.models import Profile

    request = RequestFactory().get(f"/admin/profiles/profile/?{view.query}")
    request.user = get_user_model().objects.get()
    sent: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if '"profiles_' in sql:
            sent.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        shown = admin.site.get_model_admin(Profile).get_changelist_instance(request)
        ids = [profile.pk for profile in shown.result_list]
    times = [[_milliseconds(sql, parameters) for sql, parameters in sent] for _round in range(rounds)]
    return {"ids": ids, "times": [median(each) for each in zip(*times, strict=True)], "plans": [_plan(*one) for one in sent]}


def _milliseconds(sql: str, parameters: Any) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(sql, parameters)
        cursor.fetchall()
        return (time.perf_counter() - began) * 1000


def _plan(sql: str, parameters: Any) -> list[str]:
    from django.db import connection

    word = "EXPLAIN (COSTS OFF)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{word} {sql}", parameters)
        return [str(row[-1]) for row in cursor.fetchall()]


def right(view: View, ids: list[int], number: int) -> bool:
    """Whether the page shows the newest of those who belong on it."""
    assert view.belongs
    return ids == [one for one, _place in zip(filter(view.belongs, range(number, 0, -1)), range(PAGE), strict=False)]


def print_plans(pages: dict[str, dict[str, Any]]) -> None:
    for name, page in pages.items():
        for milliseconds, plan in zip(page["times"], page["plans"], strict=True):
            print(f"{name} ({milliseconds:.1f} ms)")
            print("\n".join(f"    {line}" for line in plan))


def print_times(pages: dict[str, dict[str, Any]]) -> None:
    print(f"\n{'view':<32}{'rows':>8}{'statements':>12}{'ms':>10}")
    for name, page in pages.items():
        print(f"{name:<32}{len(page['ids']):>8}{len(page['times']):>12}{sum(page['times']):>10.1f}")
    print()


def report(name: str, page: dict[str, Any]) -> float:
    milliseconds: float = sum(page["times"])
    short = "ok" if milliseconds <= DEMANDED else "SHORT"
    print(f"{short} profile-list {name.replace(': ', ' ').replace(' ', '-')} {milliseconds:.1f} ms (demand <= {DEMANDED})")
    return milliseconds


if __name__ == "__main__":
    sys.exit(main())
