"""The page of the company, and the first steps."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from deskbell.events.models import Event
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Accepted, Final
from deskbell.people import actions
from deskbell.people.models import Company
from deskbell.people.queries import company
from deskbell.setup import steps
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Queue
from tests.setup.conftest import page
from tests.stories import staff, ticket

KEY = "abcdefghijklmnopqrstuv"
FORM = {
    "name": "Nordlicht",
    "support_address": "help@nordlicht.example",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "date_format": "22.11.2026",
    "registration": "domains",
    "phone_days": "30",
    "once": KEY,
}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def logo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (300, 100), "#7a1fa2").save(out, "PNG")
    return SimpleUploadedFile("logo.png", out.getvalue(), "image/png")


def wrong(answer) -> list[str]:
    return re.findall(r'id="id_(\w+)_error"', answer.content.decode())


# --- the company ----------------------------------------------------------------------------------


def test_what_is_filled_in_is_stored_and_stands_in_the_audit_trail(web):
    given = {
        "own_accent": "on",
        "accent": "#7A1FA2",
        "logo": logo(),
        "guests": "on",
        "announcement": "Hello",
        "announced_until": "2099-01-01T10:00",
        "link_label_2": "Imprint",
        "link_address_2": "https://nordlicht.example/",
    }
    assert web.post("/setup/company/", FORM | given).status_code == 302
    desk = company()
    assert (desk.name, desk.accent, desk.date_format, desk.registration) == (
        "Nordlicht",
        "#7a1fa2",
        "22.11.2026",
        "domains",
    )
    assert desk.footer_links == [{"label": "Imprint", "address": "https://nordlicht.example/"}]
    assert (desk.guests, desk.announced_until.isoformat()) == (True, "2099-01-01T10:00:00+00:00")
    assert desk.logo_id
    trail = page(web, "/setup/audit/?kind=company.")
    assert (
        "changed: colour, end of the announcement, announcement, dates, links in the footer, icon, logo, "
        "name, who may make an account, support address, time zone"
    ) in trail


def test_the_page_shows_what_is_stored_and_saving_it_changes_nothing(web):
    web.post("/setup/company/", FORM | {"own_accent": "on", "accent": "#7a1fa2", "logo": logo()})
    text = page(web, "/setup/company/")
    assert 'value="Nordlicht"' in text
    assert 'value="#7a1fa2"' in text
    web.post("/setup/company/", FORM | {"own_accent": "on", "accent": "#7a1fa2", "once": KEY[::-1]})
    assert Event.objects.filter(kind="company.changed").count() == 1


def test_a_logo_is_removed_and_a_colour_given_back(web):
    web.post("/setup/company/", FORM | {"own_accent": "on", "accent": "#7a1fa2", "logo": logo()})
    web.post("/setup/company/", FORM | {"accent": "#7a1fa2", "remove_logo": "on"})
    assert (company().logo_id, company().icon_id, company().accent) == (None, None, "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("support_address", "nobody"),
        ("support_address", "grüße@nordlicht.example"),
        ("accent", "red"),
        ("time_zone", "Nowhere/Gone"),
        ("language", "xx"),
        ("date_format", "yesterday"),
        ("announced_until", "2001-01-01T10:00"),
        ("link_address_0", "javascript:alert(1)"),
        ("link_address_0", "data:text/html,x"),
        ("link_address_0", "mailto:nobody"),
        ("link_address_0", ""),
        ("logo", SimpleUploadedFile("logo.svg", b"<svg onload='alert(1)'/>", "image/svg+xml")),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_stored(web, field, value):
    label = {"link_label_0": "Imprint"} if field.startswith("link") else {}
    answer = web.post("/setup/company/", FORM | {"own_accent": "on"} | label | {field: value})
    assert answer.status_code == 422
    assert wrong(answer) == [field]
    assert Company.objects.count() == 0


def test_a_colour_is_tried_without_being_stored(web):
    answer = web.get("/setup/company/colours.css", {"accent": "#7a1fa2"})
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert b"--accent: light-dark(#7a1fa2" in answer.content
    assert web.get("/setup/company/colours.css", {"accent": "#fff;}"}).status_code == 400
    assert Company.objects.count() == 0


# --- the first steps ------------------------------------------------------------------------------


@pytest.fixture
def server(settings):
    """EMAIL_URL names a mail server; the tests say what it answered."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def done() -> set[str]:
    return {step.slug for step in steps.steps() if step.done}


def ask_for_mail(web, address: str = "help@nordlicht.example", key: str = KEY):
    return web.post("/setup/start/support/", {"support_address": address, "once": key})


def settle(result) -> None:
    item = OutboxItem.objects.filter(cause_kind="test_mail").latest("pk")
    outbox.claim(item.pk)
    outbox.record_result(item.pk, result)


