"""What a check says, and where it is put right."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy


class Level(TextChoices):
    ERROR = "error", gettext_lazy("Error")
    WARNING = "warning", gettext_lazy("Warning")


@dataclass(frozen=True)
class Check:
    """One finding: about a block by its key, a property by its name, another part ("confirmation"), or the page as a whole."""

    level: Level
    text: str
    block_key: str = ""
    field: str = ""
    part: str = ""
