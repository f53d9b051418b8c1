"""Markdown for people who paste logs."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell.kit.markdown import LONGEST, to_html, to_text


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).replace("\xa0", " ").strip()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>\n"),
        ("```\n<a>\n  b\n```", "<pre><code>&lt;a&gt;\n  b\n</code></pre>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        (
            "see https://a.example/b_c_d",
            '<p>see <a href="https://a.example/b_c_d" target="_blank" rel="noopener noreferrer nofollow">'
            "https://a.example/b_c_d</a></p>\n",
        ),
    ],
)
def test_marks_become_html(text, html):
    assert to_html(text) == html


@pytest.mark.parametrize(
    "pasted",
    [
        "# cat /etc/hosts",
        "<note id='1'>\n  <to>x</to>\n</note>",
        "<script>alert(1)</script>",
        r"\\server\share\*.log and C:\temp\_x",
        "__init__ and snake_case_name",
        "&lt;tag&gt; &amp; &#65;",
        "[ref]: target 'title'",
        "-----\nTitle\n=====",
        "a:\n  b:   1\n\tc: 2",
        "name      state     pid",
        "rm *.log *.txt",
        "--\nJon",
        "x\x0cy",
    ],
)
def test_pasted_text_is_shown_as_it_is(pasted):
    assert words(to_html(pasted)) == pasted.expandtabs(4).strip()
    assert "<script" not in to_html(pasted)


def test_a_very_long_text_is_shown_without_marks():
    text = "**log** <line>\n" * (LONGEST // 14)
    assert to_html(text) == f"<pre>{text.replace('<', '&lt;').replace('>', '&gt;')}</pre>"


def test_text_has_the_words_without_the_marks():
    text = "**Hello** [docs](https://a.example)\n\n- one\n- `two`\n\n1. a\n2. b\n\n```\nx  y\n```\n> q"
    assert to_text(text) == "Hello docs\n\n- one\n- two\n1. a\n2. b\nx  y\n\nq"


@given(st.text(alphabet="ab*_`~[]()<>&\\#-=|!\n \t1.:/", max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_letter_ever_vanishes(text):
    shown = words(to_html(text)) + "".join(re.findall(r'href="([^"]*)"', to_html(text)))
    for letter in "ab":
        # a word after ``` names a language, and is kept as the block's class
        assert shown.count(letter) + "".join(re.findall(r'class="([^"]*)"', to_html(text))).count(
            letter
        ) >= text.count(letter)
    assert isinstance(to_text(text), str)