def test_a_new_desk_has_all_steps_before_it(web):
    text = page(web, "/setup/start/")
    assert done() == set()
    assert "0 of 5 done" in text
    assert "/setup/start/" in page(web, "/setup/")


def test_steps_are_ticked_by_what_is_so(web, owner):
    actions.change_company(by=owner, name="Nordlicht")
    assert done() == {"company"}
    Queue.objects.filter(slug="billing").update(active=False)
    assert done() == {"company", "queues"}
    invitation = actions.invite("ann@nordlicht.example", role="agent", by=owner)
    assert done() == {"company", "queues", "colleagues"}
    actions.withdraw_invitation(invitation, by=owner)
    assert done() == {"company", "queues"}
    waiting = ticket()
    assert f"Answer ticket #{waiting.number}" in page(web, "/setup/start/")
    tickets.reply(waiting, Content.markdown("It works again."), by=owner)
    assert done() == {"company", "queues", "ticket"}


def test_the_mail_step_is_ticked_when_the_server_took_the_mail(web, owner, server):
    assert ask_for_mail(web).status_code == 302
    assert company().support_address == "help@nordlicht.example"
    assert OutboxItem.objects.get().recipient == owner.email
    assert "is on its way" in page(web, "/setup/start/")
    assert "support" not in done()
    settle(Accepted())
    assert "support" in done()
    assert "The mail server took the test mail" in page(web, "/setup/start/")


def test_a_refused_test_mail_is_told_with_its_reason_and_not_ticked(web, server):
    ask_for_mail(web)
    settle(Final("550", "no such sender"))
    text = page(web, "/setup/start/")
    assert "no such sender (550)" in text
    assert "support" not in done()
    assert web.get("/setup/start/mail/")["HX-Refresh"] == "true"


def test_another_address_wants_another_test(web, owner, server):
    ask_for_mail(web)
    settle(Accepted())
    actions.change_company(by=owner, support_address="desk@nordlicht.example")
    assert "support" not in done()
    ask_for_mail(web, "desk@nordlicht.example", KEY[::-1])
    settle(Accepted())
    assert "support" in done()


def test_a_mail_in_a_file_ticks_nothing_and_says_so(web, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    ask_for_mail(web)
    settle(Accepted())
    text = page(web, "/setup/start/")
    assert "was written to a file" in text
    assert "EMAIL_URL is not set" in text
    assert "support" not in done()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "support" not in done()


def test_a_double_click_sends_one_mail(web, server):
    ask_for_mail(web)
    ask_for_mail(web)
    assert OutboxItem.objects.count() == 1


def test_an_address_that_is_none_sends_nothing(web, server):
    answer = ask_for_mail(web, "nobody")
    assert (answer.status_code, wrong(answer)) == (422, ["support_address"])
    assert (OutboxItem.objects.count(), Company.objects.count()) == (0, 0)


def test_a_step_is_skipped_and_taken_up_again_and_all_are_hidden(web):
    web.post("/setup/start/queues/skipping/")
    assert company().skipped_steps == ["queues"]
    web.post("/setup/start/queues/skipping/")
    assert company().skipped_steps == []
    assert web.post("/setup/start/nonsense/skipping/").status_code == 404
    web.post("/setup/start/all/skipping/")
    assert not steps.any_left()
    assert "/setup/start/" not in page(web, "/setup/people/")
    assert "/setup/start/" not in page(web, "/setup/")


def test_a_skipped_step_is_not_called_done(web, monkeypatch):
    lead = r'<p class="lead">\s*(.*?)</p>'
    for slug in ("company", "support", "colleagues", "ticket"):
        monkeypatch.setitem(steps.DONE, slug, lambda: True)
    web.post("/setup/start/queues/skipping/")
    assert re.findall(lead, page(web, "/setup/start/")) == [
        "1 step was skipped and still waits for you below; the rest is done."
    ]
    monkeypatch.setitem(steps.DONE, "queues", lambda: True)
    assert re.findall(lead, page(web, "/setup/start/")) == ["That is all. Your desk is ready."]
    for slug in steps.DONE:
        monkeypatch.setitem(steps.DONE, slug, lambda: False)
        if slug != "queues":
            web.post(f"/setup/start/{slug}/skipping/")
    assert re.findall(lead, page(web, "/setup/start/")) == [
        "You skipped every step. Each of them can be taken up again below."
    ]


@pytest.mark.parametrize("role", ["agent", "supervisor", "auditor"])
@pytest.mark.parametrize("path", ["start/", "company/", "start/mail/"])
def test_both_are_for_administrators(client, db, role, path):
    client.force_login(staff(role))
    assert client.get(f"/setup/{path}").status_code == 403
