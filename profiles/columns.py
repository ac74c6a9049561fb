"""The columns that a file of profiles may have, by their names; what their cells mean is in profiles.cells."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS
from profiles.csvfiles import ImportRejected
from profiles.fields import fold
from profiles.models import CustomField

# What a header may say for each column, besides the column's own name; case, accents and punctuation do not count.
# The names with blackList and denyList are those of exports from older tools.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "public_id": ("Heed ID", "identifiant Heed"),
    "external_id": ("external ID", "customer number", "customer ID", "identifiant externe", "numéro de client"),
    "title": ("salutation", "civilité"),
    "first_name": ("first name", "given name", "prénom"),
    "middle_name": ("middle name", "deuxième prénom"),
    "last_name": ("last name", "surname", "family name", "nom", "nom de famille"),
    "gender": ("sex", "genre", "sexe"),
    "birth_date": ("date of birth", "birthday", "birthdate", "date de naissance", "naissance"),
    "email": ("e-mail", "mail", "email address", "courriel", "adresse e-mail", "adresse électronique", "adresse de courriel"),
    "mobile": ("mobile phone", "mobile number", "téléphone mobile", "téléphone portable", "portable", "numéro de mobile"),
    "preferred_language": ("preferred language", "language", "langue", "langue préférée", "langue de préférence"),
    "time_zone": ("time zone", "fuseau horaire"),
    "email_format": ("email format", "format d’e-mail", "format des e-mails"),
    "phone": ("telephone", "phone number", "landline", "téléphone fixe", "numéro de téléphone"),
    "fax": ("fax number", "télécopie", "numéro de fax"),
    "address_specified": ("address specified", "adresse renseignée", "adresse spécifiée"),
    "street": (
        "address",
        "street address",
        "postal address",
        "address, line 1",
        "rue",
        "adresse",
        "adresse postale",
        "adresse, ligne 1",
    ),
    "street_2": ("address, line 2", "address line 2", "complément d’adresse", "adresse, ligne 2"),
    "postal_code": ("postal code", "postcode", "zip", "zip code", "code postal"),
    "city": ("town", "ville"),
    "state": ("state or province", "province", "region", "état ou province", "région"),
    "country": ("country code", "pays", "code pays"),
    OPT_OUT_FIELDS[ANY_CHANNEL]: (
        "no longer contact (by any channel)",
        "no longer contact",
        "ne plus contacter (tous canaux)",
        "ne plus contacter",
        "blackList",
        "denyList",
        "blocklist",
    ),
    OPT_OUT_FIELDS["email"]: (
        "no longer contact by email",
        "ne plus contacter par email",
        "ne plus contacter par courriel",
        "blackListEmail",
        "denyListEmail",
    ),
    OPT_OUT_FIELDS["sms"]: (
        "no longer contact by SMS",
        "ne plus contacter par SMS",
        "blackListMobile",
        "denyListMobile",
    ),
    OPT_OUT_FIELDS["push"]: (
        "no longer contact by push notification",
        "ne plus contacter par notification push",
        "blackListPushnotification",
        "denyListPushnotification",
    ),
    OPT_OUT_FIELDS["direct_mail"]: (
        "no longer contact by direct mail",
        "ne plus contacter par courrier",
        "ne plus contacter par courrier postal",
        "blackListPostalMail",
        "denyListPostalMail",
    ),
    "ccpa_opt_out": ("CCPA opt-out", "CCPA", "opposition CCPA"),
}
CUSTOM = "custom."  # before the key of a field that this installation added
KEYS = ("email", "mobile", "external_id", "public_id")  # what a profile can be found by
SCOPES = {field: scope for scope, field in OPT_OUT_FIELDS.items()}


def key(text: str) -> str:
    """Letters and digits only, folded: "Adresse e-mail", "adresse_email" and "ADRESSE EMAIL" are one name."""
    return "".join(character for character in fold(text) if character.isalnum())


FIELDS = {key(name): field for field, names in HEADERS.items() for name in (field, *names)}


def fields(custom: Sequence[CustomField] = ()) -> list[str]:
    """Every field that a column can be, in the order of an export."""
    return [*HEADERS, *(CUSTOM + one.key for one in custom)]


def match(header: Sequence[str], mapping: Mapping[str, str], custom: Sequence[CustomField] = ()) -> dict[int, str]:
    """Position -> field for the columns of a file; a column that is no field of a profile is left out.

    `mapping` (header -> field, or "" to leave the column out) goes before the names that are known. Raises
    ImportRejected where two columns would be one field, and where there is no column that a profile is found by.
    """
    keys = [key(name) for name in header]
    if unknown := [field for field in mapping.values() if field and field not in fields(custom)]:
        raise ImportRejected(
            _("There is no field %(field)s. Fields: %(fields)s.") % {"field": unknown[0], "fields": ", ".join(fields(custom))}
        )
    if absent := [name for name in mapping if key(name) not in keys]:
        raise ImportRejected(_("The file has no column %(column)s.") % {"column": absent[0]})
    asked = {key(name): field for name, field in mapping.items()}
    known = {name: field for name, field in _names(custom).items() if field not in asked.values()} | asked
    return check({position: known[name] for position, name in enumerate(keys) if known.get(name)}, header)


def guess(header: Sequence[str], custom: Sequence[CustomField] = ()) -> list[str]:
    """The field that each column seems to be, "" for none; a field is guessed once."""
    known, found = _names(custom), list[str]()
    for name in header:
        field = known.get(key(name), "")
        found.append("" if field in found else field)
    return found


def check(found: dict[int, str], header: Sequence[str]) -> dict[int, str]:
    """`found` as it is; ImportRejected where a field stands twice, or nothing to find profiles by."""
    names = list(found.values())
    if twice := next((field for field in names if names.count(field) > 1), ""):
        raise ImportRejected(_("Two columns would be the field %(field)s: leave one of them out with --map.") % {"field": twice})
    if not set(KEYS) & set(names):
        raise ImportRejected(
            _("The file needs a column email or mobile; its header is: %(header)s.") % {"header": ", ".join(header)}
        )
    return found


def _names(custom: Sequence[CustomField]) -> dict[str, str]:
    """What a header may say -> its field; an own name of Heed goes before those of added fields."""
    added = {key(name): CUSTOM + one.key for one in custom for name in (one.label, one.key, CUSTOM + one.key)}
    return added | FIELDS
