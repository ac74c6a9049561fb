"""The ordinary fields of a profile by name: a column ("city"), or a custom field ("custom.shoe_size").

A value is what a form gives: text, and for custom fields what customfields.read() gives; a day may be text as ISO 8601.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import DateField

from profiles.models import CustomField, CustomType, Profile

CUSTOM = "custom."
ADDRESS = ("street", "street_2", "postal_code", "city")  # whoever has one of them has a postal address; a country alone is none
PYTHON_TYPES: Mapping[str, type | tuple[type, ...]] = {CustomType.NUMBER: (int, float), CustomType.YES_NO: bool}


def custom_name(key: str) -> str:
    """The name of the custom field with this key."""
    return CUSTOM + key


def custom_key(name: str) -> str:
    """The key in the name of a custom field; "" for the name of a column."""
    return name.removeprefix(CUSTOM) if name.startswith(CUSTOM) else ""


def value_of(profile: Profile, name: str) -> Any:
    """What the profile has under this name; None for a custom field without a value."""
    key = custom_key(name)
    return profile.custom.get(key) if key else getattr(profile, name)


def is_given(value: Any) -> bool:
    """Whether the value says anything: 0 and "no" do."""
    return value not in ("", None)


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as their columns hold them; custom fields that do not exist any more, or not of that type, are left out."""
    known = known_customs(values)
    found = {}
    for name, value in values.items():
        if not custom_key(name):
            found[name] = _column(name, value)
        elif name in known and (not is_given(value) or _is_of_type(known[name], value)):
            found[name] = value if is_given(value) else None
    return found


def known_customs(names: Iterable[str]) -> dict[str, CustomField]:
    """Name -> definition, for the names of custom fields that exist; no query where there is none."""
    keys = [key for name in names if (key := custom_key(name))]
    return {custom_name(one.key): one for one in CustomField.objects.filter(key__in=keys)} if keys else {}


def differing(profile: Profile, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these stored values that the profile does not have."""
    return {name: value for name, value in values.items() if value_of(profile, name) != value}


def put(profile: Profile, values: Mapping[str, Any]) -> list[str]:
    """Set the values on the profile in hand, key by key in `custom`; the names of the columns that are to be saved."""
    custom = dict(profile.custom)
    for name, value in values.items():
        key = custom_key(name)
        if not key:
            setattr(profile, name, value)
        elif value is None:
            custom.pop(key, None)
        else:
            custom[key] = value
    profile.custom = custom
    columns = [name for name in values if not custom_key(name)]
    return columns if len(columns) == len(values) else [*columns, "custom"]


def with_address(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with "address specified" ticked where a postal address is among them: for whatever no operator types."""
    return {**values, "address_specified": True} if any(values.get(name) for name in ADDRESS) else dict(values)


def _column(name: str, value: Any) -> Any:
    field = Profile._meta.get_field(name)
    if isinstance(field, DateField):
        return field.to_python(value or None)
    return value


def _is_of_type(field: CustomField, value: Any) -> bool:
    is_bool = isinstance(value, bool)
    return isinstance(value, PYTHON_TYPES.get(field.type, str)) and is_bool == (field.type == CustomType.YES_NO)
