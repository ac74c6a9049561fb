"""The French catalogue: complete, fresh, and set as French is."""

import re
import shutil
from collections import Counter

import polib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from deliveries import merging, skeleton

FRENCH = settings.ROOT / "locale" / "fr" / "LC_MESSAGES"
SOURCES = ("config", "profiles", "quarantine", "deliveries", "landingpages", "templates")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\{.*?\}\}|\{\}|<[^>]+>")

# What French typography forbids; placeholders and tags are taken out first.
FAULTS = {
    "a straight apostrophe": re.compile(r"\w'\w"),
    "no no-break space before : ; ! ?": re.compile(r"(?<![\u00a0\u202f:;!?])[:;!?](?=[\s\u00a0\u202f.)]|$)"),
    "no no-break space inside « »": re.compile(r"«(?!\u00a0)|(?<!\u00a0)»"),
    "English quotation marks": re.compile('[“”"]'),
    "three dots": re.compile(r"\.\.\."),
}


@pytest.fixture(scope="module")
def catalogue():
    return polib.pofile(str(FRENCH / "django.po"))


def key(entry):
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural


def texts(entry):
    return [entry.msgstr_plural[index] for index in sorted(entry.msgstr_plural)] if entry.msgid_plural else [entry.msgstr]


def placeholders(text):
    """What is filled in, and the tags; a Liquid merge field by its name, since its fallback is a word."""
    return Counter(re.sub(r"“.*?”", "“”", found) for found in PLACEHOLDER.findall(text))


def test_catalogue_is_compiled(catalogue):
    compiled = polib.mofile(str(FRENCH / "django.mo"))
    assert {key(entry): texts(entry) for entry in compiled} == {key(entry): texts(entry) for entry in catalogue}


def test_catalogue_is_complete(catalogue):
    assert [key(entry) for entry in catalogue if entry.fuzzy or entry.obsolete or not all(texts(entry))] == []


def test_catalogue_counts_as_french_does(catalogue):
    assert catalogue.metadata["Plural-Forms"] == "nplurals=2; plural=(n > 1);"
    assert [key(entry) for entry in catalogue if entry.msgid_plural and len(texts(entry)) != 2] == []


def test_translations_have_the_placeholders_of_their_message(catalogue):
    wrong = [
        (entry.msgid, text)
        for entry in catalogue
        for message, text in zip([entry.msgid, entry.msgid_plural], texts(entry), strict=False)
        if placeholders(message) != placeholders(text)
    ]
    assert wrong == []


@pytest.mark.parametrize("fault", FAULTS)
def test_translations_are_set_without(catalogue, fault):
    bare = [PLACEHOLDER.sub("", text) for entry in catalogue for text in texts(entry)]
    assert [text for text in bare if FAULTS[fault].search(text)] == []


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext to look for new texts: apt-get install gettext")
def test_every_text_is_in_the_catalogue(catalogue, tmp_path, monkeypatch, settings):
    for name in SOURCES:
        shutil.copytree(settings.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "migrations"))
    (tmp_path / "locale").mkdir()
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["fr"], verbosity=0)
    found = polib.pofile(str(tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po"))
    known = {key(entry) for entry in catalogue}
    missing = [key(entry) for entry in found if key(entry) not in known]
    assert missing == [], "run: manage.py makemessages -l fr, translate, manage.py compilemessages"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "named", "nameless"), [("en", "Hello Léa,", "Hello you,"), ("fr", "Bonjour Léa,", "Bonjour à vous,")]
)
def test_the_first_content_of_a_delivery_greets_in_the_operators_language(language, named, nameless):
    with translation.override(language):
        template = merging.compile_text(skeleton.content()["html"], html=True)
    assert template.unknown == []
    assert named in template.render({"profile": {"first_name": "Léa"}})
    assert nameless in template.render({"profile": {"first_name": ""}})
