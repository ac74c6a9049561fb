"""The SMTP server of the local mailbox (development only)."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.mailbox import server, store


class Command(BaseCommand):
    help = "Receives every mail on 127.0.0.1 and keeps it for /mailbox/ until SIGTERM or Ctrl-C; sends nothing on."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT + 25)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not settings.LOCAL_MAILBOX:
            raise CommandError("The local mailbox is for development: set DEBUG=1.")
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        store.tidy()
        smtp = server.controller(port)
        try:
            smtp.start()
        except OSError as error:
            raise CommandError(f"The mailbox cannot use port {port}: {error.strerror}.") from error
        ended.wait()
        smtp.stop()
