"""Forms of the import pages: the file, and what its columns are."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Field
from django.template.defaultfilters import filesizeformat
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from profiles import columns
from profiles.columns import CUSTOM
from profiles.csvfiles import ENCODINGS
from profiles.models import CustomField, ImportJob, Profile

ENCODING_LABELS = {"utf-8": _("UTF-8"), "windows-1252": _("Windows-1252 (Excel in Western Europe)"), "utf-16": _("UTF-16")}
DELIMITER_LABELS = [(",", _("comma")), (";", _("semicolon")), ("\t", _("tab"))]


class UploadForm(forms.Form):
    file = forms.FileField(label=_("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _("With a header line; at most %(size)s.") % {
            "size": filesizeformat(settings.IMPORT_BYTES)
        }
        self.fields["file"].error_messages["required"] = _(
            "Choose a file of at most %(size)s. A larger one is not accepted: split it."
        ) % {"size": filesizeformat(settings.IMPORT_BYTES)}

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_BYTES:
            raise ValidationError(self.fields["file"].error_messages["required"])
        return file


class MappingForm(forms.Form):
    """One select per column of the file; `samples` are its first rows."""

    encoding = forms.ChoiceField(label=_("Characters"), choices=[(name, ENCODING_LABELS[name]) for name in ENCODINGS])
    delimiter = forms.ChoiceField(label=_("Separator"), choices=DELIMITER_LABELS)

    def __init__(self, *args: Any, job: ImportJob, custom: list[CustomField], samples: list[list[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.job, self.samples = job, samples
        self.initial.update(encoding=job.encoding, delimiter=job.delimiter)
        for position, name in enumerate(job.header):
            field = forms.ChoiceField(label=name.strip() or str(position + 1), choices=choices(custom), required=False)
            self.fields[f"column_{position}"] = field
            self.initial[f"column_{position}"] = job.fields[position]

    @property
    def is_read_anew(self) -> bool:
        """Whether the file is to be read otherwise, before anything else."""
        return (self.cleaned_data["encoding"], self.cleaned_data["delimiter"]) != (self.job.encoding, self.job.delimiter)

    @property
    def chosen(self) -> list[str]:
        """The field of each column, "" for one that is left out."""
        return [self.cleaned_data[f"column_{position}"] for position in range(len(self.job.header))]

    def rows(self) -> list[dict[str, Any]]:
        """Each column of the file with its select and its first values."""
        return [
            {"field": self[f"column_{position}"], "samples": [row[position] for row in self.samples if position < len(row)]}
            for position in range(len(self.job.header))
        ]


def choices(custom: list[CustomField]) -> list[tuple[str, Any]]:
    """Every field that a column can be, by its label."""
    own = [(name, _label(Profile._meta.get_field(name), name)) for name in columns.HEADERS]
    return [("", _("– left out –")), *own, *((CUSTOM + one.key, one.label) for one in custom)]


def _label(field: Any, name: str) -> str:
    if name == "public_id":
        return str(_("Heed ID"))
    return capfirst(str(field.verbose_name)) if isinstance(field, Field) else name
