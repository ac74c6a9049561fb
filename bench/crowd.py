"""People by arithmetic: the same formulas as SQL that fills the tables, and as Python that says who is meant.

Person n draws from 0 to 999 by (n * a prime) % 1009, so that what she is in one respect says nothing about another.
"""

from datetime import date, timedelta
from typing import Any

PRIMES = {"country": 7919, "language": 6101, "born": 104_729, "domain": 15_485_863, "size": 32_452_843, "box": 49_979_687}
PRIMES |= {"quarantine": 67_867_967, "letter": 86_028_121, "message": 2_038_074_743, "empty": 141_650_939}
MODULUS = 1009
FIRST_BIRTH = date(1950, 1, 1)
COUNTRIES = [("FR", 400), ("BE", 600), ("CA", 700), ("GB", 800), ("US", 900)]  # up to which draw; else unknown
DOMAINS = [("mail.example", 400), ("house.example", 700), ("example.org", 900)]
LAST_DOMAIN = "rare.example"


def draw(n: int, what: str) -> int:
    return (n * PRIMES[what]) % MODULUS


def person(n: int) -> dict[str, Any]:
    """What plain Python knows of person n."""
    domain = next((name for name, up_to in DOMAINS if draw(n, "domain") < up_to), LAST_DOMAIN)
    days, box = draw(n, "born"), draw(n, "box")
    return {
        "country": next((code for code, up_to in COUNTRIES if draw(n, "country") < up_to), ""),
        "language": "fr" if draw(n, "language") < 500 else "en",
        "born": FIRST_BIRTH + timedelta(days=days * 25) if days < 800 else None,
        "domain": domain,
        "email": "" if draw(n, "empty") < 10 else f"person{n}@{domain}",
        "size": draw(n, "size") % 50 if draw(n, "size") < 600 else None,
        "opted_out_all": box < 30,
        "opted_out_email": 20 <= box < 120,
        "quarantined": draw(n, "quarantine") < 20,
        "letter": draw(n, "letter") < 100,
        "received": draw(n, "message") < 600,
    }


def sql(what: str) -> str:
    return f"((n * {PRIMES[what]}) % {MODULUS})"


def case(what: str, table: list[tuple[str, int]], last: str) -> str:
    whens = " ".join(f"WHEN {sql(what)} < {up_to} THEN '{name}'" for name, up_to in table)
    return f"CASE {whens} ELSE '{last}' END"


def statements(number: int, vendor: str) -> list[str]:
    """The SQL that makes so many people, their records, subscriptions and messages. Service 1 and preparation 1 exist."""
    postgres = vendor == "postgresql"
    source = (
        f"generate_series(1::bigint, {number}) AS people(n)"
        if postgres
        else f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {number}) SELECT n FROM c) AS people"
    )
    now = "now()" if postgres else "'2026-01-01 00:00:00'"
    yes, no = ("TRUE", "FALSE") if postgres else ("1", "0")
    days = f"{sql('born')} * 25"
    born = f"date '{FIRST_BIRTH}' + ({days})::int" if postgres else f"date('{FIRST_BIRTH}', '+' || ({days}) || ' days')"
    custom = f"""CASE WHEN {sql("size")} < 600 THEN '{{"size": ' || ({sql("size")} % 50) || '}}' ELSE '{{}}' END"""
    domain = case("domain", DOMAINS, LAST_DOMAIN)
    has_email = f"{sql('empty')} >= 10"
    email = f"'person' || n || '@' || {domain}"

    def insert(table: str, where: str, **values: str) -> str:
        values = defaults(table, {"text": "''", "number": "0", "yes_no": no, "moment": now, "json": "'{}'"}) | values
        return f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {source} WHERE {where}"

    return [
        insert(
            "profiles_profile",
            "1 = 1",
            id="n",
            public_id="md5(n::text)::uuid" if postgres else "printf('%032x', n)",
            first_name="'Marie'",
            birth_date=f"CASE WHEN {sql('born')} < 800 THEN {born} END",
            preferred_language=f"CASE WHEN {sql('language')} < 500 THEN 'fr' ELSE 'en' END",
            email=f"CASE WHEN {has_email} THEN {email} ELSE '' END",
            email_domain=f"CASE WHEN {has_email} THEN {domain} ELSE '' END",
            opted_out_all=f"CASE WHEN {sql('box')} < 30 THEN {yes} ELSE {no} END",
            opted_out_email=f"CASE WHEN {sql('box')} BETWEEN 20 AND 119 THEN {yes} ELSE {no} END",
            country=case("country", COUNTRIES, ""),
            custom=f"({custom})::jsonb" if postgres else custom,
        ),
        insert(
            "quarantine_quarantinedaddress",
            f"{sql('quarantine')} < 20 AND {has_email}",
            channel="'email'",
            address=email,
            status="'quarantine'",
            reason="'user_unknown'",
        ),
        insert("profiles_subscription", f"{sql('letter')} < 100", profile_id="n", service_id="1"),
        insert(
            "deliveries_message", f"{sql('message')} < 600", preparation_id="1", profile_id="n", status="'sent'", ended_at=now
        ),
    ]


def defaults(table: str, nothing: dict[str, str]) -> dict[str, str]:
    """Column -> SQL for those of the model that may not be NULL and that no formula is about."""
    from django.apps import apps
    from django.db import models

    kinds: list[tuple[tuple[type[models.Field], ...], str]] = [
        ((models.BooleanField,), "yes_no"),
        ((models.DateTimeField,), "moment"),
        ((models.JSONField,), "json"),
        ((models.CharField, models.TextField), "text"),
        ((models.IntegerField,), "number"),
    ]
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    columns = {}
    for field in model._meta.concrete_fields:
        kind = next((name for types, name in kinds if isinstance(field, types)), "")
        if kind and not field.null and not field.primary_key:
            columns[str(field.column)] = nothing[kind]
    return columns
