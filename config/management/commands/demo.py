"""manage.py demo: people, opt-outs, quarantine and deliveries to try Heed with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo import loading
from config.demo.people import NUMBER


class Command(BaseCommand):
    help = (
        f"Loads {NUMBER} invented profiles with their choices, two landing pages and two deliveries into an empty database; "
        "otherwise changes nothing. One delivery is confirmed: the next worker sends it to the mail server of EMAIL_URL. "
        "For development only."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo data comes with passwords that everybody knows: set DEBUG=1, or use make run.")
        if not loading.is_empty():
            self.stdout.write("There are profiles, landing pages or deliveries already: no demo data loaded.")
            return
        delivery = loading.load()
        self.stdout.write(f"Demo data loaded: {NUMBER} profiles; the worker sends “{delivery}”.")
