"""Macros, base pages, error pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views import defaults
from jinja2 import UndefinedError

from deskbell.kit import failures, jinja, once

KIT = Path(jinja.__file__).parent


def render(source: str, **context: object) -> str:
    template = engines["jinja2"].env.from_string('{% import "kit/ui.html" as ui %}' + source)
    return template.render(**context).strip()


class Sample(forms.Form):
    name = forms.CharField(help_text="As on the card.")
    note = forms.CharField(required=False)


def test_a_name_that_is_not_there_fails():
    with pytest.raises(UndefinedError):
        render("{{ nothing }}")


def test_a_field_ties_label_help_and_error_together():
    html = render("{{ ui.field(form.name) }}", form=Sample({"name": ""}))
    assert '<label class="field-label" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext">As on the card.<' in html
    assert re.search(
        r'id="id_name_error">\s*<p class="field-error">.*This field is required\.</p>', html, re.S
    )


def test_what_people_typed_is_escaped():
    html = render(
        "{{ ui.avatar(name) }}{{ ui.tag(name) }}{{ ui.button(name) }}{{ name|linebreaks }}", name="<b>\nx"
    )
    assert "<b>" not in html
    assert html.endswith("&lt;b&gt;<br>x")


@pytest.mark.parametrize("category", ["new", "open", "scheduled", "pending", "on_hold", "resolved", "closed"])
def test_a_status_is_a_colour_and_a_word(category):
    assert render("{{ ui.status(c, 'Word') }}", c=category).endswith(">Word</span>")


def test_a_time_is_exact_for_machines_and_on_hover():
    html = render("{{ ui.time(at) }}", at=datetime(2020, 1, 2, 3, 4, tzinfo=UTC)).replace("\u202f", " ")
    assert html == (
        '<time datetime="2020-01-02T03:04:00Z" title="Jan 2, 2020, 3:04 AM UTC" data-relative>'
        "Jan 2, 2020</time>"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_433_222, "1.4 MB"), (9_960_000, "10 MB")],
)
def test_file_sizes(size, text):
    assert jinja.file_size(size) == text.replace(" ", "\xa0")


@pytest.mark.parametrize(
    ("name", "letters"), [("Mira Holm", "MH"), ("ada", "A"), ("x.y@z.example", "XY"), ("", "?"), ("🙂", "?")]
)
def test_initials(name, letters):
    assert jinja.initials(name) == letters


@pytest.mark.parametrize("page", ["400", "404", "403", "500", "429"])
def test_error_pages_need_neither_request_nor_database(page):
    html = render_to_string(f"{page}.html")
    assert "<h1>" in html
    assert 'href="/"' in html


def test_a_broken_view_is_answered_with_our_page():
    response = defaults.server_error(RequestFactory().get("/"))
    assert (response.status_code, "Something broke on our side" in response.content.decode()) == (500, True)


@pytest.mark.django_db
def test_an_old_form_is_refused_with_the_way_back():
    response = failures.csrf(RequestFactory().post("/desk/tickets/7/?a=1"))
    assert response.status_code == 403
    assert 'href="/desk/tickets/7/?a=1"' in response.content.decode()


def test_accepted_forms_are_named_in_a_cookie_the_last_five_at_most():
    from django.http import HttpResponse

    keys = [once.new_key() for _ in range(7)]
    request = RequestFactory().post("/", {"once": keys[6]})
    request.COOKIES[once.COOKIE] = ".".join([*keys[:6], "<bad>"])
    cookie = once.accepted(HttpResponse(), request).cookies[once.COOKIE]
    assert cookie.value.split(".") == keys[2:7]
    assert once.accepted(HttpResponse(), RequestFactory().post("/", {"once": "a b"})).cookies == {}


def test_templates_keep_to_the_content_security_policy():
    """No inline script, style or handler: the policy would refuse them."""
    wrong = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    areas = KIT.parent.glob("*/jinja2/**/*.html")
    pages = [path for path in areas if "mail" not in path.relative_to(KIT.parent).as_posix()]
    assert len(pages) > 20
    assert [path.name for path in pages if wrong.search(path.read_text())] == []


def test_every_style_sheet_puts_its_rules_into_a_layer():
    for path in jinja.STYLES.glob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert re.match(r"\s*@layer [\w, ]+[{;]", text), path.name
    assert jinja.stylesheets()[0].endswith("kit/css/tokens.css")
