"""What the forms of the builder share."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.wasshown import remember

By = AbstractUser | str
BEHAVIOURS = [("yes", gettext_lazy("check to subscribe")), ("no", gettext_lazy("check to unsubscribe"))]
WORDINGS = [("yes", gettext_lazy("ticked = receives")), ("no", gettext_lazy("ticked = stops"))]
CHARACTERS = {"label": 300, "help": 500, "message": 300, "lines": 5000, "html": 10_000}


def languages() -> list[tuple[str, str]]:
    """The languages of pages, by their names in the operator's language."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


class ShownForm(forms.Form):
    """A form that carries what it showed: unchanged means as it was shown, whatever is stored by now."""

    def settle(self) -> None:
        """Once all fields are there."""
        for field in self.fields.values():
            if not isinstance(field, forms.FileField):
                remember(field)


def rich_text(code: str) -> forms.Textarea:
    """A textarea that becomes an editor where scripts run; it brings the words on the buttons."""
    words = {
        "bold": _("Bold"),
        "italic": _("Italic"),
        "heading": _("Heading"),
        "list": _("List"),
        "link": _("Link"),
        "unlink": _("Remove the link"),
        "source": "HTML",
        "ask": _("Where the link leads: an address of the type https, http, mailto or tel, or %(page)s for a landing page")
        % {"page": "page:12"},
    }
    return forms.Textarea(attrs={"lang": code, "rows": 8, "data-rich-text": json.dumps(words, ensure_ascii=False)})


def by_language(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """{"label_en": "Name"} as {"en": {"label": "Name"}}."""
    return {code: {name: data.get(f"{name}_{code}", "") for name in names} for code, _language in languages()}
