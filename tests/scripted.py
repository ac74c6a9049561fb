"""An SMTP server that answers from a script, to the byte: what aiosmtpd is too well-behaved to say."""

import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

GOOD = {
    "CONNECT": "220 ready",
    "EHLO": "250-mail.example.org\r\n250 8BITMIME",
    "HELO": "250 mail.example.org",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    ".": "250 2.0.0 queued as 4bQ7",
    "RSET": "250 OK",
    "QUIT": "221 bye",
    "STARTTLS": "220 go on",
    "AUTH": "235 OK",
}
HANG_UP = None


@dataclass
class ScriptedServer:
    """`answers` maps a verb to its answer, or to a list of them for one connection after the other; the last one stays.

    None hangs up. "DATA+" is asked while the body comes in. `verbs` is what was heard, one list per connection.
    """

    answers: dict = field(default_factory=dict)
    certificate: tuple = ()
    implicit: bool = False
    verbs: list = field(default_factory=list)
    bodies: list = field(default_factory=list)

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    @property
    def heard(self):
        return [verb for connection in self.verbs for verb in connection]

    def _listen(self):
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            self.verbs.append([])
            with ExitStack() as stack, suppress(OSError):
                stack.enter_context(connection)
                self._serve(self._wrap(connection, stack) if self.implicit else connection, stack)

    def _wrap(self, connection, stack):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return stack.enter_context(context.wrap_socket(connection, server_side=True))

    def _answer(self, connection, verb):
        answer = self.answers.get(verb, GOOD.get(verb, "502 what?"))
        if isinstance(answer, list):
            answer = answer[min(len(self.verbs), len(answer)) - 1]
        if answer is HANG_UP:
            # A reset, not an orderly end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            raise ConnectionResetError
        connection.sendall(answer.encode("latin-1") + b"\r\n")
        return answer

    def _serve(self, connection, stack):
        self._answer(connection, "CONNECT")
        lines = stack.enter_context(connection.makefile("rb"))
        while line := lines.readline():
            verb = line.split()[0].decode().upper() if line.split() else ""
            self.verbs[-1].append(line.strip().decode() if verb == "AUTH" else verb)
            answer = self._answer(connection, verb)
            if verb == "QUIT" or answer.startswith("421"):
                return
            if verb == "STARTTLS" and answer.startswith("220"):
                lines.close()
                connection = self._wrap(connection, stack)
                lines = stack.enter_context(connection.makefile("rb"))
            if verb == "DATA" and answer.startswith("354"):
                self._body(connection, lines)

    def _body(self, connection, lines):
        body = []
        if "DATA+" in self.answers:
            lines.readline()
            self._answer(connection, "DATA+")
        for line in lines:
            if line == b".\r\n":
                self.bodies.append(b"".join(body))
                self.verbs[-1].append(".")
                self._answer(connection, ".")
                return
            body.append(line)
