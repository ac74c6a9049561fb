"""manage.py check_consent: do the boxes agree with the ledger, and is it guarded?"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext as _

from profiles import ledger
from profiles.models import ConsentEvent, Profile


class Command(BaseCommand):
    help = "Replay the consent ledger and compare it with every profile. Exits with 1 on a disagreement or without the guard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=list(connections))

    def handle(self, *args: Any, **options: Any) -> None:
        database = options["database"]
        faults = 0
        for name in ledger.missing_triggers(connections[database]):
            self.stdout.write(_("The ledger lacks its guard %(name)s: run manage.py migrate.") % {"name": name})
            faults += 1
        for sentence in ledger.disagreements(using=database):
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
