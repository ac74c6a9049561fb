"""The main job from end to end: import a file, quarantine a list, prepare, confirm, send to a mail server on this machine.

Is the preparation at least ten times as fast as the usual Django way, and does exactly who should get exactly one mail?
Run from the root with the Python of .venv. The last lines name each demand, "ok" or "SHORT"; a SHORT one ends with code 1.

Each step runs in a process of its own, so that its peak memory is its own. Sending is done by `manage.py worker`
processes over SMTP to bench/sink.py. Whom to expect is computed from the files by bench/people.py, which knows nothing of Heed.
"""

import argparse
import multiprocessing
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import people  # noqa: E402 (found by the line above)

DEMANDED = 10.0  # times the usual Django way
DEMANDED_QUICK = 5.0  # of 20,000 profiles, where the tenth of a second that every preparation takes weighs five times as much
BATCH = 1_000  # messages of one bulk_create of the usual way
LONGEST = 3_600  # seconds that anything may take
EVERYBODY: dict[str, Any] = {"all": []}
NOBODY: dict[str, Any] = {"any": []}
HTML = (
    "<!doctype html><html><body><h1>{{ delivery.label }}</h1><p>Hello {{ profile.first_name | default: 'you' }},</p>"
    + "<p>The garden opens its gates on Saturday. Bring boots, children and whatever grew too large on your balcony.</p>" * 20
    + "<p>{{ sender.name }}, {{ sender.postal_address }} · <a href='{{ unsubscribe_url }}'>Unsubscribe</a></p></body></html>"
)


@dataclass
class Measured:
    """What a step gave, in how many seconds, and the most memory that its process held (MB)."""

    result: Any
    seconds: float
    megabytes: float


def main() -> int:
    arguments = parse()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name, database(arguments.database, Path(name)) as url:
        folder = Path(name)
        set_environment(url)
        made = people.draw(folder, arguments.profiles)
        expected = people.expect(made)
        measured(migrate)
        imported = measured(import_profiles, made)
        measured(enter_twins, made)
        quarantined = measured(quarantine_list, made)
        usual, product = [], []
        for _round in range(arguments.rounds):
            usual.append(measured(prepare_the_usual_way, warm_up=True))
            product.append(measured(prepare, warm_up=True))
        sent, received = send(folder, product[-1].result["delivery"], arguments.workers)
        stored = measured(outcomes, product[-1].result["delivery"]).result
    print_times(arguments, imported, quarantined, usual, product, sent, len(received))
    checks = [
        *check_preparations(expected, [one.result["counts"] for one in usual], "usual way"),
        *check_preparations(expected, [one.result["counts"] for one in product], "prepared"),
        *check_recipients(expected.recipients, received),
        ("the delivery is finished and every message is recorded as sent", stored == ("finished", {"sent": len(received)})),
    ]
    for sentence, holds in checks:
        print(f"{'correct' if holds else 'WRONG'}  {sentence}")
    ratio = median(one.seconds for one in usual) / median(one.seconds for one in product)
    demanded = DEMANDED_QUICK if arguments.quick else DEMANDED
    print(f"{'ok' if ratio >= demanded else 'SHORT'} preparation-vs-usual-django {ratio:.1f} (demand >= {demanded:g})")
    return 0 if ratio >= demanded and all(holds for _sentence, holds in checks) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20,000 profiles")
    parser.add_argument("--profiles", type=int, help="default 100,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3, help="preparations of each kind, in turn; medians are compared")
    parser.add_argument("--workers", type=int, default=1, help="processes that send")
    arguments = parser.parse_args()
    arguments.profiles = arguments.profiles or (20_000 if arguments.quick else 100_000)
    return arguments


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new, empty database that is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'heed.sqlite3'}"
        return
    import psycopg

    server = os.environ.get("BENCH_POSTGRES_URL") or os.environ.get("TEST_POSTGRES_URL")
    if not server:
        sys.exit("Set BENCH_POSTGRES_URL=postgres://user:password@host/database (a user who may create databases).")
    name = f"heed_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_environment(database_url: str) -> None:
    """The settings of a production server, without TLS."""
    os.environ |= {
        "ENV_FILE": os.devnull,
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "news.example.org",
        "PUBLIC_URL": "https://news.example.org",
        "CHECK_PUBLIC_URL": "0",
        "LINK_KEYS": f"1:{secrets.token_urlsafe(32)}",
        "SUPPRESSION_KEY": secrets.token_urlsafe(32),
        "SENDER_POSTAL_ADDRESS": "Maison Exemple, 12 rue des Lilas, 75011 Paris",
        "DATABASE_URL": database_url,
    }


