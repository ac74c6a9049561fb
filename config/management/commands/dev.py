"""The process manager of `make run`: web server, worker and local mailbox, for development."""

import errno
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

DEMO_LOGIN = ("ana", "ana")  # username, password; known to everyone, so it is only made together with demo data
DEMO_LOGIN_SHOWN = " / ".join(DEMO_LOGIN)
READY_SECONDS = 60  # until the web server must answer
GRACE_SECONDS = 8  # for a child to end by itself
STEP_WITH_DEMO = "open a profile and tick “by email”; then prepare a delivery: it shows whom it leaves out, and why."
STEP_WITHOUT = "add a profile, or many: manage.py import_profiles FILE.csv; then make a delivery and prepare it."
FIRST_STEPS = """
Heed runs at {url}
Log in:      {login}
Try first:   {step}
Mailbox:     {url}/mailbox/ (all mail from here ends there, none leaves this machine)
Ctrl-C ends everything.
"""


class Ended(Exception):
    """It is over: by a signal, or because a child ended by itself."""

    def __init__(self, code: int = 0, sentence: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class Command(BaseCommand):
    help = "Brings the database up to date, then runs web server, worker and local mailbox until Ctrl-C or SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 0 when asked to end, with 1 when a port is taken, else with the code of the child that ended."""
        self.asked_to_end = threading.Event()
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.mailbox_port = settings.PORT + 25
        try:
            self.check_ports()
            self.login = prepare_database()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # not under nohup
                    signal.signal(number, self.on_signal)
            self.run()
        except KeyboardInterrupt:
            sys.exit(130)
        except Ended as end:
            self.end_children()
            if end.code:
                self.stderr.write(str(end))
            sys.exit(end.code)

    def check_ports(self) -> None:
        """Raises Ended before anything has started, with the sentence that names the variable."""
        if not settings.DEBUG:
            raise Ended(1, "This is for development: set DEBUG=1, or use make run.")
        if not 1 <= settings.PORT <= 65535 - 25:
            raise Ended(1, f"PORT={settings.PORT} is not possible: choose one from 1024 to {65535 - 25}.")
        for port, purpose in ((settings.PORT, ""), (self.mailbox_port, " (PORT + 25, for the local mailbox)")):
            if problem := port_problem(port):
                raise Ended(1, f"Port {port}{purpose} {problem}: choose another with PORT={settings.PORT + 1} make run.")

    def run(self) -> None:
        """Start the children in an order in which each finds what it needs. Leaves by Ended only."""
        self.start("local mailbox", "mailbox", "--port", str(self.mailbox_port))
        self.start("web server", "runserver", f"127.0.0.1:{settings.PORT}", "--noreload", stdout=subprocess.DEVNULL)
        self.wait(lambda: is_listening(self.mailbox_port) and is_heed(settings.PORT), seconds=READY_SECONDS)
        self.start("worker", "worker")
        step = STEP_WITH_DEMO if self.login == DEMO_LOGIN_SHOWN else STEP_WITHOUT
        self.stdout.write(FIRST_STEPS.format(url=f"http://localhost:{settings.PORT}", login=self.login, step=step))
        self.stdout.flush()
        self.wait(lambda: False)

    def start(self, name: str, *arguments: str, stdout: int | None = None) -> None:
        """Start one command of manage.py, in a session of its own: Ctrl-C reaches us alone, and we end the children in peace."""
        self.children[name] = subprocess.Popen(  # noqa: S603 (commands of our own)
            [sys.executable, settings.ROOT / "manage.py", *arguments],
            env=os.environ | {"DEBUG": "1", "PORT": str(settings.PORT), "EMAIL_URL": f"smtp://127.0.0.1:{self.mailbox_port}"},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            start_new_session=True,
        )

    def wait(self, condition: Callable[[], bool], *, seconds: float = float("inf")) -> None:
        """Return when the condition holds. Raises Ended on a signal, when a child has ended or after so many seconds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.asked_to_end.wait(0.1):
                raise Ended
            for name, child in self.children.items():
                if (code := child.poll()) is not None:
                    raise Ended(code if code > 0 else 1, f"The {name} ended by itself (code {code}), so everything was ended.")
            if time.monotonic() > deadline:
                raise Ended(1, f"The web server did not answer at port {settings.PORT} within {seconds:.0f} seconds.")

    def end_children(self) -> None:
        """Ask all at once, in the end without asking. Whatever the worker was doing, its next start goes on from there."""
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            child.terminate()
        for child in self.children.values():
            try:
                child.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_end.set()


def prepare_database() -> str:
    """Migrate, and on the first start load the demo data and make the first operator, or neither. Returns how to log in."""
    settings.VAR.mkdir(exist_ok=True)
    call_command("migrate", verbosity=0, interactive=False)
    operators = get_user_model()._default_manager
    if not operators.exists():
        username, password = DEMO_LOGIN if with_demo() else ("operator", secrets.token_urlsafe(12))
        with transaction.atomic():
            operators.create_superuser(username, password=password)
            if with_demo():
                call_command("demo")
        return f"{username} / {password}" + ("" if with_demo() else " (shown only now)")
    demo = operators.filter(username=DEMO_LOGIN[0], is_active=True).first()
    if demo and demo.check_password(DEMO_LOGIN[1]):
        return DEMO_LOGIN_SHOWN
    return f"as before (forgotten: {sys.executable} manage.py changepassword {operators.earliest('pk').get_username()})"


def with_demo() -> bool:
    return os.environ.get("DEMO") != "0"


def port_problem(port: int) -> str:
    """Why this port cannot be ours, "" if it can. Both addresses of localhost count: a browser may try either."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.create_server((address, port), family=family):
                pass
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is in use"
            if family == socket.AF_INET:
                return f"cannot be used ({error.strerror})"
    return ""


def is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def is_heed(port: int) -> bool:
    """Does the local mailbox answer on this port? That no other web server does."""
    connection = http.client.HTTPConnection("localhost", port, timeout=5)
    try:
        connection.request("GET", "/mailbox/")
        answer = connection.getresponse()
        return answer.status == 200 and b"Heed</title>" in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
