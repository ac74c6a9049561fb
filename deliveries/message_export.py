"""The exclusion log and the list of those to deliver to as CSV: in constant memory, formulas disarmed."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import explaining
from deliveries.models import Delivery, Message, MessageQuerySet, Preparation
from profiles import aliases
from profiles.channels import Channel
from profiles.disarming import disarm
from profiles.exporting import BYTE_ORDER_MARK, CHUNK_ROWS

Row = list[str]


def _excluded_header() -> Row:
    return [
        _("Profile"),
        _("Heed ID"),
        _("External ID"),
        _("Address"),
        _("Rule"),
        _("Reason"),
        _("Detail"),
        _("Since"),
        _("By"),
    ]


def _excluded(messages: list[Message], channel: Channel) -> Iterator[Row]:
    for line in explaining.explain(messages, channel):
        told = [line.message.address, line.rule, line.text, line.because, _moment(line.since), line.by]
        yield [*_person(line.profile), *told]


def _to_deliver_header() -> Row:
    return [_("Profile"), _("Heed ID"), _("External ID"), _("Address"), _("Status"), _("Reason"), _("Date")]


def _to_deliver(messages: list[Message], channel: Channel) -> Iterator[Row]:
    profiles = aliases.in_bulk([message.profile_id for message in messages])
    for message in messages:
        told = [message.address, str(message.get_status_display()), message.reason_label, _moment(message.ended_at)]
        yield [*_person(profiles.get(message.profile_id)), *told]


@dataclass(frozen=True)
class Content:
    """What a file can hold: its title, what the file is called, its columns, and its rows from some messages."""

    title: Any
    file_name: str
    header: Callable[[], Row]
    rows: Callable[[list[Message], Channel], Iterator[Row]]
    chosen: Callable[[MessageQuerySet], MessageQuerySet]
    number: Callable[[Preparation], int]


CONTENTS = {
    "exclusions": Content(
        gettext_lazy("Export the exclusion log"),
        "exclusions",
        _excluded_header,
        _excluded,
        lambda messages: messages.excluded(),
        lambda preparation: preparation.excluded,
    ),
    "to-deliver": Content(
        gettext_lazy("Export those to deliver to"),
        "to-deliver",
        _to_deliver_header,
        _to_deliver,
        lambda messages: messages.to_deliver(),
        lambda preparation: preparation.to_deliver,
    ),
}


def lines(delivery: Delivery, preparation: Preparation, content: Content, *, delimiter: str) -> Iterator[bytes]:
    """The file in pieces, UTF-8 with its mark, in the order of the profiles' ids."""
    channel = Channel.of(delivery.channel)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    text.write(BYTE_ORDER_MARK)
    writer.writerow([disarm(label) for label in content.header()])
    for some in _pieces(content.chosen(Message.objects.filter(preparation=preparation))):
        for row in content.rows(some, channel):
            writer.writerow([disarm(cell) if cell else "" for cell in row])
        yield _taken(text)
    yield _taken(text)


def _pieces(messages: MessageQuerySet) -> Iterator[list[Message]]:
    """Each piece begins after the last one of the piece before: no cursor stays open, and no row is counted off."""
    ordered = messages.order_by("profile_id")
    some = list(ordered[:CHUNK_ROWS])
    while some:
        yield some
        some = list(ordered.filter(profile_id__gt=some[-1].profile_id)[:CHUNK_ROWS])


def _person(profile: Any) -> Row:
    return [profile.full_name, str(profile.public_id), profile.external_id] if profile else [_("deleted profile"), "", ""]


def _moment(value: Any) -> str:
    return timezone.localtime(value).isoformat(timespec="seconds") if value else ""


def _taken(text: io.StringIO) -> bytes:
    taken = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return taken
