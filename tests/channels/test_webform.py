"""What somebody without an account sends: stored first, decided by the one door, each hour only so much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from deskbell.channels import actions, inbound, queries, tallies
from deskbell.channels.models import Channel, InboundFile, InboundItem, Tally
from deskbell.channels.webform import limits
from deskbell.channels.webform.sent import FormSent
from deskbell.events.models import Event
from deskbell.files import keep
from deskbell.files.actions import store
from deskbell.files.models import Blob
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets.content import NewFile
from deskbell.tickets.models import Ticket
from tests import stories


@pytest.fixture(autouse=True)
def folder(db, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.SUPPORT_ADDRESS = "support@desk.example"


def form(**values: Any) -> FormSent:
    given = {
        "name": "Lena Hart",
        "email": "Lena.Hart@Mail.example",
        "subject": "No Wi-Fi",
        "text": "Since **Monday**.",
        "queue": "network",
        "language": "en",
    }
    return FormSent(**given | values)


def file(text: bytes = b"a log") -> NewFile:
    return NewFile(store(ContentFile(text)), "wifi.log")


def receive(sent: FormSent, *files: NewFile) -> dict[str, Any]:
    return inbound.receive(actions.receive_form(sent, list(files)).pk)


def test_a_form_is_stored_with_its_job_before_it_is_understood():
    item = actions.receive_form(form(), [file()])
    assert (item.channel.kind, item.channel.name, item.envelope_from) == (
        "webform",
        "Web form",
        "Lena.Hart@Mail.example",
    )
    assert FormSent.parse(item.raw).text == "Since **Monday**."
    assert item.external_id == FormSent.parse(item.raw).reference
    assert not Ticket.objects.exists()
    assert not User.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select (args ->> 'item_id')::int from procrastinate_jobs where task_name = 'channels.receive'"
        )
        assert cursor.fetchall() == [(item.pk,)]


def test_it_opens_a_ticket_of_the_person_with_the_address():
    answer = receive(form(), file())
    ticket = Ticket.objects.get()
    assert answer == {
        "inbound": InboundItem.objects.get().pk,
        "state": "ticketed",
        "reason": "web_form",
        "ticket": ticket.number,
        "message": ticket.last_message_id,
    }
    assert (ticket.subject, ticket.queue.slug, ticket.source, ticket.channel) == (
        "No Wi-Fi",
        "network",
        "webform",
        "web",
    )
    person = ticket.requester
    assert (person.name, person.email, person.language) == ("Lena Hart", "lena.hart@mail.example", "en")
    assert person.identities.get().verified_at is None
    assert not person.has_usable_password()
    message = ticket.messages.get()
    assert (message.direction, message.kind, message.text) == ("in", "human", "Since **Monday**.")
    assert [each.filename for each in message.attachments.all()] == ["wifi.log"]
    assert not InboundFile.objects.exists()
    assert queries.totals()["balanced"]


def test_a_known_person_is_not_changed_by_a_stranger_with_his_address():
    known = stories.customer(name="Lena Real")
    people.change_person(known, by=known, language="en")
    receive(form(email=str(known.email), name="Somebody Else", language="de"))
    known.refresh_from_db()
    assert (known.name, known.language) == ("Lena Real", "en")
    assert Ticket.objects.get().requester == known


def test_it_never_joins_a_ticket_that_is_there():
    known = stories.customer()
    old = stories.ticket(known)
    receive(form(email=str(known.email), subject=f"Re: #{old.number}"))
    assert old.messages.count() == 1
    assert Ticket.objects.count() == 2


def test_a_form_of_a_closed_account_waits_for_somebody_to_look():
    known = stories.customer()
    people.deactivate(known, by=stories.staff("owner"))
    answer = receive(form(email=str(known.email)), file())
    assert (answer["state"], answer["reason"], answer["ticket"]) == ("quarantined", "deactivated", None)
    assert InboundFile.objects.count() == 1
    people.reactivate(known, by=stories.staff("owner"))
    item = actions.replay(answer["inbound"])
    assert inbound.receive(item.pk)["state"] == "ticketed"
    item.refresh_from_db()
    assert item.external_id == FormSent.parse(item.raw).reference


@pytest.mark.parametrize("address", ["support@desk.example", "Support@Desk.example"])
def test_a_form_in_the_name_of_the_desk_itself_opens_nothing(address):
    answer = receive(form(email=address))
    assert (answer["state"], answer["reason"]) == ("blocked", "own_address")
    assert not Ticket.objects.exists()
    assert not User.objects.exists()


def test_a_queue_that_is_not_for_customers_is_not_taken():
    from deskbell.tickets.models import Queue

    Queue.objects.filter(slug="network").update(public=False)
    receive(form())
    assert Ticket.objects.get().queue.slug == "support"


def test_what_is_stored_and_cannot_be_read_is_set_aside():
    item = actions.receive_form(form(), [])
    InboundItem.objects.filter(pk=item.pk).update(raw=b"{}")
    answer = inbound.receive(item.pk)
    assert (answer["state"], answer["reason"]) == ("quarantined", "failed")


def test_files_of_a_form_that_waits_are_not_swept():
    actions.receive_form(form(), [file(b"waits")])
    file(b"nobody's")
    Blob.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert keep.sweep() == 1
    assert Blob.objects.get().size == len(b"waits")


def test_the_web_form_is_one_channel():
    actions.add_channel("webform", name="Help", queue="Network")
    assert Event.objects.filter(kind="channel.added").count() == 1
    with pytest.raises(actions.BadChannel, match="The web form is a channel already"):
        actions.add_channel("webform", name="Another")
    with pytest.raises(actions.BadChannel, match="no address"):
        actions.add_channel("webform", name="Another", address="a@b.example")
    receive(form(queue=""))
    assert Ticket.objects.get().queue.slug == "network"
    assert Channel.objects.get().name == "Help"


def test_a_form_that_is_switched_off_takes_nothing():
    actions.add_channel("webform", name="Help")
    Channel.objects.update(state="off")
    assert not queries.form_is_open()
    with pytest.raises(actions.FormClosed):
        actions.receive_form(form(), [])
    assert not InboundItem.objects.exists()


# --- limits -------------------------------------------------------------------------------------


def test_an_address_may_send_so_many_forms_an_hour_however_it_is_written():
    for n in range(limits.PER_ADDRESS):
        limits.count_form("lena@mail.example", f"192.0.2.{n}")
    with pytest.raises(limits.TooMuch) as refused:
        limits.count_form("LENA@mail.example", "192.0.2.99")
    assert refused.value.what == "address"
    limits.count_form("kim@mail.example", "192.0.2.99")


def test_a_network_may_send_so_many_forms_an_hour():
    for n in range(limits.PER_NETWORK):
        limits.count_form(f"a{n}@mail.example", "2001:db8:1:2::1")
    with pytest.raises(limits.TooMuch) as refused:
        limits.count_form("b@mail.example", "2001:db8:1:2:3::9")
    assert refused.value.what == "network"
    limits.count_form("b@mail.example", "2001:db8:1:3::9")


def test_files_are_counted_by_number_and_by_size():
    with pytest.raises(limits.TooMuch):
        limits.count_file("192.0.2.1", limits.BYTES + 1)
    limits.count_file("192.0.2.2", limits.BYTES)
    with pytest.raises(limits.TooMuch):
        limits.count_file("192.0.2.2", 1)


def test_another_hour_is_another_measure_and_old_ones_are_forgotten():
    for _ in range(limits.PER_ADDRESS):
        limits.count_form("lena@mail.example", "192.0.2.1")
    Tally.objects.update(hour=timezone.now() - timedelta(days=2))
    limits.count_form("lena@mail.example", "192.0.2.1")
    assert Tally.objects.count() == 4
    tallies.forget_old()
    assert Tally.objects.count() == 2


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_who_shares_a_limit(ip, network):
    assert limits.network_of(ip) == network
