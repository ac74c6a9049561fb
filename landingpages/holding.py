"""What a person sent by landing pages."""

import uuid

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.models import Submission, SubmissionStatus
from landingpages.recording import FRESH_LINK_FOR
from landingpages.submission import ADDRESSES
from profiles import holders
from profiles.channels import Channel
from profiles.holders import Addresses, Holder, Person, Row
from profiles.models import Profile

WAITING = (SubmissionStatus.RECEIVED, SubmissionStatus.PENDING)  # for the worker, and for a confirmation


class SubmissionHolder(Holder):
    """Submissions that led to her, and those with an address that is hers alone."""

    key = "submissions"
    label = gettext_lazy("Submissions of landing pages")
    models = (Submission,)
    on_erasure = gettext_lazy("emptied: that something was sent stays counted")

    def addresses(self, person: Person) -> Addresses:
        # With a link a new address is typed that is nobody's until it answers.
        sent = Submission.objects.filter(profile_id__in=person.ids, status=SubmissionStatus.APPLIED, is_identified=False)
        pairs = [
            (channel, data.get(channel.address_field))
            for data in sent.values_list("data", flat=True)
            for channel in Channel.addressed()
        ]
        return {(channel, address) for channel, address in pairs if isinstance(address, str) and address}

    def count(self, person: Person) -> int:
        return _hers(person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Received"): one.received_at,
                _("Page"): str(one.version),
                _("Kind"): one.get_kind_display(),
                _("Sent"): one.data,
                _("Changed"): one.changed,
                _("Status"): one.get_status_display(),
                _("Detail"): one.detail,
                _("Network"): one.ip,
            }
            for one in _hers(person).select_related("version").order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        """That something was sent stays counted for the page; one that nothing came of yet goes altogether."""
        found = _hers(person)
        waiting, _per_model = found.filter(status__in=WAITING).delete()
        nobodys = {"profile_id": None, "confirmation_id": None, "request_id": uuid.UUID(int=0)}
        return waiting + found.update(data={}, changed=[], detail="", ip="", **nobodys)

    def move(self, loser: Profile, winner: Profile) -> None:
        Submission.objects.filter(profile_id=loser.pk).update(profile_id=winner.pk)


def _hers(person: Person) -> QuerySet[Submission]:
    typed = holders.in_json("data", [*ADDRESSES, FRESH_LINK_FOR], {address for _channel, address in person.own})
    return Submission.objects.filter(Q(profile_id__in=person.ids) | typed)
