"""manage.py import_profiles: print what profiles.importing does."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from profiles.columns import HEADERS
from profiles.csvfiles import ImportRejected
from profiles.importing import ImportResult, import_file

SEPARATORS = {",": ",", ";": ";", "tab": "\t", "\\t": "\t", "\t": "\t"}


class Command(BaseCommand):
    help = (
        "Create and update profiles from a CSV file (UTF-8). Rows are matched by email, or by mobile without email. "
        "Opt-outs are only added, never lifted. Rows that cannot be read go to a rejects file. Fields: "
        + ", ".join(HEADERS)
        + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="HEADER=FIELD",
            help="Read a column as this field; HEADER= leaves it out.",
        )
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="Where rejected rows go. Default: FILE.rejects.csv.")
        parser.add_argument("--delimiter", choices=SEPARATORS, help="What separates cells. Default: what the header line shows.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = import_file(
                options["file"],
                by="manage.py import_profiles",
                mapping=dict(_pair(text) for text in options["map"]),
                delimiter=SEPARATORS.get(options["delimiter"]),
                rejects=options["rejects"],
                progress=self.show if options["verbosity"] > 1 or self.stdout.isatty() else None,
            )
        except (ImportRejected, OSError) as error:
            raise CommandError(str(error)) from error
        for sentence in _sentences(result):
            self.stdout.write(sentence)

    def show(self, done: int, total: int) -> None:
        self.stdout.write(_("%(done)s of %(total)s rows") % {"done": done, "total": total})


def _pair(text: str) -> tuple[str, str]:
    header, equals, name = text.rpartition("=")
    if not equals:
        raise CommandError(_("--map takes HEADER=FIELD, not %(text)s.") % {"text": text})
    return header, name.strip()


def _sentences(result: ImportResult) -> list[str]:
    sentences = [
        _("Created: %(created)s. Updated: %(updated)s. Unchanged: %(unchanged)s. Rejected: %(rejected)s.") % vars(result),
        _("Opt-outs added: %(tightened)s. Cells that would have lifted an opt-out, ignored: %(lifts_ignored)s.") % vars(result),
    ]
    if result.unmapped:
        sentences.append(_("Columns left out, no field of a profile: %(names)s.") % {"names": ", ".join(result.unmapped)})
    if result.rejects:
        sentences.append(_("The rejected rows, with the reasons, are in %(file)s.") % {"file": result.rejects})
    return sentences
