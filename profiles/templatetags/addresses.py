"""Addresses in columns: a long one breaks where a reader breaks it, before the @ and after a dot, not within a word."""

import re

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
BREAKS = re.compile(r"(?=@)|(?<=\.)(?=.)")


@register.filter
def breakable(address: object) -> SafeString:
    """The text with places where its line may end; what is copied from the page is the address as it is."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in BREAKS.split(str(address))))
