"""The SMTP server of the local mailbox: takes every mail, sends none on."""

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.mailbox import store

TIDY_AFTER = 500  # mails


class Storing:
    """Answers 250 when the mail is on disk."""

    def __init__(self) -> None:
        self.received = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (name given by aiosmtpd)
        try:
            store.save(envelope.original_content or b"", sender=envelope.mail_from or "", recipients=envelope.rcpt_tos)
        except OSError as error:
            return f"452 4.3.1 {error.strerror}"
        self.received += 1
        if self.received % TIDY_AFTER == 0:
            store.tidy()
        return "250 2.0.0 Kept"


def controller(port: int) -> Controller:
    """A server on this machine's own address; start() raises OSError when the port is taken."""
    return Controller(Storing(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, ident="Heed mailbox")
