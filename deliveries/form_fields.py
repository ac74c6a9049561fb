"""What the forms of contents share: merge fields that are understood, and pictures that we take."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import merging
from landingpages import media


def checked(source: str, *, html: bool = False) -> str:
    """The text, if Liquid understands it and every merge field exists; the message says which line it does not."""
    try:
        unknown = merging.compile_text(source, html=html).unknown
    except merging.InvalidTemplate as error:
        raise forms.ValidationError(_("There is a mistake in the merge fields: %(why)s") % {"why": error}) from error
    if unknown:
        raise forms.ValidationError(_("There is no merge field “%(name)s”.") % {"name": ", ".join(unknown)})
    return source


class PictureField(forms.FileField):
    """A picture for our own media, or nothing; what is refused says why."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Picture"), required=False, help_text=media.HELP, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> UploadedFile | None:
        upload: UploadedFile | None = super().clean(data, initial)
        if upload:
            try:
                media.read(upload)
            except media.Refused as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return upload
