"""Was the ledger rewritten past its guard? Every event is compared with its seal, every batch with the chain.

Reads only, while others write: what is sealed later than the check began is not looked at. Memory does not grow with the
ledger, but for eight bytes per erased event.
"""

import hmac
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles import sealing, serialising
from profiles.models import ConsentEvent, Erasing, Seal, SealedBatch

LATEST = timedelta(minutes=5)  # an event that is not sealed by then is a fault: the worker seals within a minute
MOST = 1_000  # sentences; where more is wrong, so is something else, such as the key
LOWEST = -(2**63)  # below every id
NAMED = 20  # events that one sentence names
Row = tuple[int, bytes | None, bytes | None]  # id, the event as bytes, its seal; None where there is none
Progress = Callable[[int], None]


def faults(
    using: str = DEFAULT_DB_ALIAS, *, progress: Progress = lambda event_id: None, noted: list[tuple[int, str]] | None = None
) -> Iterator[str]:
    """One sentence per fault: an altered, removed or inserted event, a batch out of the chain, an event left unsealed.

    `progress` is told the highest id checked. `noted` are (number, code) of batches that somebody wrote down earlier:
    cutting off the end of the ledger together with its seals leaves no other trace. After 1,000 sentences it gives up.
    """
    for told, sentence in enumerate(_faults(using, progress, noted or [])):
        if told == MOST:
            yield _("The check of the seals ends here, after %(most)s faults. Is SUPPRESSION_KEY as it was?") % {"most": MOST}
            return
        yield sentence


def noted_form(batch: SealedBatch) -> str:
    """A batch as people note it down, such as 12:9f2ab4c66d01e87a; `faults(noted=…)` finds it again."""
    return f"{batch.number}:{bytes(batch.mac).hex()[:16]}"


def _faults(using: str, progress: Progress, noted: list[tuple[int, str]]) -> Iterator[str]:
    last = SealedBatch.objects.using(using).order_by("-number").first()
    missing = array("q")
    if last:
        yield from _Walk(using, last, missing, progress).faults()
    yield from _seals_of_no_batch(using)
    yield from _removed(using, missing)
    yield from _left_unsealed(using)
    yield from _not_as_noted(using, noted)


class _Walk:
    """Through events, seals and batches at once, each in the order of its ids."""

    def __init__(self, using: str, last: SealedBatch, missing: "array[int]", progress: Progress) -> None:
        self.using, self.last, self.missing, self.progress = using, last, missing, progress
        events = serialising.events(connections[using], after=LOWEST, upto=last.last_event_id)
        self.rows = _merged(events, _seals(using, upto=last.last_event_id))
        self.row: Row | None = next(self.rows, None)
        self.code = sealing.event_code()
        self.told: list[str] = []

    def faults(self) -> Iterator[str]:
        number, before = 0, b""
        batches = SealedBatch.objects.using(self.using).filter(number__lte=self.last.number)
        for batch in batches.order_by("number").iterator(chunk_size=1000):
            if batch.number != number + 1:
                yield _("The chain of batches is broken: batch %(before)s is followed by batch %(number)s.") % {
                    "before": number,
                    "number": batch.number,
                }
            yield from self._batch(batch, before)
            number, before = batch.number, bytes(batch.mac)
            self.progress(batch.last_event_id)

    def _batch(self, batch: SealedBatch, before: bytes) -> Iterator[str]:
        self.without: list[int] = []  # ids between those that have a seal, where the batch lacks some
        self.seals, self.reached = 0, batch.first_event_id - 1
        mac = sealing.batch_mac(batch, self._seals_upto(batch.last_event_id), before=before)
        told, self.told = self.told, []
        yield from told
        if hmac.compare_digest(mac, bytes(batch.mac)):
            return
        facts = {"number": batch.number, "first": batch.first_event_id, "last": batch.last_event_id}
        yield (_("Batch %(number)s (events %(first)s to %(last)s) is not as it was sealed.") % facts)
        if self.seals < batch.count:
            self._pass_over(batch.last_event_id + 1)
            ids = ", ".join(map(str, self.without)) or "?"
            yield _("It had %(count)s seals and has %(seals)s. Gone with their seals, as far as can be told: %(ids)s.") % {
                "count": batch.count,
                "seals": self.seals,
                "ids": ids,
            }

    def _seals_upto(self, upto: int) -> Iterator[tuple[int, bytes]]:
        """The seals of a batch as they are stored; looks at their events on the way."""
        while self.row and self.row[0] <= upto:
            event_id, text, seal = self.row
            if seal is None:
                self.told.append(self._name(_("Event %(event)s of profile %(profile)s was inserted: it has no seal."), event_id))
            elif text is None:
                self.missing.append(event_id)
            elif self.code(text) != seal:
                self.told.append(
                    self._name(_("Event %(event)s of profile %(profile)s was altered: it does not match its seal."), event_id)
                )
            if seal is not None:
                self.seals += 1
                self._pass_over(event_id)
                yield event_id, seal
            self.row = next(self.rows, None)

    def _pass_over(self, event_id: int) -> None:
        """Remember the first ids between the seal before and this one."""
        if event_id > self.reached + 1:
            self.without += range(self.reached + 1, event_id)[: NAMED - len(self.without)]
        self.reached = max(self.reached, event_id)

    def _name(self, sentence: str, event_id: int) -> str:
        profile = ConsentEvent.objects.using(self.using).filter(pk=event_id).values_list("profile_id", flat=True).first()
        return sentence % {"event": event_id, "profile": profile}


