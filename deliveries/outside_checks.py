"""Control rules that ask the network."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext_noop as noop

from deliveries import harmless, probing
from deliveries.content import Case, error_line
from deliveries.journal import Line
from deliveries.models import Level
from profiles.links import Purpose, make_token

MARK = b"data-proof"  # what our page for the link of a proof has, and no other server's
UNREACHABLE = noop("The unsubscription link could not be tried: %(url)s does not answer from here (%(why)s).")
WRONG = noop("The unsubscription link does not work: %(url)s answers %(status)s, and not with the page of this installation.")


def unsubscription_answers(case: Case) -> Iterator[Line]:
    """Whether the address that messages carry leads to us, with the keys that sign them (decision 18)."""
    token = make_token(Purpose.PROOF, harmless.NOBODY, delivery=case.content["delivery"])
    try:
        answer = probing.ask(f"{settings.PUBLIC_URL}/u/{token}")
    except probing.Unreachable as error:
        yield Line(UNREACHABLE, {"url": settings.PUBLIC_URL, "why": str(error)[:200]}, Level.WARNING)
        return
    if answer.status != 200 or MARK not in answer.body:
        yield error_line(WRONG, url=settings.PUBLIC_URL, status=str(answer.status))
