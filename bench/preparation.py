"""How long a preparation takes, beside what the database needs at least.

1,000,000 profiles (--profiles): 13 % opted out, 2 % quarantined, 1 % with the address of an older profile, 1 % without one;
and in the table the messages of another preparation. Four ways take turns, each committed:

- the floor: a bare INSERT of those to deliver into a table without any index;
- the best hand-written SQL that leaves the same table, with its key: one statement with a window and an order, two
  statements with a list of later twins first, or the key dropped and built again;
- the product, from the operator's word to the frozen result: all rules of the default typology, volumes, batches, checks;
- the usual Django way, once: iterate, decide in Python, bulk_create.

With more than 1,000,000 profiles the product also prepares the first million, before the others are there. Medians are
compared. The last lines name each demand, "ok" or "SHORT". 10,000,000 profiles take about 10 GB of disk.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import crowd  # noqa: E402 (found by the lines above)
from main_job import Measured, database, measured, prepare, prepare_the_usual_way, set_environment  # noqa: E402

TWIN = 654_188_383  # its draws of two people who follow each other are never both below TWINS
TWINS = 10  # of crowd.MODULUS
MILLION = 1_000_000
OTHERS = MILLION  # messages of another preparation that are in the table
# Engine -> name of a demand -> at most or at least; quick: of 100,000 profiles, where what every preparation takes weighs more.
DEMANDS = {"postgres": {"floor": 3.5, "best": 0.7, "usual": 12}, "sqlite": {"floor": 2.5, "usual": 12}}
DEMANDS_QUICK = {"postgres": {"floor": 12, "best": 0.2, "usual": 4}, "sqlite": {"floor": 8, "usual": 4}}
GROWTH, MEGABYTES = 13, 150
COLUMNS = """preparation_id, profile_id, address, exclusion, detail, status, outcome, attempts, prepared_at, provider_id"""
MALFORMED = "NOT ({at} > 1 AND {space} = 0 AND p.email = lower(p.email) AND {last} <> '@')"
POSITIONS = {
    "postgresql": {"at": "position('@' in p.email)", "space": "position(' ' in p.email)", "last": "right(p.email, 1)"},
    "sqlite": {"at": "instr(p.email, '@')", "space": "instr(p.email, ' ')", "last": "substr(p.email, -1)"},
}
RECORDS = "quarantine_quarantinedaddress q WHERE q.channel = 'email' AND q.status IN ('quarantine', 'blocklist')"
QUARANTINED = f"EXISTS (SELECT 1 FROM {RECORDS} AND q.address = p.email)"


def main() -> int:
    arguments = parse()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name, database(arguments.database, Path(name)) as url:
        set_environment(url)
        small = min(arguments.profiles, MILLION)
        measured(fill, 0, small)
        runs = compare(arguments, small)
        grown = runs
        if arguments.profiles > small:
            measured(fill, small, arguments.profiles)
            grown = compare(arguments, arguments.profiles)
    for number, one in {small: runs, arguments.profiles: grown}.items():
        print_times(arguments, number, one)
    correct = check(expect(small), runs) and check(expect(arguments.profiles), grown)
    print(f"{'correct' if correct else 'WRONG'}  every preparation and both other ways say what plain Python finds")
    return 0 if report(arguments, runs, grown) and correct else 1


def compare(arguments: argparse.Namespace, number: int) -> dict[str, list[Measured]]:
    """Every way several times, in turn; the usual one once."""
    ways = {"floor": insert_the_eligible, "product": prepare}
    if arguments.database == "postgres":
        ways |= {name: partial(by_hand, name) for name in BY_HAND}
    runs: dict[str, list[Measured]] = {name: [] for name in ways}
    for _round in range(arguments.rounds):
        for name, way in ways.items():
            measured(empty)
            runs[name].append(measured(way, warm_up=name == "product"))
    measured(empty)
    runs["usual"] = [measured(prepare_the_usual_way, warm_up=True)] if number <= MILLION else []
    return runs


def fill(above: int, number: int) -> None:
    """The people from `above` on, and their records; then the statistics that any database in use has."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection

    from deliveries.models import Delivery, Preparation

    if not above:
        call_command("migrate", verbosity=0)
        get_user_model().objects.create_superuser("bench")
        delivery = Delivery.objects.create(label="Spring")
        Preparation.objects.create(delivery=delivery, number=1, status="superseded")
    with connection.cursor() as cursor:
        people, records, *_rest = crowd.statements(number, connection.vendor)
        for statement in (people, records):
            cursor.execute(statement.replace(" WHERE ", f" WHERE n > {above} AND "))
        is_twin = f"((profiles_profile.id * {TWIN}) % {crowd.MODULUS}) < {TWINS} AND profiles_profile.id > {max(above, 1)}"
        cursor.execute(
            f"""UPDATE profiles_profile SET email = older.email, email_domain = older.email_domain
            FROM profiles_profile AS older WHERE older.id = profiles_profile.id - 1 AND older.email <> '' AND {is_twin}"""
        )
        for table in ("bench_heap", "bench_message"):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE bench_heap (LIKE deliveries_message)")
            cursor.execute("CREATE TABLE bench_message (LIKE deliveries_message INCLUDING ALL) WITH (fillfactor = 50)")
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute(f"CREATE TABLE bench_heap AS SELECT {COLUMNS} FROM deliveries_message LIMIT 0")
            cursor.execute("ANALYZE")


