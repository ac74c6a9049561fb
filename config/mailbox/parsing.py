"""What a mail says, for reading. Broken mails are read as far as they go: nothing here raises."""

import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from functools import cached_property
from typing import TypeVar

from django.utils import timezone

from config.mailbox import store

T = TypeVar("T")
WEB_ADDRESS = re.compile(r"<\s*(https?://[^<>]+)>", re.IGNORECASE)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


class Mail:
    """A stored mail as a person reads it."""

    def __init__(self, stored: store.StoredMail) -> None:
        self.key = stored.key
        self.sender = _readable(stored.sender)
        self.recipients = _readable(", ".join(stored.recipients))
        self.received_at: datetime = stored.received_at
        self.content = stored.content

    @property
    def is_from_today(self) -> bool:
        return timezone.localdate(self.received_at) == timezone.localdate()

    @property
    def raw(self) -> str:
        return self.content.decode("utf-8", "replace")

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """Name and value as received, but unfolded, in their order."""
        return [(name, re.sub(r"[\r\n]+", "", _readable(value))) for name, value in self._message.raw_items()]

    @property
    def subject(self) -> str:
        return self._header("Subject")

    @property
    def from_line(self) -> str:
        return self._header("From")

    @cached_property
    def html(self) -> str:
        return self._body("html")

    @cached_property
    def text(self) -> str:
        return self._body("plain")

    @property
    def page(self) -> str:
        """The HTML with links that open in a tab of their own: inside the frame they could not be followed."""
        base = '<base target="_blank">'
        page, found = HEAD.subn(lambda head: head[0] + base, self.html, count=1)
        return page if found else base + page

    @property
    def one_click_url(self) -> str:
        """Where a mail client posts "unsubscribe" (RFC 8058); "" when it would not offer that."""
        if self._as_received("List-Unsubscribe-Post").strip().casefold() != "list-unsubscribe=one-click":
            return ""
        found = WEB_ADDRESS.search(self._as_received("List-Unsubscribe"))
        return re.sub(r"\s", "", found[1]) if found else ""

    @cached_property
    def _message(self) -> EmailMessage:
        return _attempt(lambda: message_from_bytes(self.content, policy=policy.default), EmailMessage())

    def _header(self, name: str) -> str:
        """The first header of this name, decoded; "" without one."""
        value = self._as_received(name)
        return _attempt(lambda: _readable(str(make_header(decode_header(value)))), value)

    def _as_received(self, name: str) -> str:
        return next((value for given, value in self.headers if given.casefold() == name.casefold()), "")

    def _body(self, kind: str) -> str:
        part = _attempt(lambda: self._message.get_body((kind,)), None)
        if part is None:
            return ""
        return _attempt(lambda: _readable(part.get_content()), _attempt(lambda: _decoded(part), ""))


def _decoded(part: MIMEPart) -> str:
    """The body of a part with an unknown or wrong charset."""
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _readable(text: str) -> str:
    """Without the surrogates by which Python carries undecodable bytes: they could not be sent to a browser."""
    return _attempt(lambda: text.encode("utf-8", "surrogateescape"), text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _attempt(read: Callable[[], T], otherwise: T) -> T:
    """What `read` answers, or `otherwise`: on broken mails the email package raises almost anything."""
    try:
        return read()
    except Exception:
        return otherwise