def measured(step: Callable[..., Any], *arguments: Any, warm_up: bool = False) -> Measured:
    """Run one of the steps below in a new process with Django; with `warm_up` for nobody first, as in a process that works."""
    with ProcessPoolExecutor(1) as executor:
        return executor.submit(_measure, step, *arguments, warm_up=warm_up).result(LONGEST)


def _measure(step: Callable[..., Any], *arguments: Any, warm_up: bool) -> Measured:
    import django

    django.setup()
    if warm_up:
        step(NOBODY)
    began = time.perf_counter()
    result = step(*arguments)
    seconds = time.perf_counter() - began
    return Measured(result, seconds, _peak_megabytes())


def _peak_megabytes() -> float:
    """Of this process and the largest that it started; what getrusage() says of itself begins with the size of its parent."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024 + started
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + started


def migrate() -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("bench")


def import_profiles(made: people.Input) -> dict[str, Any]:
    from profiles import importing

    return vars(importing.import_file(made.imported, by="bench"))


def enter_twins(made: people.Input) -> None:
    """Profiles with an address that is there already: an import would have updated the first instead."""
    from profiles import consent
    from profiles.models import Profile, Source

    profiles = []
    for row in people.rows(made.entered):
        boxes = {name: row.pop(name) == "yes" for name in ("opted_out_all", "opted_out_email")}
        profiles.append(Profile(**row, **boxes))
    Profile.objects.bulk_create(profiles)
    consent.record_new(profiles, source=Source.OPERATOR, by="bench")


def quarantine_list(made: people.Input) -> int:
    from profiles.channels import Channel
    from quarantine import counting

    return counting.quarantine_addresses(Channel.EMAIL, made.quarantine.read_text().split(), by="bench")


def new_preparation(audience: dict[str, Any]) -> Any:
    from deliveries import preparation
    from deliveries.models import Delivery

    fields = {"label": "Bench", "subject": "Hello {{ profile.first_name }}", "html": HTML, "audience": audience}
    return preparation.start(Delivery.objects.create(**fields), by="bench")


def prepare(audience: dict[str, Any] = EVERYBODY) -> dict[str, Any]:
    """As the worker does it, from the operator's word to the frozen result."""
    from deliveries import preparation

    new_preparation(audience)
    claimed = preparation.claim("bench")
    assert claimed
    preparation.run(claimed)
    claimed.refresh_from_db()
    assert claimed.targeted == claimed.to_deliver + claimed.excluded
    causes = {(cause.exclusion, cause.detail): cause.volume for cause in claimed.causes.filter(volume__gt=0)}
    return {"delivery": claimed.delivery_id, "counts": (claimed.targeted, claimed.to_deliver, causes)}


def prepare_the_usual_way(audience: dict[str, Any] = EVERYBODY) -> dict[str, Any]:
    """The same target, rules and rows in the same table: iterate, decide in Python, bulk_create; in one transaction.

    Batches, checks of the content and the guarded switch are left out, in its favour.
    """
    from django.db import transaction
    from django.utils import timezone

    from deliveries.models import Message
    from deliveries.statuses import MessageStatus
    from profiles import audiences
    from profiles.channels import Channel
    from quarantine.models import QuarantinedAddress

    preparation, now = new_preparation(audience), timezone.now()
    reasons = dict(QuarantinedAddress.objects.excluding(Channel.EMAIL).values_list("address", "reason"))
    seen: set[str] = set()
    counts: Counter[tuple[str, str]] = Counter()
    messages = []
    with transaction.atomic():
        for profile in audiences.profiles(audience).order_by("pk").iterator(chunk_size=2000):
            address, exclusion, detail = profile.email, "", ""
            if not address:
                exclusion = "address_not_specified"
            elif address.count("@") != 1 or " " in address or address[0] == "@" or address[-1] == "@":
                exclusion = "invalid_address"
            elif profile.opted_out_all or profile.opted_out_email:
                exclusion, detail = "blocklist", "all" if profile.opted_out_all else "email"
            elif address in reasons:
                exclusion, detail = "quarantine", reasons[address]
            elif address in seen:
                exclusion = "duplicate"
            else:
                seen.add(address)
            counts[exclusion, detail] += 1
            message = Message(
                preparation=preparation,
                profile_id=profile.pk,
                address=address,
                exclusion=exclusion,
                detail=detail,
                status=MessageStatus.IGNORED if exclusion else MessageStatus.PENDING,
                prepared_at=now,
            )
            messages.append(message)
            if len(messages) == BATCH:
                Message.objects.bulk_create(messages)
                messages.clear()
        Message.objects.bulk_create(messages)
    type(preparation).objects.filter(pk=preparation.pk).update(status="cancelled")
    to_deliver = counts.pop(("", ""), 0)
    return {"counts": (to_deliver + counts.total(), to_deliver, dict(counts))}


