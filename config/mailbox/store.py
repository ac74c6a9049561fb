"""The mails that left over SMTP on this machine: one file each, first line the envelope, then the bytes as received."""

import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from django.conf import settings

KEY = re.compile(r"\d{20}-[0-9a-f]{8}")  # nanoseconds since 1970, so that names sort by age
ENVELOPE = b"X-Envelope: "
KEPT = 20_000


class MailNotFound(LookupError):
    """No mail has this key."""


@dataclass(frozen=True)
class StoredMail:
    """What SMTP said (MAIL FROM, RCPT TO, when) and the bytes that came after DATA."""

    key: str
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    content: bytes


def save(content: bytes, *, sender: str, recipients: list[str]) -> str:
    """Keep one mail; return its key. A crash leaves the whole file or none; a power cut may cost the last seconds."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    key = f"{time.time_ns():020}-{secrets.token_hex(4)}"
    envelope = json.dumps({"from": sender, "to": recipients}).encode()
    unfinished = folder / f"{key}.tmp"
    unfinished.write_bytes(ENVELOPE + envelope + b"\r\n" + content)
    unfinished.rename(folder / f"{key}.eml")
    return key


def keys() -> list[str]:
    """Every key, newest first."""
    return sorted((path.stem for path in _folder().glob("*.eml") if KEY.fullmatch(path.stem)), reverse=True)


def search(text: str) -> list[str]:
    """Keys of the mails with a recipient that contains the text, newest first."""
    wanted = text.casefold()
    return [key for key in keys() if any(wanted in recipient.casefold() for recipient in _recipients(key))]


def load(key: str) -> StoredMail:
    """The mail with this key. Raises MailNotFound, also for anything that is no key, such as a path."""
    if not KEY.fullmatch(key):
        raise MailNotFound(key)
    try:
        first, _newline, content = (_folder() / f"{key}.eml").read_bytes().partition(b"\r\n")
    except FileNotFoundError as error:
        raise MailNotFound(key) from error
    envelope = _envelope(first)
    received_at = datetime.fromtimestamp(int(key[:20]) / 1e9, UTC)
    return StoredMail(key, envelope["from"], tuple(envelope["to"]), received_at, content)


def tidy(keep: int = KEPT) -> None:
    """Remove all but the newest mails, and what a crash left unfinished. Only while nothing is being saved."""
    for unfinished in _folder().glob("*.tmp"):
        unfinished.unlink(missing_ok=True)
    for key in keys()[keep:]:
        (_folder() / f"{key}.eml").unlink(missing_ok=True)


def _folder() -> Path:
    return cast(Path, settings.LOCAL_MAILBOX)


def _recipients(key: str) -> list[str]:
    with suppress(FileNotFoundError), (_folder() / f"{key}.eml").open("rb") as file:
        return _envelope(file.readline())["to"]
    return []


def _envelope(line: bytes) -> dict:
    """Of a file that a power cut left empty: nobody."""
    try:
        return json.loads(line.removeprefix(ENVELOPE))
    except ValueError:
        return {"from": "", "to": []}
