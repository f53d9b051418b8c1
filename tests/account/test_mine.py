"""The archive of what is kept about a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from deskbell.events.models import Event
from deskbell.files.actions import store
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from tests.stories import customer, staff, ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def fetched(client: Client) -> dict[str, Any]:
    """What the archive holds: JSON read, files as bytes."""
    answer = client.post("/account/mine/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert "no-store" in answer.headers["Cache-Control"]
    held: dict[str, Any] = {}
    for name, path, _at in json.loads(answer.headers["X-Deskbell-Archive"]):
        content = Path(path).read_bytes()
        held[name] = json.loads(content) if name.endswith(".json") else content
    return held


def test_a_customer_gets_his_profile_tickets_sign_ins_and_files_and_nothing_of_others(client):
    lena, other, agent = customer(name="Lena Hart"), customer(name="Otto"), staff(name="Mara Lind")
    asked = ticket(lena, "The printer is offline.", subject="Printer")
    ticket(other, "A secret of Otto")
    actions.reply(asked, Content.markdown("Switch it on."), by=agent)
    actions.note(asked, Content.markdown("She forgot the switch again."), by=agent)
    log = NewFile(store(b"paper jam"), "log.txt")
    actions.customer_reply(asked, Content(text="Here it is.", files=[log]), by=lena)
    client.force_login(lena)
    held = fetched(client)
    assert set(held) == {"profile.json", "tickets.json", "sign-ins.json", "files/log.txt"}
    assert held["files/log.txt"] == b"paper jam"
    assert (held["profile.json"]["name"], held["profile.json"]["email"]) == ("Lena Hart", lena.email)
    (shown,) = held["tickets.json"]
    assert (shown["number"], shown["subject"]) == (asked.number, "Printer")
    assert [(one["by"], one["from_me"], one["text"]) for one in shown["messages"]] == [
        ("Lena Hart", True, "The printer is offline."),
        ("Mara Lind", False, "Switch it on."),
        ("Lena Hart", True, "Here it is."),
    ]
    assert [line["what"] for line in held["sign-ins.json"]] == ["signed in"]
    assert Event.objects.get(kind="user.data_exported").about_id == lena.pk


def test_it_costs_the_same_for_one_ticket_and_three(client, django_assert_max_num_queries):
    lena = customer()
    ticket(lena)
    client.force_login(lena)
    client.get("/account/mine/")
    with django_assert_max_num_queries(45):
        client.post("/account/mine/")
    ticket(lena)
    ticket(lena)
    with django_assert_max_num_queries(45):
        client.post("/account/mine/")


def test_only_a_click_fetches_it(client):
    client.force_login(customer())
    assert client.get("/account/mine/").headers["Content-Type"].startswith("text/html")
    assert not Event.objects.filter(kind="user.data_exported").exists()
