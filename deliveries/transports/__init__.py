"""How a message leaves Heed: one module per way, chosen by channel, replaceable by setting."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings
from django.utils.module_loading import import_string

from profiles.channels import Channel


@dataclass(frozen=True)
class Outgoing:
    """A finished message: where it goes, where failures come back to, and its bytes."""

    address: str
    return_path: str
    data: bytes


class Result(Enum):
    SENT = "sent"  # the server took responsibility
    REFUSED = "refused"  # for good
    DEFERRED = "deferred"  # not now
    WITHHELD = "withheld"  # consent read at the last moment said no; nothing was handed over
    UNKNOWN = "unknown"  # the connection broke after the last byte: perhaps sent


@dataclass(frozen=True)
class Outcome:
    """What became of one message. `text` is the server's answer, or why it was withheld."""

    result: Result
    code: int | None = None
    text: str = ""
    provider_id: str = ""


class TransportUnavailable(Exception):
    """No message can leave: the server is away or refuses us. With `permanent`, trying again will not help."""

    def __init__(self, text: str, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


# Reads consent afresh and holds it until the block ends; gives "" to go on, else the reason to withhold.
Permission = Callable[[], AbstractContextManager[str]]


class Session(Protocol):
    """A connection that hands over message after message."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def hand_over(self, message: Outgoing, permission: Permission) -> Outcome:
        """Go as far as can be taken back, ask for permission, and only inside it pass the point of no return."""
        ...


def open_session(channel: Channel) -> Session:
    """A session of the channel's transport, as the TRANSPORTS setting names it; it connects when first used."""
    session: Session = import_string(settings.TRANSPORTS[channel.value])()
    return session
