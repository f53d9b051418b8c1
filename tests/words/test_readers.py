"""Who reads what in which language, and what is the same in all of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation

from deskbell.events.actor import SYSTEM
from deskbell.kit.jinja import environment, file_size, number
from deskbell.kit.secrets import unseal
from deskbell.kit.time import day
from deskbell.notifications import mail
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import change_company, change_person
from deskbell.people.reader import reading
from deskbell.tickets.models import Queue
from tests import stories
from tests.access.visit import BACKEND

pytestmark = pytest.mark.django_db


def heading(path: str, asked: str = "", client: Client | None = None) -> tuple[str, str]:
    """What the page is written in, and its title up to the name of the company."""
    answer = (client or Client()).get(path, headers={"Accept-Language": asked} if asked else {})
    title = answer.content.decode().partition("<title>")[2].partition(" · ")[0]
    return answer.headers["Content-Language"], title


def test_a_guest_reads_the_first_language_of_ours_that_the_browser_asks_for():
    assert heading("/signin/", "fr, de-AT;q=0.8, en;q=0.5") == ("de", "Anmelden")
    assert heading("/signin/", "en, de;q=0.5") == ("en", "Sign in")


def test_who_asks_for_nothing_of_ours_reads_the_company_s_language():
    change_company(by=SYSTEM, language="de")
    assert heading("/signin/", "fr") == ("de", "Anmelden")
    assert heading("/signin/") == ("de", "Anmelden")


def test_a_person_s_own_language_stands_over_the_browser_s():
    agent = stories.staff()
    client = Client()
    client.force_login(agent, backend=BACKEND)
    assert heading("/desk/", "en", client) == ("en", "Needs reply")
    profile = {"name": agent.name, "language": "de", "time_zone": ""}
    client.post("/account/", profile, headers={"Accept-Language": "en"})
    assert heading("/desk/", "en", client) == ("de", "Antwort nötig")


def test_a_language_that_is_no_longer_spoken_is_none():
    with reading(language="tlh") as spoken:
        assert (spoken, translation.get_language()) == ("en", "en")


def test_a_name_that_every_desk_begins_with_is_translated_and_one_of_its_own_is_not():
    customer = stories.customer()
    change_person(customer, by=SYSTEM, language="de")
    Queue.objects.filter(slug="network").update(name="<b>100 % Ärger</b>")
    client = Client()
    client.force_login(customer, backend=BACKEND)
    page = client.get("/portal/tickets/new/").content.decode()
    assert "<strong>Abrechnung</strong>" in page
    assert "<strong>&lt;b&gt;100 % Ärger&lt;/b&gt;</strong>" in page
    assert Queue.objects.get(slug="billing").name == "Billing"


def test_a_mail_speaks_the_language_of_its_recipient_whoever_caused_it():
    reader = stories.staff()
    change_person(reader, by=SYSTEM, language="de")
    with translation.override("en"):
        item = mail.put_test(reader)
    assert OutboxItem.objects.get(pk=item.pk).state == "queued"
    assert unseal(bytes(item.payload))["subject"].startswith("Testmail von ")
    assert '<html lang="de"' in unseal(bytes(item.payload))["html"]


def test_a_problem_of_the_api_is_told_in_the_language_asked_for_under_the_same_type():
    told = [
        Client().get("/api/v1/me", headers={"Accept-Language": language}).json() for language in ("de", "en")
    ]
    assert [problem["status"] for problem in told] == [401, 401]
    assert told[0]["type"] == told[1]["type"]
    assert [problem["detail"] for problem in told] == [
        "Senden Sie ein gültiges Token: Authorization: Bearer …",
        "Send a valid token: Authorization: Bearer …",
    ]


def test_what_monitors_read_is_the_same_in_every_language():
    told = [
        Client().get("/readyz", headers={"Accept-Language": language}).json()["worker"]
        for language in ("de", "en")
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ("1,234,567", "1.4\xa0MB", "812\xa0B", "Nov 22, 2021")),
        ("de", ("1.234.567", "1,4\xa0MB", "812\xa0B", "22.11.2021")),
    ],
)
def test_numbers_sizes_and_dates_are_written_as_the_language_has_them(language, shown):
    with reading(language=language):
        on = day(datetime(2021, 11, 22, 12, tzinfo=UTC))
        assert (number(1_234_567), file_size(1_430_000), file_size(812), on) == shown


def test_a_word_of_a_template_without_gaps_may_hold_a_percent_sign():
    jinja = environment(autoescape=True)
    shown = jinja.from_string("{{ word(name) }}|{{ _('Open') }}").render(name="50% off & <more>")
    assert shown == "50% off &amp; &lt;more&gt;|Open"