def empty() -> None:
    """The tables as they were before a way was tried: the messages of another preparation, and nothing else."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM bench_heap")
            if not has_others(cursor, "deliveries_message"):
                cursor.execute(others("deliveries_message", connection.vendor))
            return
        cursor.execute("TRUNCATE bench_heap, bench_message, deliveries_message")
        for table in ("bench_message", "deliveries_message"):
            cursor.execute(others(table, connection.vendor))
        cursor.execute("VACUUM ANALYZE deliveries_message, bench_message, bench_heap")
        cursor.execute("CHECKPOINT")


def has_others(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
    return cursor.fetchone() is not None


def others(table: str, vendor: str) -> str:
    now = "now()" if vendor == "postgresql" else "'2026-01-01 00:00:00'"
    return f"""INSERT INTO {table} ({COLUMNS}) SELECT 1, p.id, p.email, '', '', 'pending', '', 0, {now}, ''
        FROM profiles_profile p WHERE p.id <= {OTHERS}"""


def conditions(vendor: str) -> dict[str, str]:
    """Reason -> the SQL that people would write for it, in the order of the rules."""
    return {
        "address_not_specified": "p.email = ''",
        "invalid_address": MALFORMED.format(**POSITIONS[vendor]),
        "blocklist": "p.opted_out_all OR p.opted_out_email",
        "quarantine": QUARANTINED,
    }


def insert_the_eligible(_nobody: Any = None) -> int:
    """The floor. Twins are not even looked for."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        own = conditions(connection.vendor)
        now = "now()" if connection.vendor == "postgresql" else "'2026-01-01 00:00:00'"
        cursor.execute(
            f"""INSERT INTO bench_heap ({COLUMNS}) SELECT 2, p.id, p.email, '', '', 'pending', '', 0, {now}, ''
            FROM profiles_profile p WHERE NOT ({" OR ".join(f"({one})" for one in own.values())})"""
        )
        return cursor.rowcount


WHENS = """CASE WHEN p.email = '' THEN 'address_not_specified' WHEN {malformed} THEN 'invalid_address'
    WHEN p.opted_out_all THEN 'blocklist:all' WHEN p.opted_out_email THEN 'blocklist:email'
    WHEN q.reason IS NOT NULL THEN 'quarantine:' || q.reason {twins} ELSE '' END"""
JOINED = """profiles_profile p LEFT JOIN quarantine_quarantinedaddress q
    ON q.channel = 'email' AND q.status IN ('quarantine', 'blocklist') AND q.address = p.email"""
ROWS = f"""INSERT INTO bench_message ({COLUMNS}) SELECT 2, id, email, split_part(reason, ':', 1), split_part(reason, ':', 2),
    CASE WHEN reason = '' THEN 'pending' ELSE 'ignored' END, '', 0, now(), '' FROM ({{judged}} OFFSET 0) AS judged"""


