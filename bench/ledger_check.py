"""The check of a long ledger: how fast, in how much memory, and does it find everything that somebody could do to it?

Run from the root with the Python of .venv. Fills a ledger, seals it as the worker does, and checks it: events against their
seals, batches against the chain, boxes against the replay. The floor is a Python process that reads the same rows and takes
one HMAC of each. Then the ledger is rewritten past its guard in every way, and what the check says is compared with what was
done. The last lines name each demand, "ok" or "SHORT"; a SHORT or WRONG one ends with code 1.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import main_job  # noqa: E402 (found by the line above)

DEMANDED = 0.5  # of the floor's rows per second
MEGABYTES = 150.0  # of the process that checks, however long the ledger is
PAGE = 5_000
PER_PROFILE = 4  # events: email ticked, cleared, ticked, then SMS ticked


def main() -> int:
    arguments = parse()
    main_job.multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name, main_job.database(arguments.database, Path(name)) as url:
        main_job.set_environment(url)
        main_job.measured(main_job.migrate)
        filled = main_job.measured(fill, arguments.events)
        events = filled.result
        sealed = main_job.measured(seal)
        floors, checks = [], []
        for _round in range(arguments.rounds):
            floors.append(main_job.measured(read_and_hash))
            checks.append(main_job.measured(check_seals))
        replayed = main_job.measured(replay)
        done = main_job.measured(tamper).result
        found = main_job.measured(check_seals).result
    print(f"{events:,} events of {events // PER_PROFILE:,} profiles, {arguments.database}")
    row("filled", filled.seconds, events, filled.megabytes)
    row("sealed", sealed.seconds, events, sealed.megabytes)
    row("read and one HMAC each (floor)", median(one.seconds for one in floors), events, max(one.megabytes for one in floors))
    row("seals checked", median(one.seconds for one in checks), events, max(one.megabytes for one in checks))
    row("boxes replayed", replayed.seconds, events, replayed.megabytes)
    wrong = [
        say("every event is sealed once", sealed.result == events),
        say("an untouched ledger has no fault", not any(one.result for one in checks) and replayed.result == []),
        say("what was done to the ledger is what the check says", kinds(found) == done, f"{kinds(found)}\n{done}"),
    ].count(False)
    ratio = median(one.seconds for one in floors) / median(one.seconds for one in checks)
    memory = max(one.megabytes for one in [*checks, replayed, sealed])
    short = [
        demand("ledger-check-vs-reading", ratio, ">=", DEMANDED),
        demand("ledger-check-megabytes", memory, "<=", MEGABYTES),
    ].count(False)
    return 1 if wrong or short else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 events")
    parser.add_argument("--events", type=int, help="default 1,000,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3, help="floor and check in turn; medians are compared")
    arguments = parser.parse_args()
    arguments.events = arguments.events or (100_000 if arguments.quick else 1_000_000)
    return arguments


def row(what: str, seconds: float, events: int, megabytes: float) -> None:
    print(f"{what:32} {seconds:8.1f} s {events / seconds:12,.0f} events/s {megabytes:6.0f} MB")


def say(sentence: str, holds: bool, otherwise: str = "") -> bool:
    print(f"{'correct' if holds else 'WRONG'}  {sentence}")
    if not holds and otherwise:
        print(otherwise)
    return holds


def demand(name: str, measured: float, sign: str, limit: float) -> bool:
    holds = measured >= limit if sign == ">=" else measured <= limit
    print(f"{'ok' if holds else 'SHORT'} {name} {measured:.2f} (demand {sign} {limit:g})")
    return holds


def fill(events: int) -> int:
    """Profiles and their events, straight into the tables; one id in the middle stays free. The number of events."""
    from django.db import connection, transaction

    from profiles.models import ConsentEvent, Profile

    profiles = events // PER_PROFILE
    first = Profile.objects.create(email="person@example.org", opted_out_email=True, opted_out_sms=True)
    postgres = connection.vendor == "postgresql"
    unique = "gen_random_uuid()" if postgres else "lower(hex(randomblob(16)))"
    columns = [field.column for field in Profile._meta.concrete_fields if field.name not in ("id", "public_id")]
    names = ", ".join(f'"{name}"' for name in columns)
    one_to = (
        "generate_series(1, {0}) AS n(n)"
        if postgres
        else "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {0}) SELECT n FROM n) AS n"
    )
    truth = ("false", "true") if postgres else ("0", "1")
    boxes = [("email", 0), ("email", 1), ("email", 0), ("sms", 0)]
    kinds = " UNION ALL ".join(
        f"SELECT {place} AS place, '{scope}' AS scope, {truth[before]} AS before, {truth[1 - before]} AS after"
        for place, (scope, before) in enumerate(boxes)
    )
    free = profiles * PER_PROFILE // 2
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO profiles_profile (public_id, {names}) SELECT {unique}, {names} FROM profiles_profile,"
            f" {one_to.format(profiles - 1)} WHERE id = %s",
            [first.pk],
        )
        number = f"(id - {first.pk}) * {PER_PROFILE} + place + 1"
        now = "now()" if postgres else "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
        cursor.execute(
            f"""INSERT INTO profiles_consentevent (id, profile_id, scope, service_label, before, after, at, source, "by",
                page_label, page_version_id, wording, delivery_label, detail, request_id, ip)
            SELECT {number} + CASE WHEN {number} >= {free} THEN 1 ELSE 0 END, id, kinds.scope, '', kinds.before, kinds.after,
                {now}, 'landing_page', '', 'Vos préférences', 4, 'Je ne souhaite plus recevoir vos messages.', '', '', '',
                '192.0.2.0/24'
            FROM profiles_profile, ({kinds}) AS kinds"""
        )
        if postgres:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('profiles_consentevent', 'id'), MAX(id)) FROM profiles_consentevent"
            )
    if postgres:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return ConsentEvent.objects.count()


def seal() -> int:
    """As the worker does it, with its pauses."""
    from profiles import sealing

    return sealing.Sealer().seal_everything()


def read_and_hash() -> None:
    """The floor: every row read in pages, one HMAC of it taken, nothing compared."""
    import hmac

    from django.db import connection

    after = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT * FROM profiles_consentevent WHERE id > %s ORDER BY id LIMIT %s", [after, PAGE])
            page = cursor.fetchall()
            if not page:
                return
            for one in page:
                hmac.digest(b"k" * 32, repr(one).encode(), "sha256")
            after = page[-1][0]


def check_seals() -> list[str]:
    from profiles import tampering

    return list(tampering.faults())


def replay() -> list[str]:
    from profiles import ledger

    return list(ledger.disagreements())


def tamper() -> list[tuple[str, str]]:
    """Everything that can be done past the guard, once; what the check must say of it."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    from profiles import ledger, sealing, triggers
    from profiles.models import ConsentEvent, Erasing, Seal, SealedBatch

    last = ConsentEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]
    free = min(
        set(range(last // 2 - 3, last // 2 + 4))
        - set(Seal.objects.filter(event_id__range=(last // 2 - 3, last // 2 + 3)).values_list("pk", flat=True))
    )
    altered, removed, unseen, sealed_anew = (last * part // 10 + 1 for part in (1, 2, 3, 4))
    some = SealedBatch.objects.filter(first_event_id__gt=last * 6 // 10).order_by("number")
    recounted, gone = some[0], some[2]
    after_gone = some[3].number
    erased = ConsentEvent.objects.get(pk=last * 9 // 10).profile_id
    events = list(ConsentEvent.objects.filter(profile=erased).values_list("pk", flat=True))
    facts: dict[str, Any] = {"profile_id": erased, "erased_at": timezone.now(), "erased_by": "bench", "event_ids": events}
    Erasing.objects.create(**facts, mac=sealing.erasure_mac(**facts))
    ConsentEvent.objects.filter(profile=erased).delete()
    values: dict[str, Any] = {"profile_id": 1, "scope": "email", "before": False, "after": True, "source": "operator"}
    with triggers.lifted(connection, *ledger.GUARDS):
        ConsentEvent.objects.filter(pk=altered).update(wording="I agree to everything.")
        ConsentEvent.objects.filter(pk__in=[removed, unseen]).delete()
        Seal.objects.filter(pk=unseen).delete()
        Seal.objects.filter(pk=sealed_anew).update(mac=b"0" * 16)
        SealedBatch.objects.filter(pk=recounted.pk).update(count=recounted.count - 1)
        SealedBatch.objects.filter(pk=gone.pk).delete()
    ConsentEvent.objects.create(pk=free, at=timezone.now(), **values)
    ConsentEvent.objects.create(at=timezone.now() - timedelta(minutes=10), **values)

    def batch_of(event: int) -> int:
        return SealedBatch.objects.filter(last_event_id__gte=event).order_by("number")[0].number

    done = [("altered", altered), ("altered", sealed_anew), ("removed", removed), ("inserted", free), ("with its seal", unseen)]
    done += [("batch", number) for number in (batch_of(unseen), batch_of(sealed_anew), recounted.number, after_gone)]
    return sorted({(kind, str(number)) for kind, number in done} | {("cut", str(after_gone)), ("unsealed", "1")})


def kinds(sentences: list[str]) -> list[tuple[str, str]]:
    """What the sentences are about, to be compared."""
    patterns = {
        r"Event (\d+) of profile \d+ was altered": "altered",
        r"Event (\d+) was removed": "removed",
        r"Event (\d+) of profile \d+ was inserted": "inserted",
        r"Gone with their seals, as far as can be told: (\d+)\.": "with its seal",
        r"Batch (\d+) \(": "batch",
        r"batch \d+ is followed by batch (\d+)": "cut",
        r"(\d+) events? older than 5 minutes": "unsealed",
    }
    found = set()
    for sentence in sentences:
        matches = [(kind, match[1]) for pattern, kind in patterns.items() if (match := re.search(pattern, sentence))]
        found |= set(matches) or {("other", sentence)}
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
