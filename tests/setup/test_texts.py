"""The pages on which mails get words of the company's own."""

from __future__ import annotations

import pytest

from deskbell.kit.secrets import unseal
from deskbell.notifications.models import MailText
from deskbell.outbox.models import OutboxItem
from deskbell.people.queries import company

WORDS = {"subject": "About {{ticket.subject}}", "text": "We have it, {{customer.first_name}}."}


def test_a_text_is_changed_shown_as_changed_and_taken_back(web):
    page = web.get("/setup/texts/received/en/").content.decode()
    assert "We have your message: ticket {{ticket.number}}, {{ticket.subject}}." in page
    answer = web.post("/setup/texts/received/en/", WORDS)
    assert (answer.status_code, answer["Location"]) == (302, "/setup/texts/received/en/")
    stored = MailText.objects.get()
    assert (stored.mail, stored.language, stored.subject, stored.text) == ("received", "en", *WORDS.values())
    assert web.get("/setup/texts/").content.decode().count(">own words<") == 1
    web.post("/setup/texts/received/en/reset/")
    assert not MailText.objects.exists()


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(web):
    answer = web.post("/setup/texts/reply/en/", {"subject": "{{nonsense}}", "text": "Only <b>words</b>"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not a variable here: {{nonsense}}." in page
    assert 'value="{{nonsense}}"' in page and "Only &lt;b&gt;words&lt;/b&gt;" in page
    answer = web.post("/setup/texts/reply/en/", {"subject": "x", "text": "Only words"})
    assert "This mail is sent for the sake of {{message}}: put it back in." in answer.content.decode()
    answer = web.post("/setup/texts/reply/en/", {"subject": "", "text": "  "})
    assert answer.status_code == 422
    assert not MailText.objects.exists()


@pytest.mark.parametrize("key", ["received", "reply", "invitation", "undelivered"])
def test_the_preview_shows_what_stands_in_the_form(web, key):
    words = {"subject": "x", "text": "Good <i>day</i>, {{company.name}}!"}
    shown = web.post(f"/setup/texts/{key}/de/preview/", words)
    assert f"Good &lt;i&gt;day&lt;/i&gt;, {company().name}!" in shown.content.decode()
    assert 'lang="de"' in shown.content.decode()
    assert shown["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert web.get(f"/setup/texts/{key}/en/preview/").status_code == 200


def test_a_trial_goes_to_who_asks_and_stores_no_text(web, owner):
    answer = web.post("/setup/texts/received/en/trial/", WORDS, headers={"HX-Request": "true"})
    assert f"It is on its way to {owner.email}." in answer.content.decode()
    item = OutboxItem.objects.get()
    assert (item.recipient, item.kind) == (owner.email, "mail_text.sample")
    assert "We have it, Olga." in unseal(bytes(item.payload or b""))["text"]
    assert not MailText.objects.exists()
    answer = web.post("/setup/texts/received/en/trial/", {"subject": "", "text": "x"})
    assert answer.status_code == 422
    assert OutboxItem.objects.count() == 1


@pytest.mark.parametrize("path", ["nonsense/en/", "received/xx/", "received/xx/preview/"])
def test_what_does_not_exist_is_not_found(web, path):
    assert web.get(f"/setup/texts/{path}").status_code == 404