def confirm(delivery_id: int) -> None:
    from django.contrib.auth import get_user_model

    from deliveries import lifecycle
    from deliveries.models import Delivery

    delivery = Delivery.objects.get(pk=delivery_id)
    assert delivery.preparation_id
    lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=get_user_model().objects.get(username="bench"))


def outcomes(delivery_id: int) -> tuple[str, dict[str, int]]:
    """The delivery's status, and its messages to deliver by theirs."""
    from django.db.models import Count

    from deliveries.models import Delivery, Message

    delivery = Delivery.objects.get(pk=delivery_id)
    messages = Message.objects.to_deliver().filter(preparation=delivery.preparation_id)
    return delivery.status, dict(messages.values_list("status").annotate(number=Count("profile_id")))


def send(folder: Path, delivery_id: int, workers: int, *, refuse: str = "") -> tuple[Measured, list[str]]:
    """Confirm, and let worker processes send; returns when they have nothing left. With it what the mail server took.

    It knows nobody whose address begins with `refuse`, where that is given.
    """
    recipients = folder / "recipients.txt"
    command = [sys.executable, ROOT / "bench" / "sink.py", recipients, "--seconds", str(LONGEST), f"--refuse={refuse}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdin
        assert sink.stdout
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{sink.stdout.readline().strip()}"
        measured(confirm, delivery_id)
        began = time.perf_counter()
        worker = [sys.executable, ROOT / "manage.py", "worker", "--until-idle"]
        processes = [subprocess.Popen(worker, cwd=ROOT) for _number in range(workers)]
        usages = [os.wait4(process.pid, 0)[2] for process in processes]
        seconds = time.perf_counter() - began
        sink.stdin.close()
        sink.wait(60)
    peak = max(usage.ru_maxrss for usage in usages) / 1024
    return Measured(None, seconds, peak), recipients.read_text().split()


def check_preparations(expected: people.Expected, counted: list[Any], name: str) -> Iterator[tuple[str, bool]]:
    targeted, to_deliver, causes = counted[0]
    wanted = (expected.targeted, len(expected.recipients), dict(expected.causes))
    sums = targeted == to_deliver + sum(causes.values())
    named = ", ".join(f"{' '.join(filter(None, cause))} {volume:,}" for cause, volume in sorted(causes.items()))
    sentence = f"{name}: {targeted:,} targeted = {to_deliver:,} to deliver + {targeted - to_deliver:,} excluded ({named})"
    yield sentence, sums and all(one == wanted for one in counted)


def check_recipients(expected: set[str], received: list[str]) -> Iterator[tuple[str, bool]]:
    twice = len(received) - len(set(received))
    missing, wrong = len(expected - set(received)), len(set(received) - expected)
    sentence = (
        f"mail server: {len(received):,} mails, {missing} people missing, {wrong} written to wrongly, {twice} mails too many"
    )
    yield sentence, not (twice or missing or wrong)


def print_times(
    arguments: argparse.Namespace,
    imported: Measured,
    quarantined: Measured,
    usual: list[Measured],
    product: list[Measured],
    sent: Measured,
    mails: int,
) -> None:
    rows = sum(imported.result[name] for name in ("created", "updated", "unchanged", "rejected"))
    targeted = product[0].result["counts"][0]
    table = [
        ("import", rows, [imported]),
        ("quarantine a list", quarantined.result, [quarantined]),
        ("prepare, usual Django way", targeted, usual),
        ("prepare", targeted, product),
        (f"send, {arguments.workers} worker", mails, [sent]),
    ]
    print(f"\n{arguments.profiles:,} profiles on {arguments.database}; medians of {arguments.rounds} preparations\n")
    print(f"{'step':<28}{'rows':>12}{'seconds':>12}{'rows/s':>12}{'peak MB':>12}")
    for name, number, runs in table:
        seconds, peak = median(run.seconds for run in runs), max(run.megabytes for run in runs)
        print(f"{name:<28}{number:>12,}{seconds:>12.2f}{number / seconds:>12,.0f}{peak:>12.0f}")
    print()


if __name__ == "__main__":
    sys.exit(main())
