"""Who acts: an operator, a command, or the person herself."""

from django.contrib.auth.models import AbstractUser


def actor(by: AbstractUser | str | None) -> str:
    """The name that records keep for who acted; empty for the person herself."""
    if by is None or isinstance(by, str):
        return by or ""
    return by.get_full_name() or by.get_username()
