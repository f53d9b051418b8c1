"""Many people invited from one list."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.events.models import Event, EventDetail
from deskbell.people import actions
from deskbell.people.models import Invitation
from deskbell.setup import roster
from tests.stories import staff, team

LIST = "/setup/people/invitations/list/"
KEY = "abcdefghijklmnopqrstuv"


def look(web, text: str, **values) -> str:
    answer = web.post(LIST, {"text": text, "role": "agent", "team": "", **values})
    assert answer.status_code == 200, re.findall("field-error.*?</p>", answer.content.decode())
    return answer.content.decode()


def rows_of(text: str) -> str:
    found = re.search('name="rows" value="(.*?)"', text)
    assert found
    return html.unescape(found[1])


def send(web, text: str, **values):
    return web.post(LIST, {"rows": rows_of(text), "role": "agent", "do": "send", "once": KEY, **values})


@pytest.mark.parametrize(
    "content",
    [
        "E-Mail;Name;Rolle;Team\nada@x.example;Ada Ä;Agent;\nbob@x.example;;Supervisor;Nacht".encode(
            "utf-8-sig"
        ),
        "ada@x.example,Ada Ä,agent\nbob@x.example,,supervisor,nacht\n".encode("cp1252"),
        "name\temail\tteam\trole\nAda Ä\tada@x.example\t\tagent\n\tbob@x.example\tNacht\tsupervisor".encode(
            "utf-16"
        ),
    ],
)
def test_files_of_all_usual_kinds_are_read(web, content):
    team("Nacht")
    file = SimpleUploadedFile("people.csv", content)
    text = web.post(LIST, {"file": file, "role": "agent"}).content.decode()
    assert send(web, text).url == "/setup/people/invitations/"
    sent = Invitation.objects.order_by("pk").values_list("email", "name", "role__slug", "team__name")
    assert list(sent) == [
        ("ada@x.example", "Ada Ä", "agent", None),
        ("bob@x.example", "", "supervisor", "Nacht"),
    ]


def test_every_row_gets_its_verdict(client, db):
    admin = staff("admin")
    client.force_login(admin)
    here = staff("agent", name="Here")
    actions.set_password(here, "x", how="made", by=admin)
    gone = staff("agent")
    actions.deactivate(gone, by=admin)
    actions.invite("waiting@x.example", role="agent", by=admin)
    given = (
        "fresh@x.example\nno address\nFRESH@x.example\nwaiting@x.example\n"
        "a@x.example,A,Emperor\nb@x.example,B,Owner\nc@x.example,C,,Nobody's\nd@x.example,D,Customer,Night\n"
        f"{here.email}\n{gone.email}\n{here.email.upper()}\n"
    )
    team("Night")
    rows = roster.read(given)
    from deskbell.people.models import Role

    roster.judge(rows, role=Role.objects.get(slug="agent"), team=None, by=admin)
    assert [row.verdict for row in rows] == [
        "ready",
        "not_an_address",
        "twice",
        "invited",
        "unknown_role",
        "forbidden_role",
        "unknown_team",
        "no_team",
        "here",
        "closed",
        "twice",
    ]
    answer = send(client, look(client, given))
    assert answer.status_code == 200
    assert "1 person is invited." in answer.content.decode()
    assert len(json.loads(rows_of(answer.content.decode()))) == 10
    assert list(Invitation.objects.order_by("pk").values_list("email", flat=True)) == [
        "waiting@x.example",
        "fresh@x.example",
    ]


def test_a_second_click_or_another_key_sends_nothing_twice(web, owner):
    text = look(web, "ada@x.example\nbob@x.example")
    for key in (KEY, KEY, "another-key-of-the-form"):
        send(web, text, once=key)
    assert Invitation.objects.count() == 2
    happened = Event.objects.filter(kind="invitation.sent", actor_id=owner.pk)
    assert happened.count() == 2
    assert EventDetail.objects.filter(event__in=happened, values__email="ada@x.example").count() == 1


def test_a_row_is_mended_in_place_or_left_out(web):
    text = look(web, "ada\nnobody\ncy@x.example")
    mended = web.post(
        LIST,
        {
            "rows": rows_of(text),
            "role": "agent",
            "do": "check",
            "email-0": "ada@x.example",
            "name-0": "Ada",
            "drop-1": "on",
        },
    ).content.decode()
    assert "To be mended" not in mended
    send(web, mended)
    assert list(Invitation.objects.order_by("pk").values_list("email", "name")) == [
        ("ada@x.example", "Ada"),
        ("cy@x.example", ""),
    ]


def test_what_cannot_be_sent_is_downloaded_without_formulas(web):
    text = look(web, "=cmd()|x,+1,@a,-b\nada@x.example")
    answer = web.post(LIST, {"rows": rows_of(text), "role": "agent", "do": "download"})
    assert answer["Content-Disposition"] == 'attachment; filename="not-invited.csv"'
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines == ["E-mail,Name,Role,Team,What is wrong", "'=cmd()|x,'+1,'@a,'-b,Not an e-mail address"]
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Choose a file, or put the lines below."),
        ("email,name\n", "There is nobody in this list."),
        ("\n".join(f"p{n}@x.example" for n in range(501)), "At most 500 people at once."),
    ],
)
def test_a_list_of_nobody_or_of_too_many_is_refused(web, text, said):
    answer = web.post(LIST, {"text": text, "role": "agent"})
    assert answer.status_code == 422
    assert said in answer.content.decode()


@pytest.mark.parametrize("rows", ["", "7", "[7]", '[["a"]]', '{"a": 1}'])
def test_made_up_rows_lead_back_to_the_form(web, rows):
    answer = web.post(LIST, {"rows": rows, "role": "agent", "do": "send"})
    assert answer.url == LIST
    assert Invitation.objects.count() == 0


def test_500_people_cost_as_many_queries_as_two(web):
    counts = []
    for number in (2, 500):
        text = look(web, "\n".join(f"p{number}-{n}@x.example" for n in range(number)))
        with CaptureQueriesContext(connection) as queries:
            answer = send(web, text, once=f"key-of-the-form-{number}")
        assert answer.url == "/setup/people/invitations/"
        counts.append(len(queries))
    assert Invitation.objects.count() == 502
    assert counts[0] == counts[1]
