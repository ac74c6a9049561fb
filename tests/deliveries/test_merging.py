"""Merge fields: what a template may say, and that neither it nor a profile's value says more (reliability X6)."""

import time
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inscriptis import get_text

from deliveries import merging
from deliveries.merging import FIELDS, InvalidTemplate, compile_text
from profiles import mergefields
from profiles.models import CustomField, Profile

HOSTILE = "<script>alert(1)</script>&\"'"


def render(source, *, html=False, **profile):
    names = dict.fromkeys(merging.profile_values(Profile()), "")
    return compile_text(source, html=html).render({"profile": names | profile})


def test_values_are_escaped_in_html_and_left_as_they_are_in_text():
    source = "<b>{{ profile.first_name }}</b>"

    assert render(source, html=True, first_name=HOSTILE) == ("<b>&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#34;&#39;</b>")
    assert render(source, first_name=HOSTILE) == f"<b>{HOSTILE}</b>"


@pytest.mark.parametrize("name", sorted(mergefields.HTML.filters))
def test_no_filter_takes_a_value_for_html(name):
    values = [HOSTILE, "%3Cscript%3E%22", "PHNjcmlwdD4i", "&lt;script&gt;", "<scr<script>ipt>"]
    arguments = ["", ": ''", ": 3", ": profile.city", ": '', profile.city", ": 'a', 'b'"]
    for value, left, argument in product(values, ["profile.first_name", "'<i>' | append: profile.first_name"], arguments):
        source = f"{{{{ {left} | {name}{argument} }}}}"
        try:
            rendered = render(source, html=True, first_name=value, city=value)
        except InvalidTemplate:
            continue
        assert ("<script" in rendered, '"' in rendered) == (False, False), (source, value)


# What a marketer, or somebody who took over her account, may try: nothing comes of it, or the preparation says no.
NOTHING = ["{{ settings.SECRET_KEY }}", "{{ request }}", "{{ profile._meta }}", "{{ profile.delete }}", "{{ profile.__class__ }}",
           "{{ profile['__init__'] }}", "{{ profile.first_name.__class__ }}", "{{ self }}", "{{ forloop }}"]  # fmt: skip
LITERAL = ["${7*7}", "#{7*7}", "<%= 7*7 %>", "{# 7 #}", "$(id)", "%7B%7B7*7%7D%7D"]
REFUSED = [
    "{{7*7}}",
    "{% debug %}",
    "{% load static %}",
    "{% include 'a' %}",
    "{% render 'a' %}",
    "{% extends 'a' %}",
    "{% macro a %}{% endmacro %}",
    "{{''.__class__}}",
    "{{ profile.first_name | safe }}",
    '{{ "x" | rjust: 100000000 }}',
    "{{ profile | json }}",
    "{{ 'x' | translate }}",
    "{{",
    "{% if %}",
    "{% if true %}" * 5000,
    "{{ " + "a[" * 5000 + "]" * 5000 + " }}",
    "{% if " + "(" * 5000 + "a" + ")" * 5000 + " %}{% endif %}",
    "x" * 1_000_001,
]


@pytest.mark.parametrize("source", NOTHING)
@pytest.mark.parametrize("html", [True, False])
def test_nothing_beside_the_merge_fields_can_be_reached(source, html):
    assert render(source, html=html, first_name="Marie") == ""
    assert compile_text(source, html=html).unknown != []


@pytest.mark.parametrize("source", LITERAL)
def test_other_template_languages_are_plain_text(source):
    assert render(source, html=True) == source


@pytest.mark.parametrize("source", REFUSED, ids=lambda source: source[:20])
@pytest.mark.parametrize("html", [True, False])
def test_what_the_language_does_not_have_is_refused_before_anything_is_sent(source, html):
    with pytest.raises(InvalidTemplate):
        compile_text(source, html=html)