def _merged(events: Iterator[tuple[int, bytes]], seals: Iterator[tuple[int, bytes]]) -> Iterator[Row]:
    """Both by id, side by side where they meet."""
    event, seal = next(events, None), next(seals, None)
    while event or seal:
        if event and seal and event[0] == seal[0]:
            yield event[0], event[1], seal[1]
            event, seal = next(events, None), next(seals, None)
        elif event and (not seal or event[0] < seal[0]):
            yield event[0], event[1], None
            event = next(events, None)
        elif seal:
            yield seal[0], None, seal[1]
            seal = next(seals, None)


def _seals(using: str, *, upto: int) -> Iterator[tuple[int, bytes]]:
    after = LOWEST
    rows = Seal.objects.using(using).filter(event_id__lte=upto).order_by("event_id").values_list("event_id", "mac")
    while page := rows.filter(event_id__gt=after)[: serialising.PAGE]:
        for event_id, mac in page:
            yield event_id, bytes(mac)
        after = page[len(page) - 1][0]


def _seals_of_no_batch(using: str) -> Iterator[str]:
    """Seals behind the last batch; those before it belong to the range of one."""
    last = SealedBatch.objects.using(using).aggregate(last=Max("last_event_id"))["last"] or 0
    first = Seal.objects.using(using).filter(event_id__gt=last).aggregate(first=Min("event_id"))["first"]
    # The sealer may have closed a batch between the two questions.
    if first is not None and not SealedBatch.objects.using(using).filter(last_event_id__gte=first).exists():
        yield _("The chain of batches is cut off: the seal of event %(event)s belongs to no batch.") % {"event": first}


def _removed(using: str, missing: "array[int]") -> Iterator[str]:
    """Sealed events that are gone, unless a genuine record of an erasure names them."""
    explained = bytearray(len(missing))
    for erasing in Erasing.objects.using(using).order_by("pk").iterator(chunk_size=1000):
        if not sealing.is_genuine(erasing):
            yield _("The record of the erasure of profile %(profile)s is not genuine.") % {"profile": erasing.profile_id}
            continue
        for event_id in erasing.event_ids:
            place = bisect_left(missing, event_id)
            if place < len(missing) and missing[place] == event_id:
                explained[place] = True
    for event_id, known in zip(missing, explained, strict=True):
        if not known:
            batch = SealedBatch.objects.using(using).filter(last_event_id__gte=event_id).order_by("last_event_id").first()
            yield _("Event %(event)s was removed: batch %(batch)s of %(at)s has its seal, and no erasure names it.") % {
                "event": event_id,
                "batch": batch and batch.number,
                "at": batch and date_format(timezone.localtime(batch.at), "DATETIME_FORMAT"),
            }


def _left_unsealed(using: str) -> Iterator[str]:
    last = SealedBatch.objects.using(using).aggregate(last=Max("last_event_id"))["last"] or 0
    late = ConsentEvent.objects.using(using).filter(pk__gt=last, at__lt=timezone.now() - LATEST)
    if count := late.count():
        yield ngettext(
            "%(count)s event older than 5 minutes is not sealed, from event %(first)s on: is a worker running?",
            "%(count)s events older than 5 minutes are not sealed, from event %(first)s on: is a worker running?",
            count,
        ) % {"count": count, "first": late.aggregate(first=Min("pk"))["first"]}


def _not_as_noted(using: str, noted: list[tuple[int, str]]) -> Iterator[str]:
    for number, code in noted:
        batch = SealedBatch.objects.using(using).filter(number=number).first()
        if batch is None or not bytes(batch.mac).hex().startswith(code.lower()):
            yield _("Batch %(number)s is not the one that was noted: the ledger was cut off and sealed anew.") % {
                "number": number
            }
