"""No tag, entity, script or control character survives, and nothing takes long."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kouta.plain_text import HTML_CHARACTERS_MAX, cut, plain

PIECES = [
    "<",
    ">",
    "&lt;",
    "&gt;",
    "&amp;",
    "&#60;",
    "p",
    "/",
    "!",
    "?",
    "--",
    "[CDATA[",
    "]]>",
    "script",
    '"',
    "'",
    " ",
    "=",
    "\n",
    "a",
    "ä",
    "\x00",
]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Lasti<b>kontti</b></p><p>meri &amp; rauta&nbsp;tie</p>", "Lastikontti\nmeri & rauta tie"),
        ('<ul><li value="1">yksi</li><li>kaksi<br/>kolme</li></ul>', "yksi\nkaksi\nkolme"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("eka\ntoka", "eka\ntoka"),
        ("<p>eka\ntoka</p>", "eka toka"),
        ("<script>alert(1)</script>jää<style>p{}</style>", "jää"),
        ("jää<script>alert(1)", "jää"),
        ("&lt;p&gt;kahdesti&lt;/p&gt;&amp;lt;i&amp;gt;kolmesti", "kahdesti\nkolmesti"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ('<a title="x > y" href="#">linkki</a>', "linkki"),
        ("<!--[if gte mso 9]><xml><b>x</b></xml><![endif]-->ok", "ok"),
        ("katkennut <stro", "katkennut stro"),
        ("logis\u00adtiikka\x00 a\u0308a \ud800", "logistiikka äa"),
        ("<p></p><p> </p>", ""),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_tag_and_no_control_character_is_left(html: str) -> None:
    text = plain(html)
    assert not re.search(r"<[A-Za-z/!?]", text)
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in text)
    assert text == unicodedata.normalize("NFC", text)
    assert plain(text).count("\n") <= text.count("\n")


@pytest.mark.parametrize(
    "piece", ["<", "<p ", "<p>", "<!--", "</", "<a b='", "<a b='>", "<a b=\">'>", "<![", "<?", "<script>", "&", "&lt;"]
)
def test_broken_markup_takes_no_longer_than_sound_markup(piece: str) -> None:
    """The parser alone takes minutes on some of these."""
    begun = time.perf_counter()
    plain(piece * HTML_CHARACTERS_MAX)
    assert time.perf_counter() - begun < 2


def test_a_text_is_cut_at_the_end_of_a_word() -> None:
    assert cut("yksi kaksi kolme", 16) == "yksi kaksi kolme"
    assert cut("yksi kaksi kolme", 13) == "yksi kaksi…"
    assert cut("x" * 20, 10) == "xxxxxxxxx…"
