"""A real SMTP server for tests: it records what it accepted and can be told to hold or refuse an answer."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


@dataclass
class Accepted:
    """A mail the server took responsibility for."""

    mail_from: str
    to: str
    data: bytes

    @property
    def mail(self):
        return message_from_bytes(self.data, policy=policy.default)


@dataclass
class Sink:
    """Handler of aiosmtpd. `answers` maps an address to the reply to RCPT, `final` to the reply after the dot."""

    accepted: list[Accepted] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    final: dict[str, str] = field(default_factory=dict)
    hold_rcpt: threading.Event = field(default_factory=threading.Event)
    holding: threading.Event = field(default_factory=threading.Event)
    held_address: str = ""

    def __post_init__(self):
        self.hold_rcpt.set()

    @property
    def recipients(self):
        return sorted(one.to for one in self.accepted)

    async def handle_MAIL(self, server, session, envelope, address, mail_options):  # noqa: N802
        self.verbs.append("MAIL")
        if address in self.answers:
            return self.answers[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        self.verbs.append(f"RCPT {address}")
        if address == self.held_address:
            self.holding.set()
            while not self.hold_rcpt.is_set():
                await asyncio.sleep(0.005)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_RSET(self, server, session, envelope):  # noqa: N802
        self.verbs.append("RSET")
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.verbs.append("DATA")
        to = envelope.rcpt_tos[0]
        answer = self.final.get(to, "250 OK: queued as 4bQ7")
        if answer == "drop":
            self.accepted.append(Accepted(envelope.mail_from, to, bytes(envelope.original_content)))
            server.transport.abort()
            return "250 never heard"
        if answer.startswith("250"):
            self.accepted.append(Accepted(envelope.mail_from, to, bytes(envelope.original_content)))
        return answer


class Server(Controller):
    """The sink on a port of its own."""

    def __init__(self, sink: Sink, **options) -> None:
        super().__init__(sink, hostname="127.0.0.1", port=0, decode_data=False, **options)
        self.sink = sink

    @property
    def bound_port(self) -> int:
        return self.server.sockets[0].getsockname()[1]

    def _trigger_server(self) -> None:
        """aiosmtpd asks the configured port, which is 0 here."""
        with socket.create_connection(("127.0.0.1", self.bound_port), 5) as connection:
            connection.recv(1024)