@pytest.mark.parametrize("payload", NOTHING + LITERAL + REFUSED[:14], ids=lambda payload: payload[:20])
def test_a_template_in_a_value_is_never_evaluated(payload):
    source = "{{ profile.first_name }}|{% capture x %}{{ profile.city }}{% endcapture %}{{ x }}|{{ profile.city | append: '' }}"

    assert render(source, first_name=payload, city=payload) == f"{payload}|{payload}|{payload}"


BOMBS = {
    "a long loop": "{% for i in (1..100000000) %}x{% endfor %}",
    "loops in loops": "{% for i in (1..99) %}{% for i in (1..99) %}x{% endfor %}{% endfor %}",
    "a long range": "{{ (1..100000000) | join: 'x' }}",
    "a range turned round": "{% assign a = (1..100000000) | reverse %}",
    "a range without a length": "{{ (1..99999999999999999999999) | first }}{{ (1..99999999999999999999999) | sort }}",
    "replacing what replaced": "{{ 'a' " + "| replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' " * 20 + "}}",
    "doubling a text": "{% assign x = 'a' %}{% for i in (1..99) %}{% assign x = x | append: x %}{% endfor %}",
    "squaring a number": "{% assign x = 9 %}{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}",
    "capturing itself": "{% for i in (1..99) %}{% capture x %}{{ x }}{{ x }}a{% endcapture %}{% endfor %}",
    "much output": "{% for i in (1..99) %}" + "x" * 20_000 + "{% endfor %}",
    "a slow filter, often": "{% capture x %}" + "<script" * 9_000 + "{% endcapture %}"
    + "{% for i in (1..99) %}" + "{% assign y = x | escape_once | squish | split: 's' | sort | size %}" * 40 + "{% endfor %}",
}  # fmt: skip


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("html", [True, False])
def test_a_rendering_is_bounded_in_time_and_size(source, html):
    began = time.monotonic()

    with pytest.raises(InvalidTemplate):
        render(source, html=html)

    assert time.monotonic() - began < 3 * mergefields.SECONDS


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("inf", "{{ profile.first_name | round }}"),
        ("nan", "{{ profile.first_name | ceil }}"),
        ("99999999999999999999", "{{ profile.first_name | date: '%Y' }}"),
        ("9e99999", "{{ 0 | times: profile.first_name }}"),
        ("0", "{{ 1 | divided_by: profile.first_name }}"),
        ("//4=", "{{ profile.first_name | base64_decode }}"),
        ("", "{{ 1 | slice: profile.first_name }}"),
        ("9" * 5000, "{{ profile.first_name | plus: 1 }}"),
    ],
)
def test_a_value_that_a_filter_cannot_take_is_an_invalid_template_and_no_crash(value, source):
    with pytest.raises(InvalidTemplate):
        render(source, first_name=value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hello\n{% if %}", "line 2: missing expression"),
        ("{{ profile.first_name }}\n\n{{ 'x' | nofilter }}", "line 3: unknown filter 'nofilter'"),
        ("a\nb\n{% unknown %}", "line 3: unexpected tag 'unknown'"),
        ("{{ 7*7 }}", "line 1: "),
    ],
)
def test_a_mistake_is_told_with_its_line(source, message):
    with pytest.raises(InvalidTemplate) as caught:
        compile_text(source)

    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_fault_while_rendering_is_told_with_its_line():
    with pytest.raises(InvalidTemplate, match="line 2: divided_by: can't divide by 0"):
        render("\n{{ 1 | divided_by: 0 }}")


def test_unknown_merge_fields_are_found_and_own_variables_are_not():
    source = "{% assign x = profile.city %}{{ x }}{{ profile.shoe }}{% for i in (1..3) %}{{ i }}{{ b }}{% endfor %}"

    template = compile_text(source)

    assert template.unknown == ["b", "profile.shoe"]
    assert template.names - set(template.unknown) == {"profile.city"}


