"""Reading a HTML: what it says, and that nothing that somebody pastes stops it."""

import random

import pytest

from deliveries import mailreading, rendering
from deliveries.mailreading import Link

ODD = [
    "<", ">", "<!", "<![", "]>", "]]>", "<!--", "-->", "--!>", "<?", "<?xml ", " encoding='utf-8'", "?>", '"', "'",
    "<?xml version='1.0' encoding='utf-8'?>", "\ufeff", "<!doctype", "<![CDATA[", "<![if mso]>", "<![some text]",
    "&", "&#", "&#0;", "&#x110000;", "{{", "}}", "{%", "%}", " ", "\n", "\x01", "é", "text", "http://[", "<a", "<a href=",
    "<img", "</", "<style>", "</style>", "<script>", "<title>", "<svg>", "<plaintext>", "<pre>", "<html>", "<body>",
    "<table>", "<td colspan='9'>", "<ol start='x'>",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_pasted_can_be_read_and_has_a_text(seed):
    source = random.Random(seed)

    for _time in range(1000):
        html = "".join(source.choices(ODD, k=source.randint(1, 8)))
        assert isinstance(mailreading.read(html), mailreading.Read)
        assert isinstance(rendering.text_of(html), str)


@pytest.mark.parametrize("odd", ["<![some text]>", "<![endif]>", "<![if !mso]>", "<![CDATA[x]]>", "<!wrong>", "<?xml x?>"])
def test_what_browsers_take_for_a_comment_says_nothing_and_hides_nothing(odd):
    read = mailreading.read(f'<p>Before</p>{odd}<a href="https://example.org/">After</a>')

    assert (read.text, read.links) == ("BeforeAfter", [Link("https://example.org/", "After")])


@pytest.mark.parametrize("begin", ['<?xml version="1.0" encoding="utf-8"?>', "<?xml  encoding='utf-8'", "\n<?xml encoding='x'?>"])
def test_declaration_of_xml_is_no_part_of_the_text(begin):
    assert rendering.text_of(f"{begin}><p>Hello</p>").strip("> \n") == "Hello"