def by_hand(name: str, _nobody: Any = None) -> Counter[str]:
    from django.db import connection, transaction

    malformed = MALFORMED.format(**POSITIONS["postgresql"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit TO off")
        for statement in BY_HAND[name]:
            cursor.execute(statement.replace("{malformed}", malformed))
    with connection.cursor() as cursor:
        cursor.execute("SELECT exclusion, COUNT(*) FROM bench_message WHERE preparation_id = 2 GROUP BY exclusion")
        return Counter(dict(cursor.fetchall()))


ALONE = WHENS.format(malformed="{malformed}", twins="")
LATER = f"""CREATE TEMPORARY TABLE later ON COMMIT DROP AS SELECT id FROM (
    SELECT p.id, row_number() OVER (PARTITION BY p.email ORDER BY p.id) AS place FROM {JOINED} WHERE {ALONE} = ''
    ) AS placed WHERE place > 1"""
WITH_LATER = WHENS.format(malformed="{malformed}", twins="WHEN later.id IS NOT NULL THEN 'duplicate'")
TWO_STEPS = ROWS.format(judged=f"SELECT p.id, p.email, {WITH_LATER} AS reason FROM {JOINED} LEFT JOIN later ON later.id = p.id")
ONE_STATEMENT = ROWS.format(
    judged=f"""SELECT id, email, CASE WHEN reason = '' AND place > 1 THEN 'duplicate' ELSE reason END AS reason FROM (
        SELECT id, email, reason, row_number() OVER (PARTITION BY email, reason = '' ORDER BY id) AS place
        FROM (SELECT p.id, p.email, {ALONE} AS reason FROM {JOINED} OFFSET 0) AS alone) AS placed ORDER BY id"""
)
KEY = "ALTER TABLE bench_message {} bench_message_pkey"
REBUILT = (
    KEY.format("DROP CONSTRAINT"),
    LATER,
    TWO_STEPS,
    f"{KEY.format('ADD CONSTRAINT')} PRIMARY KEY (preparation_id, profile_id)",
)
BY_HAND = {"one statement": (ONE_STATEMENT,), "two steps": (LATER, TWO_STEPS), "key built again": REBUILT}


def expect(number: int) -> Counter[tuple[str, str]]:
    """(exclusion, detail) -> people, in plain Python."""
    found: Counter[tuple[str, str]] = Counter()
    reached: set[str] = set()
    before = ""
    quarantined: list[bool] = [False, False]  # of the person before, and of this one
    for n in range(1, number + 1):
        one = crowd.person(n)
        quarantined = [quarantined[1], one["quarantined"]]
        is_twin = n > 1 and before != "" and (n * TWIN) % crowd.MODULUS < TWINS
        email = before if is_twin else one["email"]
        before = one["email"]
        if not email:
            verdict = ("address_not_specified", "")
        elif one["opted_out_all"] or one["opted_out_email"]:
            verdict = ("blocklist", "all" if one["opted_out_all"] else "email")
        elif quarantined[0] if is_twin else quarantined[1]:
            verdict = ("quarantine", "user_unknown")
        elif is_twin and email in reached:
            verdict = ("duplicate", "")
        else:
            reached = {email}
            verdict = ("", "")
        found[verdict] += 1
    return found


def check(expected: Counter[tuple[str, str]], runs: dict[str, list[Measured]]) -> bool:
    to_deliver, duplicates = expected["", ""], expected["duplicate", ""]
    causes = {verdict: number for verdict, number in expected.items() if verdict[0]}
    whole = (expected.total(), to_deliver, causes)
    by_exclusion = Counter[str]()
    for (exclusion, _detail), number in expected.items():
        by_exclusion[exclusion] += number
    prepared = [run.result["counts"] for name in ("product", "usual") for run in runs[name]]
    bare = [run.result for run in runs["floor"]]
    hand = [run.result for name in BY_HAND for run in runs.get(name, [])]
    return (
        all(one == whole for one in prepared)
        and all(one == to_deliver + duplicates for one in bare)
        and all(one == by_exclusion for one in hand)
    )


def seconds(runs: list[Measured]) -> float:
    return median(run.seconds for run in runs)


def best(runs: dict[str, list[Measured]]) -> float:
    return min(seconds(runs[name]) for name in BY_HAND)


def print_times(arguments: argparse.Namespace, number: int, runs: dict[str, list[Measured]]) -> None:
    names = {"floor": "bare INSERT, no index", "product": "product", "usual": "usual Django way"}
    print(f"\n{number:,} profiles on {arguments.database}; medians of {arguments.rounds} rounds\n")
    print(f"{'way':<28}{'seconds':>10}{'of the floor':>14}{'peak MB':>10}")
    for name, one in runs.items():
        if one:
            peak = max(run.megabytes for run in one)
            print(f"{names.get(name, name):<28}{seconds(one):>10.2f}{seconds(one) / seconds(runs['floor']):>14.2f}{peak:>10.0f}")


def demands(
    arguments: argparse.Namespace, runs: dict[str, list[Measured]], grown: dict[str, list[Measured]]
) -> Iterator[tuple[str, float, str, float]]:
    own = (DEMANDS_QUICK if arguments.quick else DEMANDS)[arguments.database]
    yield "preparation-vs-bare-insert", seconds(grown["product"]) / seconds(grown["floor"]), "<=", own["floor"]
    if "best" in own:
        yield "preparation-vs-best-sql", best(grown) / seconds(grown["product"]), ">=", own["best"]
    yield "preparation-vs-usual-django", seconds(runs["usual"]) / seconds(runs["product"]), ">=", own["usual"]
    if grown is not runs:
        tenfold = arguments.profiles / MILLION
        growth = seconds(grown["product"]) / seconds(runs["product"]) / tenfold * 10
        yield "preparation-ten-times-as-many", growth, "<=", GROWTH
    yield "preparation-megabytes", max(run.megabytes for run in grown["product"]), "<=", MEGABYTES


def report(arguments: argparse.Namespace, runs: dict[str, list[Measured]], grown: dict[str, list[Measured]]) -> bool:
    fit = True
    for name, ratio, sign, demand in demands(arguments, runs, grown):
        holds = ratio <= demand if sign == "<=" else ratio >= demand
        fit &= holds
        print(f"{'ok' if holds else 'SHORT'} {name} {ratio:.2f} (demand {sign} {demand:g})")
    return fit


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 profiles")
    parser.add_argument("--profiles", type=int, help="default 1,000,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.profiles = arguments.profiles or (100_000 if arguments.quick else MILLION)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
