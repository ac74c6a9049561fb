"""manage.py export_profiles: write what profiles.exporting makes."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from profiles import exporting
from profiles.models import Profile


class Command(BaseCommand):
    help = "Export all profiles as a CSV file that import_profiles reads: every field, the opt-outs, the added fields."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--delimiter", choices=exporting.DELIMITERS, default=",", help="What separates cells.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("xb") as file:
                for piece in exporting.lines(Profile.objects.all(), delimiter=options["delimiter"]):
                    file.write(piece)
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("The profiles are in %(file)s.") % {"file": options["file"]})
