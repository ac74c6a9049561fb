"""The log of a delivery: sentences of the catalogue with their values, put into the reader's language when read."""

from dataclasses import dataclass, field
from typing import Any

from deliveries.models import Delivery, Level, PreparationLog


@dataclass(frozen=True)
class Line:
    """What happened. `text` is an English message marked by gettext_noop; `values` are what it names, as JSON."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    level: Level = Level.INFORMATION

    def __str__(self) -> str:
        return PreparationLog(text=self.text, values=self.values).shown


def write(delivery: Delivery, line: Line, *, preparation_id: int | None = None) -> None:
    """Add a line to the delivery's log."""
    PreparationLog.objects.create(
        delivery=delivery, preparation_id=preparation_id, text=line.text, values=line.values, level=line.level
    )
