"""What a new delivery starts with: a plain, responsive content that has all that the law asks for."""

from typing import Any

from django.utils.translation import gettext as _

from deliveries import merging, pagelinks

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
      {links}
    </p>
  </div>
</body>
</html>
"""


LINK = '<a href="{{{{ {field} }}}}">{label}</a>'


def content() -> dict[str, Any]:
    """The first HTML of a delivery in the operator's language, and the default landing pages."""
    pages = pagelinks.defaults()
    links = [LINK.format(field=merging.UNSUBSCRIBE, label=_("Unsubscribe"))]
    if pages["preference_page"]:
        links.insert(0, LINK.format(field="preferences_url", label=_("Your preferences")))
    greeting = _("Hello {{ profile.first_name | default: “you” }},").replace("“", '"').replace("”", '"')
    html = HTML.format(greeting=greeting, body=_("Write here what you have to say."), links=" · ".join(links))
    return {"html": html, **pages}
