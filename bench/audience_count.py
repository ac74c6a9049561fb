"""How long an audience takes to count, beside the best SQL that a person would write for it.

Five audiences over 1,000,000 people (--profiles), each counted plainly and with the exclusion breakdown that the builder
shows. The people are made inside the database; how many there must be is computed in plain Python by bench/crowd.py.
Each way is warmed up, then all take turns; medians are compared. The last lines name each demand, "ok" or "SHORT".
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import crowd  # noqa: E402 (found by the lines above)
from main_job import database, set_environment  # noqa: E402

DEMANDED = 1.3  # times the best hand-written SQL
DEMANDED_QUICK = 1.8  # of 100,000 people, where the milliseconds that asking takes at all weigh ten times as much
FORTY_FIVE, THIRTY = 46, 30  # the ages from 30 to 45: born after today 46 years ago, until today 30 years ago


def leaf(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


TREES: dict[str, dict[str, Any]] = {
    "country and language": {"all": [leaf("country", "in", ["FR", "BE"]), leaf("preferred_language", "in", ["fr"])]},
    "age and domain": {"all": [leaf("age", "between", [30, 45]), leaf("email_domain", "is", "mail.example")]},
    "custom field": leaf("custom.size", "more", 40),
    "subscribed": leaf("service", "subscribed", 1),
    "received, not opted out": {"all": [leaf("delivery", "received", 1), leaf("opted_out_email", "no", None)]},
}


def years_ago(years: int) -> date:
    today = date.today()
    return today.replace(year=today.year - years) if (today.month, today.day) != (2, 29) else date(today.year - years, 2, 28)


PYTHON: dict[str, Callable[[dict[str, Any]], bool]] = {
    "country and language": lambda one: one["country"] in ("FR", "BE") and one["language"] == "fr",
    "age and domain": lambda one: (
        one["born"] is not None
        and years_ago(FORTY_FIVE) < one["born"] <= years_ago(THIRTY)
        and one["email"].endswith("@mail.example")
    ),
    "custom field": lambda one: one["size"] is not None and one["size"] > 40,
    "subscribed": lambda one: one["letter"],
    "received, not opted out": lambda one: one["received"] and not one["opted_out_email"],
}


def by_hand(vendor: str) -> dict[str, list[str]]:
    """Audience -> the FROM and WHERE that people would write for it; the fastest of them is the measure."""
    postgres, people = vendor == "postgresql", "profiles_profile p"
    size = "(p.custom ->> 'size')::numeric > 40" if postgres else "json_extract(p.custom, '$.size') > 40"
    born = f"p.birth_date > '{years_ago(FORTY_FIVE)}' AND p.birth_date <= '{years_ago(THIRTY)}'"
    no = "NOT p.opted_out_email"
    valid = f"s.service_id = 1 AND (s.expires_at IS NULL OR s.expires_at > {'now()' if postgres else 'datetime()'})"
    letter = f"profiles_subscription s WHERE {valid}"
    is_sent = "m.preparation_id = 1 AND m.status = 'sent'"
    sent = f"deliveries_message m WHERE {is_sent}"
    return {
        "country and language": [f"{people} WHERE p.country IN ('FR', 'BE') AND p.preferred_language = 'fr'"],
        "age and domain": [f"{people} WHERE p.email_domain = 'mail.example' AND {born}"],
        "custom field": [f"{people} WHERE {size}"] + ([f"{people} WHERE p.custom -> 'size' > '40'"] if postgres else []),
        "subscribed": [
            f"{people} JOIN profiles_subscription s ON s.profile_id = p.id WHERE {valid}",
            f"{people} WHERE p.id IN (SELECT s.profile_id FROM {letter})",
            f"{people} WHERE EXISTS (SELECT 1 FROM {letter} AND s.profile_id = p.id)",
        ],
        "received, not opted out": [
            f"{people} JOIN deliveries_message m ON m.profile_id = p.id WHERE {is_sent} AND {no}",
            f"{people} WHERE p.id IN (SELECT m.profile_id FROM {sent}) AND {no}",
            f"{people} WHERE EXISTS (SELECT 1 FROM {sent} AND m.profile_id = p.id) AND {no}",
        ],
    }


MALFORMED = """NOT (position('@' in p.email) > 1 AND p.email NOT LIKE '%@' AND position(' ' in p.email) = 0
    AND p.email = lower(p.email))"""
QUARANTINED = "q.channel = 'email' AND q.status IN ('quarantine', 'blocklist')"
VERDICT = """CASE WHEN p.email = '' THEN 'address_not_specified' WHEN {malformed} THEN 'invalid_address'
    WHEN p.opted_out_all OR p.opted_out_email THEN 'blocklist' WHEN {quarantined} THEN 'quarantine' ELSE '' END"""


def plain(sources: list[str]) -> list[str]:
    return [f"SELECT COUNT(*) FROM {source}" for source in sources]


def breakdowns(sources: list[str], vendor: str) -> list[str]:
    """The same with each person's verdict: the quarantine asked by IN, by EXISTS, and by an outer join."""
    malformed = MALFORMED if vendor == "postgresql" else MALFORMED.replace("position('@' in p.email)", "instr(p.email, '@')")
    malformed = malformed if vendor == "postgresql" else malformed.replace("position(' ' in p.email)", "instr(p.email, ' ')")
    asked = {
        "IN": f"p.email IN (SELECT q.address FROM quarantine_quarantinedaddress q WHERE {QUARANTINED})",
        "EXISTS": f"EXISTS (SELECT 1 FROM quarantine_quarantinedaddress q WHERE {QUARANTINED} AND q.address = p.email)",
    }
    ways = []
    records = "profiles_profile p LEFT JOIN quarantine_quarantinedaddress q"
    for source in sources:
        for quarantined in asked.values():
            verdict = VERDICT.format(malformed=malformed, quarantined=quarantined)
            ways.append(f"SELECT verdict, COUNT(*) FROM (SELECT {verdict} AS verdict FROM {source}) AS v GROUP BY verdict")
        outer = source.replace("profiles_profile p", f"{records} ON {QUARANTINED} AND q.address = p.email", 1)
        verdict = VERDICT.format(malformed=malformed, quarantined="q.id IS NOT NULL")
        ways.append(f"SELECT verdict, COUNT(*) FROM (SELECT {verdict} AS verdict FROM {outer}) AS v GROUP BY verdict")
    return ways


