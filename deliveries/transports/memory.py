"""A transport that keeps messages in this process: for tests, and for channels whose gateway comes later."""

from types import TracebackType
from typing import Self

from deliveries.transports import Outcome, Outgoing, Permission, Result

outbox: list[Outgoing] = []


class MemorySession:
    """Hands over by appending to `outbox`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def hand_over(self, message: Outgoing, permission: Permission) -> Outcome:
        with permission() as refusal:
            if refusal:
                return Outcome(Result.WITHHELD, text=refusal)
            outbox.append(message)
        return Outcome(Result.SENT, provider_id=str(len(outbox)))
