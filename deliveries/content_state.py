"""How the editor shows a content: the chosen block, and as whom and how wide the preview is. Kept in the address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries.models import TestProfile
from landingpages.builder_state import SCHEMES, WIDTHS
from profiles.models import Profile

SETTINGS = "settings"  # the id of the heading above the settings of the chosen block
NAMES = ("block", "width", "scheme", "person")
NOBODY = "nobody"
PARTS = {"html": gettext_lazy("HTML"), "text": gettext_lazy("Text"), "headers": gettext_lazy("Headers")}


@dataclass(frozen=True)
class ContentState:
    """`person` is NOBODY, "test-" and the id of a test profile, or "profile-" and the id of a profile."""

    block: str = ""
    width: str = "phone"
    scheme: str = "light"
    person: str = NOBODY
    part: str = "html"

    @classmethod
    def read(cls, data: Mapping[str, str], *, width: str = "phone") -> "ContentState":
        """What the request shows, with a default for whatever it does not or cannot mean."""
        kind, _dash, number = data.get("person", "")[:26].partition("-")
        is_known = kind in ("test", "profile") and number.isdecimal() and len(number) < 19
        return cls(
            block=data.get("block", "")[:36],
            width=_one_of(WIDTHS, data.get("width"), width),
            scheme=_one_of(SCHEMES, data.get("scheme"), "light"),
            person=f"{kind}-{number}" if is_known else NOBODY,
            part=_one_of(PARTS, data.get("part"), "html"),
        )

    def pressed(self, data: Mapping[str, str]) -> tuple["ContentState", str]:
        """The state that the pressed button asks for, and the id of the element that has the focus then."""
        wanted = {name: data[f"to_{name}"] for name in NAMES if data.get(f"to_{name}")}
        focus = next((SETTINGS if name == "block" else f"{name}-{value}" for name, value in wanted.items()), "")
        return ContentState.read({**asdict(self), **wanted}), focus

    def address(self, path: str, focus: str = "") -> str:
        """The page in this state with the focus on an element: by the fragment, or by our script."""
        shown = {name: value for name, value in (asdict(self) | {"focus": focus}).items() if value}
        return f"{path}?{urlencode(shown)}" + (f"#{focus}" if focus else "")


def _one_of(known: Mapping[str, object], wanted: str | None, default: str) -> str:
    return wanted if wanted in known else default  # type: ignore[return-value]


@dataclass(frozen=True)
class Person:
    """Whom a content is shown to: a profile that may not be stored, the address, and what we call her."""

    profile: Profile
    address: str
    name: str
    is_nobody: bool = False


def person(request: HttpRequest, state: ContentState) -> Person:
    """Whom the state names, for operators who may see profiles; otherwise somebody of whom nothing is known."""
    kind, _dash, number = state.person.partition("-")
    if kind == "profile" and request.user.has_perm("profiles.view_profile"):
        profile = Profile.objects.filter(pk=int(number)).first()
        if profile:
            return Person(profile, profile.email, str(profile))
    if kind == "test":
        test = TestProfile.objects.filter(pk=int(number)).first()
        if test:
            return as_person(test)
    return Person(Profile(), "", _("somebody of whom nothing is known"), is_nobody=True)


# What a test profile and a profile have in common.
COMMON = (
    "email", "mobile", "title", "first_name", "last_name", "gender", "birth_date", "preferred_language", "email_format",
    "street", "postal_code", "city", "country",
)  # fmt: skip


def as_person(test: TestProfile) -> Person:
    """A test profile in the place of a profile."""
    return Person(Profile(**{name: getattr(test, name) for name in COMMON}), test.email, test.label)
