"""One row for each thing that a visitor sent and that was taken, with what came of it."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.utils import timezone

from landingpages import jobs
from landingpages.models import PublishedVersion, Submission, SubmissionKind, SubmissionStatus
from profiles import prepared
from profiles.models import Profile

FRESH_LINK_FOR = "fresh_link_for"
_watched: ContextVar[list[Submission] | None] = ContextVar("submissions that are recorded now", default=None)


def receive(version: PublishedVersion, data: dict[str, Any], *, language: str, network: str) -> Submission:
    """Keep what a visitor without a link sent: the same work whoever it is about. The worker does the rest.

    Of a page of several services `data` has the name of one under memberships.SERVICE.
    """
    kind = SubmissionKind.FRESH_LINK if FRESH_LINK_FOR in data else SubmissionKind.FORM
    return _keep(version, data=data, kind=kind, language=language, ip=network)


def record(
    version: PublishedVersion,
    profile: Profile,
    *,
    kind: SubmissionKind,
    language: str,
    network: str,
    request_id: str = "",
    data: dict[str, Any] | None = None,
    status: SubmissionStatus = SubmissionStatus.APPLIED,
    detail: str = "",
    changed: Sequence[str] = (),
) -> Submission:
    """Note what the holder of a genuine link sent and what was done at once; in the transaction that does it."""
    return _keep(
        version,
        kind=kind,
        is_identified=True,
        profile_id=profile.pk,
        data=data if data and jobs.logs_responses(version.content) else {},
        language=language,
        ip=network,
        request_id=uuid.UUID(request_id) if request_id else uuid.uuid4(),
        status=status,
        detail=detail,
        changed=list(changed),
        processed_at=timezone.now(),
    )


@contextmanager
def watched() -> Iterator[list[Submission]]:
    """The submissions that this thread records meanwhile, nobody else's."""
    found: list[Submission] = []
    token = _watched.set(found)
    try:
        yield found
    finally:
        _watched.reset(token)


def _keep(version: PublishedVersion, **values: Any) -> Submission:
    kept = Submission(version=version, page_id=version.page_id, received_at=timezone.now(), **values)
    prepared.insert([kept])
    watching = _watched.get()
    if watching is not None:
        watching.append(kept)
    return kept
