"""manage.py check_consent: do the boxes agree with the ledger, is it guarded, was it rewritten?"""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from profiles import ledger, tampering
from profiles.models import ConsentEvent, Profile, SealedBatch


def noted(text: str) -> tuple[int, str]:
    """12:9f2ab4c66d01e87a -> (12, "9f2ab4c66d01e87a")"""
    match = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{16,64})", text)
    if not match:
        raise ArgumentTypeError("a batch as this command or a consent record shows it, such as 12:9f2ab4c66d01e87a")
    return int(match[1]), match[2]


class Command(BaseCommand):
    help = (
        "Replay the consent ledger and compare it with every profile; compare every event with its seal."
        " Exits with 1 on a disagreement, on a trace of tampering or without the guard."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=list(connections))
        parser.add_argument(
            "--noted", action="append", default=[], type=noted, metavar="BATCH:CODE", help="a batch that you noted down earlier"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        database = options["database"]
        faults = 0
        for sentence in self.faults(database, options["noted"]):
            self.stdout.write(sentence)
            faults += 1
        checked = {
            "profiles": Profile.objects.using(database).count(),
            "events": ConsentEvent.objects.using(database).count(),
            "faults": faults,
        }
        if faults:
            self.stdout.write(_("%(faults)s faults in %(profiles)s profiles and %(events)s events.") % checked)
            sys.exit(1)
        self.stdout.write(_("The boxes of %(profiles)s profiles agree with the %(events)s events of the ledger.") % checked)
        self.stdout.write(self.sealed(database))

    def faults(self, database: str, batches: list[tuple[int, str]]) -> Iterator[str]:
        for name in ledger.missing_triggers(connections[database]):
            yield _("The ledger lacks its guard %(name)s: run manage.py migrate.") % {"name": name}
        yield from ledger.disagreements(using=database)
        last = SealedBatch.objects.using(database).aggregate(last=Max("last_event_id"))["last"]
        yield from tampering.faults(database, progress=lambda event_id: self.show_progress(event_id, last), noted=batches)

    def show_progress(self, event_id: int, last: int | None) -> None:
        """One line that is written over, for somebody who waits."""
        if last and self.stderr.isatty():
            end = "\n" if event_id >= last else ""
            self.stderr.write(f"\r{event_id:,} / {last:,} ({100 * event_id // last} %)", style_func=str, ending=end)

    def sealed(self, database: str) -> str:
        """How much of the ledger is sealed, and the newest batch to note down: what is cut off later can then be missed."""
        batches = SealedBatch.objects.using(database)
        newest = batches.order_by("-number").first()
        if newest is None:
            return _("No event is sealed yet.")
        facts = batches.aggregate(batches=Count("pk"), events=Sum("count"))
        return _("%(events)s events are sealed in %(batches)s batches; the newest is %(newest)s.") % {
            **facts,
            "newest": tampering.noted_form(newest),
        }
