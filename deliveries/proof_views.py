"""The proofs of a delivery: what was sent, and the form that asks for another."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deliveries import controls, harmless, proofing
from deliveries.content import MOST_PROOFS
from deliveries.models import Delivery, Proof, ProofStatus
from deliveries.proof_forms import ProofForm
from deliveries.proofing import ProofRefused
from deliveries.views import crumbs
from profiles import searching
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.models import Profile
from profiles.paging import Paginator

FOUND = 20  # people that a search shows
ROWS = 10  # proofs of one page


@backoffice_view("deliveries.view_proof")
def proofs(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The list refreshes itself while something waits. Whom somebody looks for is posted: it stands in no address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation", "service"), pk=delivery_id)
    if request.method != "POST":
        return _page(request, delivery, ProofForm(delivery))
    if not request.user.has_perm("deliveries.add_proof"):
        raise PermissionDenied(_("You may not send proofs: ask an administrator for the right to do so."))
    form = ProofForm(delivery, request.POST)
    if request.POST.get("do") == "search":
        return _page(request, delivery, form, who=request.POST.get("who", ""))
    if form.is_valid():
        try:
            return _request(request, delivery, form)
        except ProofRefused as refusal:
            form.add_error(None, str(refusal))
    return _page(request, delivery, form, status=422)


def _request(request: HttpRequest, delivery: Delivery, form: ProofForm) -> HttpResponse:
    data = form.cleaned_data
    proof = proofing.request(
        delivery,
        tests=data["tests"],
        substitutions=form.substitutions if _may_see(request) else [],
        prefix=data["begin"].strip(),
        is_numbered=data["is_numbered"],
        key=form.request_key,
        by=operator(request),
    )
    count = proof.mails.count()
    told = ngettext("The proof is on its way to %(count)s address.", "The proof is on its way to %(count)s addresses.", count)
    messages.success(request, told % {"count": count})
    return redirect("deliveries:proofs", delivery.pk)


def _page(request: HttpRequest, delivery: Delivery, form: ProofForm, *, who: str = "", status: int = 200) -> HttpResponse:
    every = Proof.objects.filter(delivery=delivery).prefetch_related("mails").defer("content")
    page = Paginator(every, ROWS).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "delivery": delivery,
        "form": form,
        "is_searching": bool(who) or request.POST.get("do") == "search",
        "who": who,
        "found": _found(request, delivery, who, form.chosen),
        "may_see": _may_see(request),
        "page": page,
        "refreshes": any(mail.status == ProofStatus.WAITING for proof in page for mail in proof.mails.all()),
        "findings": controls.findings(harmless.content_of(delivery)) if not is_fragment(request) else [],
        "most": MOST_PROOFS,
    }
    template = "deliveries/proof_list.html" if is_fragment(request) else "deliveries/proofs.html"
    return render(request, template, title=_("Proofs"), crumbs=crumbs(delivery), status=status, **context)


def _may_see(request: HttpRequest) -> bool:
    return request.user.has_perm("profiles.view_profile")


def _found(request: HttpRequest, delivery: Delivery, who: str, chosen: list[Profile]) -> list[Profile]:
    """Of those whom the preparation delivers to, whom the search finds and who are not chosen yet."""
    text = who.replace("\0", "").strip()
    if not text or not _may_see(request):
        return []
    ids = list(searching.search(Profile.objects.all(), text).values_list("pk", flat=True)[: 10 * FOUND])
    taken = {profile.pk for profile in chosen}
    return [profile for profile in proofing.targeted(delivery.preparation, ids) if profile.pk not in taken][:FOUND]