def expect(number: int) -> dict[str, Counter[str]]:
    """Audience -> verdict -> people, in plain Python."""
    found: dict[str, Counter[str]] = {name: Counter() for name in TREES}
    for n in range(1, number + 1):
        one = crowd.person(n)
        verdict = (
            "address_not_specified"
            if not one["email"]
            else "blocklist"
            if one["opted_out_all"] or one["opted_out_email"]
            else "quarantine"
            if one["quarantined"]
            else ""
        )
        for name, is_meant in PYTHON.items():
            if is_meant(one):
                found[name][verdict] += 1
    return found


def fill(number: int) -> None:
    """Everything that the audiences ask about, in a few statements; then the statistics that any database in use has."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from deliveries.models import Delivery, Preparation
    from profiles.models import CustomField, Service

    call_command("migrate", verbosity=0)
    operator = get_user_model().objects.create_superuser("bench")
    CustomField.objects.create(key="size", label="Size", type="number")
    Service.objects.create(pk=1, label="Letter", public_label="Letter")
    delivery = Delivery.objects.create(pk=1, label="Spring")
    Preparation.objects.create(pk=1, delivery=delivery, number=1)
    with connection.cursor() as cursor:
        for statement in crowd.statements(number, connection.vendor):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    now = timezone.now()
    done = {"confirmed_at": now, "confirmed_by": operator, "finished_at": now, "status": "finished", "preparation_id": 1}
    Delivery.objects.update(**done)


def run(statement: str) -> Any:
    """As a person would run it: compiling is left out where it does not pay."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(statement)
            return cursor.fetchall()
        with transaction.atomic():
            cursor.execute("SET LOCAL jit TO off")
            cursor.execute(statement)
            return cursor.fetchall()


def product_count(tree: dict[str, Any]) -> int:
    from profiles import audiences
    from profiles.timelimit import time_limit

    with time_limit(600):
        return audiences.profiles(tree).count()


def product_breakdown(tree: dict[str, Any]) -> dict[str, int]:
    from deliveries import targeting
    from profiles.channels import Channel
    from profiles.timelimit import time_limit

    with time_limit(600):
        return targeting.count(tree, Channel.EMAIL)


def timed(step: Callable[[Any], Any], argument: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = step(argument)
    return time.perf_counter() - began, result


def compare(name: str, ours: Callable[[Any], Any], statements: list[str], rounds: int) -> tuple[float, float, list[Any]]:
    """Medians of ours and of the best statement, in turn; and every result, by hand as ours reads it."""
    best = min(statements, key=lambda statement: min(timed(run, statement)[0] for _round in range(2)))
    timed(ours, TREES[name])
    own, hand, results = [], [], [run(statement) for statement in statements]
    for _round in range(rounds):
        seconds, result = timed(ours, TREES[name])
        own.append(seconds)
        results.append([(result,)] if isinstance(result, int) else list(result.items()))
        hand.append(timed(run, best)[0])
    return median(own), median(hand), results


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as folder, database(arguments.database, Path(folder)) as url:
        set_environment(url)
        import django

        django.setup()
        from django.db import connection

        fill(arguments.profiles)
        expected = expect(arguments.profiles)
        hand, lines, correct = by_hand(connection.vendor), [], True
        print(f"\n{arguments.profiles:,} profiles on {arguments.database}; medians of {arguments.rounds} rounds\n")
        print(f"{'audience':<28}{'':<12}{'people':>12}{'product ms':>12}{'by hand ms':>12}{'ratio':>8}")
        for name in TREES:
            wanted = expected[name]
            kinds = {
                "count": (product_count, plain(hand[name]), [(wanted.total(),)]),
                "breakdown": (product_breakdown, breakdowns(hand[name], connection.vendor), sorted(wanted.items())),
            }
            for kind, (ours, statements, right) in kinds.items():
                own, best, results = compare(name, ours, statements, arguments.rounds)
                correct &= all(sorted(result) == right for result in results)
                times = f"{own * 1000:>12.1f}{best * 1000:>12.1f}{own / best:>8.2f}"
                print(f"{name:<28}{kind:<12}{wanted.total():>12,}{times}")
                lines.append((f"{kind} {name}", own / best))
        connection.close()
    print(f"\n{'correct' if correct else 'WRONG'}  every count and breakdown is what plain Python finds")
    most = DEMANDED_QUICK if arguments.quick else DEMANDED
    for name, ratio in lines:
        said, demand = "ok" if ratio <= most else "SHORT", name.replace(" ", "-").replace(",", "")
        print(f"{said} {demand} {ratio:.2f} (demand <= {most})")
    return 0 if correct and all(ratio <= most for _name, ratio in lines) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 profiles")
    parser.add_argument("--profiles", type=int, help="default 1,000,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.profiles = arguments.profiles or (100_000 if arguments.quick else 1_000_000)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
