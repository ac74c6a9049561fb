"""makemessages, with what it does not see by itself: `manage.py makemessages -l fr` is all that translators type."""

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages
from django.utils.translation import gettext_noop, ngettext_lazy

# The words of Unfold on our pages: it has no catalogues of its own.
WORDS_OF_UNFOLD = (
    gettext_noop("After you've created a user, you’ll be able to edit more user options."),
    gettext_noop("All applications"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Dark"),
    gettext_noop("Expand row"),
    gettext_noop("False"),
    gettext_noop("Forgotten your password or username?"),
    gettext_noop("Light"),
    gettext_noop("Loading more results..."),
    gettext_noop("More actions"),
    gettext_noop("No data"),
    gettext_noop("No recent searches"),
    gettext_noop("No results found"),
    gettext_noop("No results matching your query"),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the password using "
        '<a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    gettext_noop("Recent searches"),
    gettext_noop("Reset filters"),
    gettext_noop("Return to site"),
    gettext_noop("Run"),
    gettext_noop("Search apps and models..."),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Select value"),
    gettext_noop("System"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Toggle password visibility"),
    gettext_noop("True"),
    gettext_noop("Type to search"),
    gettext_noop("Welcome"),
    gettext_noop("You have been successfully logged out from the administration"),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below.", 0),
)


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=noop"]  # gettext_noop as it is imported

    def add_arguments(self, parser: CommandParser) -> None:
        """Files without line numbers: the catalogue changes only where a text does."""
        super().add_arguments(parser)
        parser.set_defaults(ignore_patterns=["var", "staticfiles", "tests", "bench"], add_location="file", no_obsolete=True)
