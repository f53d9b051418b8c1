"""What strangers' HTML becomes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell.kit.html import Cleaned, clean_mail, text_from_html, with_remote_images


def clean(html: str, known: dict[str, str] | None = None) -> Cleaned:
    return clean_mail(html, cid=(known or {}).get)


@pytest.mark.parametrize(
    ("dirty", "kept"),
    [
        ("<p onclick=x()>a<script>x()</script></p>", "<p>a</p>"),
        ("<svg><script>x()</script></svg>b", "b"),
        ("<base href=//evil><meta http-equiv=refresh content=0>c", "c"),
        ("<form action=//evil>name <input name=q> go</form>", "name  go"),
        ("<style>p{position:fixed}</style><iframe src=x>y</iframe>d", "d"),
        (
            '<p style="position:fixed;top:0;color:red;background-image:url(//x)">e</p>',
            '<p style="color:red">e</p>',
        ),
        ("a\x00b<scr\x00ipt>x()</scr\x00ipt>", "ab"),
        ("<!-- [if mso]>x<![endif] -->f", "f"),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
    ],
)
def test_what_runs_loads_or_covers_is_gone_and_the_words_stay(dirty, kept):
    assert clean(dirty) == Cleaned(kept, 0)


def test_links_open_elsewhere_and_tell_nothing():
    assert clean('<a href="https://a.example/?b=1&c" ping=x>y</a>').html == (
        '<a href="https://a.example/?b=1&amp;c" target="_blank" rel="noopener noreferrer nofollow">y</a>'
    )
    assert "javascript" not in clean("<a href=' java\nscript:alert(1)'>z</a>").html


def test_inline_images_are_our_copies():
    html = '<img src="cid:logo@1"><img src="CID:<two@1>"><img src="cid:nobody">'
    assert clean(html, {"logo@1": "/f/1", "two@1": "/f/2"}).html == '<img src="/f/1"><img src="/f/2"><img>'


def test_remote_images_wait_until_somebody_asks():
    html = (
        '<img alt=\'<img data-remote-src="no">\' src="HTTPS://t.example/p.gif?a=1&b=2">'
        '<p> src="x" data-remote-src="y"</p>'
    )
    cleaned = clean(html)
    assert cleaned.remote_images == 1
    assert cleaned.html == (
        '<img alt="&lt;img data-remote-src=&quot;no&quot;&gt;"'
        ' data-remote-src="HTTPS://t.example/p.gif?a=1&amp;b=2">'
        '<p> src="x" data-remote-src="y"</p>'
    )
    shown = with_remote_images(cleaned.html)
    assert ' src="HTTPS://t.example/p.gif?a=1&amp;b=2">' in shown
    assert shown.endswith('<p> src="x" data-remote-src="y"</p>')


@pytest.mark.slow
@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 100_000 + "x",
        "<b>" * 100_000 + "x",
        "<table><tr><td>" * 5_000 + "x",
        "<a href=" * 50_000,
        "&" * 1_000_000,
        "<" * 500_000,
        "<p>one <b>two</b></p>" * 50_000,
    ],
    ids=["deep", "bold", "tables", "open", "ampersands", "less-than", "long"],
)
def test_hostile_input_takes_seconds_at_most(hostile):
    began = time.process_time()
    clean(hostile)
    text_from_html(hostile)
    assert time.process_time() - began < 10


PIECES = ["<p>", "</p>", "<td>", "<li>", "<b x='1'", "&", "\x00", "\x0b", "<!--", "-->", "<![CDATA[", "]]>"]
PIECES += ["<?x", "?>", "<img", " src=cid:a>", "é"]


@given(st.text(max_size=300) | st.lists(st.sampled_from(PIECES)).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_input_becomes_something_safe(html):
    cleaned = clean(html).html
    assert "<script" not in cleaned
    assert clean(cleaned).html.count("<") == cleaned.count("<")
    assert isinstance(text_from_html(html), str)


def test_unclosed_paragraphs_are_not_depth():
    html = "<p>line" * 500
    assert clean(html).html == "<p>line</p>" * 500


def test_text_keeps_paragraphs_lists_and_tables():
    html = (
        "<style>x</style><p>Dear desk,</p><p>it&nbsp;is <b>down</b>.</p>"
        "<ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table>"
    )
    lines = [line.split() for line in text_from_html(html).splitlines() if line.strip()]
    assert lines == [["Dear", "desk,"], ["it", "is", "down."], ["*", "one"], ["*", "two"], ["a", "b"]]


def test_text_of_nothing_is_empty():
    assert [text_from_html(html) for html in ("", "<!-- x -->", "<style>y</style>", "<br>")] == [""] * 4