def test_every_field_of_the_picker_has_a_value():
    profile = merging.profile_values(Profile(first_name="Marie", last_name="Dupont"))
    content = {"sender_name": "Heed", "postal_address": "Paris", "label": "Spring", "service_label": "Letter"}
    values = merging.delivery_values(content) | {"profile": profile, merging.UNSUBSCRIBE: "https://news.example.org/u/x"}

    known = {f"{group}.{name}" for group, names in values.items() if isinstance(names, dict) for name in names}

    assert known - {"profile.custom"} | {merging.UNSUBSCRIBE, merging.SERVICE_UNSUBSCRIBE, merging.CENTRE, *merging.PAGES} == set(
        FIELDS
    )
    assert all(isinstance(value, str) for name, value in profile.items() if name != "custom")


# Custom fields, days and numbers


@pytest.fixture
def customs(db):
    kinds = {"size": "number", "since": "date", "member": "yes_no", "note": "text", "colour": "choice"}
    return [CustomField.objects.create(key=key, label=key.title(), type=kind) for key, kind in kinds.items()]


@pytest.mark.parametrize(
    ("language", "born", "custom"),
    [
        ("en", "Feb. 29, 1984", {"size": "38.5", "since": "May 17, 2020"}),
        ("fr", "29 février 1984", {"size": "38,5", "since": "17 mai 2020"}),
        ("nl", "Feb. 29, 1984", {"size": "38.5", "since": "May 17, 2020"}),
        ("", "Feb. 29, 1984", {"size": "38.5", "since": "May 17, 2020"}),
    ],
)
def test_days_and_numbers_are_written_in_the_language_of_the_person(customs, language, born, custom):
    stored = {"size": 38.5, "since": "2020-05-17", "member": True, "colour": "Red", "unknown": "x"}
    profile = Profile(preferred_language=language, birth_date=date(1984, 2, 29), custom=stored)

    values = merging.profile_values(profile, customs)

    assert values["birth_date"] == born
    assert values["custom"] == custom | {"member": "yes", "note": "", "colour": "Red"}


def test_custom_fields_exist_by_their_key_alone(customs):
    source = (
        "{{ profile.custom.size }}{{ profile.custom['note'] }}{{ profile.custom.shoe }}{{ profile.custom }}"
        "{{ profile.custom.size.first }}{{ profile.custom[profile.city] }}{{ profile.custom.__class__ }}"
    )

    assert compile_text(source).unknown == [
        "profile.custom",
        "profile.custom.__class__",
        "profile.custom.shoe",
        "profile.custom.size.first",
        "profile.custom[profile.city]",
    ]


def test_picker_offers_custom_fields_after_the_others_of_a_person(customs):
    names = list(merging.fields())

    assert [name for name in names if "custom" in name] == [f"profile.custom.{field.key}" for field in customs]
    assert [name for name in names if "custom" not in name] == list(FIELDS)
    assert names.index("profile.custom.size") < names.index("sender.name")


def test_a_custom_value_is_escaped_in_html_and_is_no_template(customs):
    profile = Profile(custom={"note": "<b>{{ profile.email }}</b>"}, email="marie@example.org")
    values = {"profile": merging.profile_values(profile, customs)}

    assert compile_text("{{ profile.custom.note }}", html=True).render(values) == "&lt;b&gt;{{ profile.email }}&lt;/b&gt;"


@pytest.mark.parametrize("source", ["{{ profile.custom.member }}", "{% if profile.custom.member == 'yes' %}x{% endif %}"])
def test_template_that_uses_custom_fields_is_told(source):
    assert compile_text(source).uses_custom_fields
    assert not compile_text(source.replace("custom.member", "city")).uses_custom_fields


@given(st.text(max_size=50))
def test_any_value_stays_text_in_html(value):
    rendered = render("<p title='{{ profile.city }}'>{{ profile.first_name }}</p>", html=True, first_name=value, city=value)

    assert rendered.count("<") == 2
    assert rendered.count("'") == 2
    visible = "".join(value.split())
    assert "".join(get_text(rendered).split()) == visible or not visible.isprintable()


@given(st.text(max_size=200))
def test_any_source_is_a_template_or_an_invalid_one(source):
    try:
        rendered = render(source, html=True, first_name="Marie")
    except InvalidTemplate:
        return
    assert isinstance(rendered, str)
