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
REFUSALS = range(400, 600)
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
        """MAIL, RCPT, consent, DATA. A refused permission costs a RSET and nothing else.

        A connection that breaks after MAIL puts off this message alone: it may be the message that breaks it.
        """
        if not message.address.isascii() and not self._connected().has_extn("smtputf8"):
            return Outcome(Result.REFUSED, text="the mail server takes no letters beyond ASCII before the @")
        connection = self._begin(message)
        try:
            reply = connection.rcpt(message.address)
            if reply[0] not in (250, 251):
                return self._after_refusal(connection, reply)
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
            connection.send(LEADING_DOT.sub(b"..", message.data))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome(Result.DEFERRED, text=_reason(error))
        return self._end(connection)

    def close(self) -> None:
        if self.connection is not None:
            try:
                self.connection.quit()
            except (OSError, smtplib.SMTPException):
                self.connection.close()
            self.connection = None

    def _drop(self) -> None:
        """Without QUIT: nobody listens any more, or the server would take it for a line of the message."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _begin(self, message: Outgoing) -> smtplib.SMTP:
        """MAIL; a server that ended the connection since the last message is called again. A refusal is never the
        recipient's (reliability S2)."""
        is_new = self.connection is None
        connection = self._connected()
        options = () if message.address.isascii() else ("SMTPUTF8",)
        connection.command_encoding = "utf-8" if options else "ascii"
        try:
            code, text = connection.mail(message.return_path, options)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            if not is_new:
                return self._begin(message)
            raise TransportUnavailable(_reason(error)) from error
        if code == 250:
            return connection
        self.close()
        if code == 421 and not is_new:
            return self._begin(message)
        raise TransportUnavailable(f"MAIL: {code} {_text(text)}", permanent=code >= 500)

    def _end(self, connection: smtplib.SMTP) -> Outcome:
        """The final dot and its answer: without one nobody knows whether the message was sent."""
        try:
            if connection.sock:
                connection.sock.settimeout(settings.SMTP_DOT_TIMEOUT_SECONDS)
            connection.send(b".\r\n")
            code, text = connection.getreply()
            if connection.sock:
                connection.sock.settimeout(settings.SMTP_TIMEOUT_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome(Result.UNKNOWN, text=_reason(error))
        if code == 250:
            return Outcome(Result.SENT, 250, provider_id=_text(text)[:100])
        if code in REFUSALS:
            return self._after_refusal(connection, (code, text))
        self._drop()
        return Outcome(Result.UNKNOWN, text=f"{code} {_text(text)}")

    def _after_refusal(self, connection: smtplib.SMTP, reply: Reply) -> Outcome:
        code, text = reply
        if code not in REFUSALS:
            # Nobody knows what this answers, nor what the next line would.
            self._drop()
            return Outcome(Result.DEFERRED, text=f"{code} {_text(text)}")
        if code == 421:
            self.close()
            return Outcome(Result.DEFERRED, text=f"421 {_text(text)}")  # the server leaves; it says nothing about the address
        self._reset(connection)
        result = Result.REFUSED if code >= 500 else Result.DEFERRED
        return Outcome(result, code, _text(text))

    def _reset(self, connection: smtplib.SMTP) -> None:
        """Forget the transaction; a server that cannot is left, the outcome stands all the same."""
        try:
            connection.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _connected(self) -> smtplib.SMTP:
        if self.connection is None:
            try:
                self.connection = self._connect()
            except smtplib.SMTPAuthenticationError as error:
                # Without the server's text: some repeat what they were sent.
                raise TransportUnavailable(f"login: {error.smtp_code}", permanent=error.smtp_code >= 500) from None
            except smtplib.SMTPResponseException as error:
                raise TransportUnavailable(_reason(error), permanent=error.smtp_code >= 500) from error
            except ssl.SSLCertVerificationError as error:
                raise TransportUnavailable(f"TLS: {error.verify_message}", permanent=True) from error
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
    """One line of printable characters: it goes into tables and logs."""
    text = reply.decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:500]


def _reason(error: Exception) -> str:
    """What went wrong, without anything secret: passwords are never part of these errors."""
    if isinstance(error, socket.gaierror | ConnectionRefusedError | TimeoutError):
        return f"cannot reach the mail server: {error.strerror or error}"
    if isinstance(error, smtplib.SMTPResponseException):
        return (
            f"{error.smtp_code} {_text(error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode())}"
        )
    return f"{type(error).__name__}: {error}"
