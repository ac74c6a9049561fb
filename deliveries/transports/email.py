"""Email over SMTP (RFC 5321), with the consent read between the answer to RCPT and DATA."""

import re
import smtplib
import socket
import ssl
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from deliveries.transports import Outcome, Outgoing, Permission, Result, TransportUnavailable

Reply = tuple[int, bytes]
LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class SmtpSession:
    """One connection to the server of EMAIL_URL, opened for the first message and again after a loss.

    TLS certificates are verified; with a user name, nothing is sent before TLS.
    """

    def __init__(self) -> None:
        self.config: dict[str, Any] = settings.EMAIL_URL
        self.connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def hand_over(self, message: Outgoing, permission: Permission) -> Outcome:
        """MAIL, RCPT, consent, DATA. A refused permission costs a RSET and nothing else."""
        connection = self._connected()
        try:
            refused = self._offer(connection, message)
            if refused:
                return refused
            with permission() as refusal:
                if not refusal:
                    # The DATA line leaves while consent is held: an opt-out is before it or after it, never beside.
                    connection.putcmd("DATA")
            if refusal:
                self._reset(connection)
                return Outcome(Result.WITHHELD, text=refusal)
            reply = connection.getreply()
            if reply[0] != 354:
                return self._after_refusal(connection, reply)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise TransportUnavailable(_reason(error)) from error
        return self._transfer(connection, message.data)

    def close(self) -> None:
        if self.connection is not None:
            try:
                self.connection.quit()
            except (OSError, smtplib.SMTPException):
                self.connection.close()
            self.connection = None

    def _offer(self, connection: smtplib.SMTP, message: Outgoing) -> Outcome | None:
        """MAIL and RCPT; an outcome where the server would not have this recipient."""
        options = () if message.address.isascii() else ("SMTPUTF8",)
        if options and not connection.has_extn("smtputf8"):
            return Outcome(Result.REFUSED, text="the mail server takes no letters beyond ASCII before the @")
        connection.command_encoding = "utf-8" if options else "ascii"
        code, text = connection.mail(message.return_path, options)
        if code != 250:
            self.close()
            # A refused sender is our fault, not the recipient's (reliability S2).
            raise TransportUnavailable(f"MAIL: {code} {_text(text)}", permanent=code >= 500)
        reply = connection.rcpt(message.address)
        return None if reply[0] in (250, 251) else self._after_refusal(connection, reply)

    def _transfer(self, connection: smtplib.SMTP, data: bytes) -> Outcome:
        """The message after 354; its lines end in CRLF. From the final dot on a lost connection leaves the outcome unknown."""
        try:
            connection.send(LEADING_DOT.sub(b"..", data))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise TransportUnavailable(_reason(error)) from error
        try:
            if connection.sock:
                connection.sock.settimeout(settings.SMTP_DOT_TIMEOUT_SECONDS)
            connection.send(b".\r\n")
            reply = connection.getreply()
            if connection.sock:
                connection.sock.settimeout(settings.SMTP_TIMEOUT_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Result.UNKNOWN, text=_reason(error))
        if reply[0] == 250:
            return Outcome(Result.SENT, 250, provider_id=_text(reply[1])[:100])
        return self._after_refusal(connection, reply)

    def _after_refusal(self, connection: smtplib.SMTP, reply: Reply) -> Outcome:
        code, text = reply
        if code == 421:
            self.close()
        else:
            self._reset(connection)
        result = Result.REFUSED if 500 <= code < 600 else Result.DEFERRED
        return Outcome(result, code, _text(text))

    def _reset(self, connection: smtplib.SMTP) -> None:
        """Forget the transaction; a server that cannot is left, the outcome stands all the same."""
        try:
            connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self.connection is None:
            try:
                self.connection = self._connect()
            except smtplib.SMTPAuthenticationError as error:
                raise TransportUnavailable(f"login: {error.smtp_code}", permanent=True) from error
            except ssl.SSLError as error:
                raise TransportUnavailable(f"TLS: {error.reason or error}", permanent=True) from error
            except (OSError, smtplib.SMTPException) as error:
                raise TransportUnavailable(_reason(error)) from error
        return self.connection

    def _connect(self) -> smtplib.SMTP:
        host, port, timeout = self.config["EMAIL_HOST"], self.config["EMAIL_PORT"] or 25, settings.SMTP_TIMEOUT_SECONDS
        context = ssl.create_default_context()
        if self.config.get("EMAIL_USE_SSL"):
            connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
        else:
            connection = smtplib.SMTP(host, port, timeout=timeout)
        try:
            # The final dot is a small packet of its own: without this it waits 40 ms for the server's acknowledgement.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # type: ignore[union-attr]
            if self.config.get("EMAIL_USE_TLS"):
                connection.starttls(context=context)
            self._log_in(connection)
            connection.ehlo_or_helo_if_needed()
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_in(self, connection: smtplib.SMTP) -> None:
        user = self.config.get("EMAIL_HOST_USER")
        if not user:
            return
        if not isinstance(connection.sock, ssl.SSLSocket):
            raise TransportUnavailable("EMAIL_URL has a user name but no TLS: use smtp+tls:// or smtp+ssl://", permanent=True)
        connection.login(user, self.config.get("EMAIL_HOST_PASSWORD") or "")


def _text(reply: bytes) -> str:
    return reply.decode("utf-8", "replace").replace("\n", " ")[:500]


def _reason(error: Exception) -> str:
    """What went wrong, without anything secret: passwords are never part of these errors."""
    if isinstance(error, socket.gaierror | ConnectionRefusedError | TimeoutError):
        return f"cannot reach the mail server: {error.strerror or error}"
    return f"{type(error).__name__}: {error}"
