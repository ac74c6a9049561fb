"""Columns for searching: compared byte by byte on both databases, folded to lower case without accents."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Left
from django.db.models.lookups import Exact

LAST_CHARACTER = "\U0010ffff"


def fold(text: str) -> str:
    """Lower case without accents, so that "Éléonore" is found by "eleo"."""
    if text.isascii():
        return text.lower().strip()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).strip()


def prefix(field: str, text: str) -> models.Q:
    """Rows whose ByteOrderedField starts with the text, as a range that an ordinary index answers."""
    return models.Q(**{f"{field}__gte": text, f"{field}__lt": text + LAST_CHARACTER})


def prefix_unindexed(field: str, text: str) -> models.Q:
    """The same rows, for a query that had better not use the index of the field."""
    return models.Q(Exact(Left(field, len(text)), text))


class ByteOrderedField(models.CharField):
    """A CharField ordered by code point: COLLATE "C" on PostgreSQL, as SQLite does anyway."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class FoldedField(ByteOrderedField):
    """The folded copy of another column of the same row, kept by every save and bulk_create."""

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **{"blank": True, "editable": False, "default": "", **kwargs})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def derive(self, text: str) -> str:
        return fold(text)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = self.derive(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value


class DomainField(FoldedField):
    """What stands after the @ of another column."""

    def derive(self, text: str) -> str:
        return text.rpartition("@")[2] if "@" in text else ""
