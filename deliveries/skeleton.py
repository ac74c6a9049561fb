"""What a new delivery starts with: a plain, responsive content that has all that the law asks for."""

from typing import Any

from django.utils.translation import gettext as _

HTML = """\
<!doctype html>
<html>
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
</head>
<body style="margin: 0; padding: 24px 16px; font: 16px/1.6 Arial, Helvetica, sans-serif;">
  <div style="max-width: 560px; margin: 0 auto;">
    <p>{greeting}</p>
    <p>{body}</p>
    <p style="margin-top: 40px; padding-top: 16px; border-top: 1px solid #999; font-size: 14px;">
      {{{{ sender.name }}}} · {{{{ sender.postal_address }}}}<br>
      <a href="{{{{ unsubscribe_url }}}}">{unsubscribe}</a>
    </p>
  </div>
</body>
</html>
"""


def content() -> dict[str, Any]:
    """The first HTML of a delivery, in the operator's language."""
    greeting = _("Hello {{ profile.first_name | default: “you” }},").replace("“", '"').replace("”", '"')
    html = HTML.format(greeting=greeting, body=_("Write here what you have to say."), unsubscribe=_("Unsubscribe"))
    return {"html": html}
