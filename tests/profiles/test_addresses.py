"""Where a long address may break."""

import pytest

from profiles import holders
from profiles.holding import ProfileHolder
from profiles.templatetags.addresses import breakable
from tests.factories import ProfileFactory


@pytest.mark.parametrize(
    ("address", "html"),
    [
        ("marie.dupont@mail.example.org", "marie.<wbr>dupont<wbr>@mail.<wbr>example.<wbr>org"),
        ("Marie Dupont", "Marie Dupont"),
        ("J. Petit", "J.<wbr> Petit"),
        ("<b>@x.org", "&lt;b&gt;<wbr>@x.<wbr>org"),
        ("–", "–"),
    ],
)
def test_an_address_breaks_before_the_at_and_after_a_dot(address, html):
    assert breakable(address) == html


@pytest.mark.django_db
def test_the_answer_to_an_access_request_calls_the_heed_id_as_every_other_page_does():
    profile = ProfileFactory()

    [row] = ProfileHolder().export(holders.person(profile))

    assert row["Heed ID"] == str(profile.public_id)
    assert [name for name in row if "ublic" in name] == []
