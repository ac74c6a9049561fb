"""manage.py erase_profile: erase one person for good."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from profiles import aliases, erasure, holders


class Command(BaseCommand):
    help = "Erase a profile and every trace of it. Without --yes it only shows what would be erased."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("profile", type=int, help="the profile's number, as in the address of its page")
        parser.add_argument("--yes", action="store_true", help="do it; nothing brings the profile back")
        parser.add_argument("--by", default="manage.py erase_profile", help="who is named in the record of the erasure")

    def handle(self, *args: Any, **options: Any) -> None:
        profile = aliases.by_id(options["profile"])
        if profile is None:
            raise CommandError(_("There is no profile %(number)s.") % {"number": options["profile"]})
        if options["yes"]:
            try:
                parts = erasure.erase(profile, revision=profile.revision, by=options["by"])
            except erasure.ChangedMeanwhile as error:
                raise CommandError(_("Nothing was erased: the profile was changed at this very moment. Try again.")) from error
        else:
            parts = erasure.preview(holders.person(profile))
        for part in parts:
            self.stdout.write(f"{part.label}: {part.number}")
        self.stdout.write(_("Erased.") if options["yes"] else _("Nothing was erased yet: repeat with --yes."))
