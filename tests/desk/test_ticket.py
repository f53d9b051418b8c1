"""The page of a ticket: what it shows, what it costs, what one changes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.kit.secrets import seal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.people.actions.addresses import add_identity
from deskbell.people.actions.chats import person_for_whatsapp
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Message, Queue, Status, Ticket
from tests import stories
from tests.desk.conftest import HTMX, World
from tests.stories import organization, staff, ticket


def change(client: Client, ticket: Ticket, name: str, value: object, **more: Any) -> Any:
    headers = more.pop("headers", {})
    address = reverse("desk:property", args=[ticket.number, name])
    return client.post(address, {"value": value, **more}, headers=headers)


def status(slug: str) -> Status:
    return Status.objects.get(slug=slug)


@pytest.mark.slow
def test_a_ticket_page_costs_the_same_for_one_message_and_for_many(
    world: World, desk: Client, django_assert_max_num_queries: Any
) -> None:
    ticket = world.ticket(tags=["fire"])
    actions.reply(ticket, Content.markdown("one"), by=world.agent)
    desk.get(ticket.get_absolute_url())
    with django_assert_max_num_queries(14) as few:
        desk.get(ticket.get_absolute_url())
    for index in range(15):
        actions.note(ticket, Content.markdown(f"note {index}"), by=world.colleague)
        actions.customer_reply(ticket, Content.markdown(f"more {index}"), by=world.customer)
        actions.reply(ticket, Content.markdown(f"answer {index}"), by=world.agent)
    actions.watch(ticket, by=world.colleague)
    actions.change(ticket, by=world.agent, priority=4, status=status("on-site"))
    with django_assert_max_num_queries(14) as many:
        page = desk.get(ticket.get_absolute_url()).content.decode()
    assert len(many) == len(few)
    assert page.count("<article") == 20
    assert "Show older messages" in page


def test_older_messages_are_loaded_by_a_button(world: World, desk: Client) -> None:
    ticket = world.ticket(text="the very first")
    for index in range(25):
        actions.note(ticket, Content.markdown(f"note {index}"), by=world.agent)
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert "the very first" not in page
    before = page.split("/older/?before=")[1].split('"')[0]
    older = desk.get(f"{ticket.get_absolute_url()}older/?before={before}", headers=HTMX).content.decode()
    assert "the very first" in older and "note 4<" in older and "note 5<" not in older
    assert "Show older messages" not in older


def test_words_of_strangers_are_text(world: World, desk: Client) -> None:
    ticket = world.ticket("<script>alert(1)</script>", text="<script>alert(2)</script> <img src=x onerror=1>")
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(2)" in page


def test_the_site_is_chosen_among_those_of_the_organisation(world: World, desk: Client) -> None:
    company = organization("Kestrel Foods")
    ticket = world.ticket(requester=stories.customer(company))
    place = people.create_site(company, "Warehouse")
    elsewhere = people.create_site(people.create_organization("Elsewhere"), "Far away")
    around = desk.get(f"{ticket.get_absolute_url()}around/").content.decode()
    assert "Warehouse" in around and "Far away" not in around
    assert change(desk, ticket, "site", place.pk).status_code == 302
    assert stories.fresh(ticket).site == place
    assert "set the site to Warehouse" in desk.get(ticket.get_absolute_url()).content.decode()
    refused = change(desk, ticket, "site", elsewhere.pk)
    assert refused.status_code == 422 and "not one of the organisation" in refused.content.decode()
    assert stories.fresh(ticket).site == place
    assert change(desk, ticket, "site", "").status_code == 302
    assert stories.fresh(ticket).site is None


def test_a_property_is_saved_at_once(world: World, desk: Client) -> None:
    ticket = world.ticket()
    queue = Queue.objects.get(slug="network")
    for name, value in (
        ("status", status("waiting-for-parts").pk),
        ("priority", 4),
        ("queue", queue.pk),
        ("team", world.team.pk),
        ("assignee", world.colleague.pk),
        ("due_at", "2031-05-06T09:30"),
        ("subject", "New subject"),
    ):
        assert change(desk, ticket, name, value).status_code == 302
    ticket.refresh_from_db()
    assert (
        ticket.status.slug,
        ticket.priority,
        ticket.queue,
        ticket.team,
        ticket.assignee,
        ticket.subject,
    ) == (
        "waiting-for-parts",
        4,
        queue,
        world.team,
        world.colleague,
        "New subject",
    )
    assert ticket.due_at is not None and ticket.due_at.isoformat() == "2031-05-06T09:30:00+00:00"
    for name in ("team", "assignee", "due_at"):
        change(desk, ticket, name, "")
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee, ticket.due_at) == (None, None, None)


def test_htmx_gets_the_parts_that_changed(world: World, desk: Client) -> None:
    ticket = world.ticket()
    part = change(desk, ticket, "status", status("on-site").pk, headers=HTMX).content.decode()
    for name in ("incoming", "ticket-head", "properties"):
        assert f'id="{name}"' in part
    assert 'id="composer"' not in part and "<html" not in part
    assert "Engineer on site" in part


def test_a_change_that_came_too_late_says_who_was_first(world: World, desk: Client) -> None:
    ticket = world.ticket()
    version = ticket.version
    actions.change(ticket, by=world.colleague, priority=1)
    response = change(desk, ticket, "priority", 4, version=version, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 422
    assert "<strong>Tom</strong> changed the priority from Normal to Low" in page
    assert "Set Urgent instead" in page
    ticket.refresh_from_db()
    assert ticket.priority == 1
    assert change(desk, ticket, "priority", 4, version=ticket.version).status_code == 302
    ticket.refresh_from_db()
    assert ticket.priority == 4


def test_a_late_change_of_another_property_goes_through(world: World, desk: Client) -> None:
    ticket = world.ticket()
    version = ticket.version
    actions.change(ticket, by=world.colleague, priority=1)
    assert change(desk, ticket, "subject", "Mine", version=version).status_code == 302
    assert change(desk, ticket, "priority", 1, version=version).status_code == 302


def test_nonsense_in_a_property_changes_nothing(world: World, desk: Client) -> None:
    ticket = world.ticket()
    cases = [("status", "99999999999999999999"), ("status", "x"), ("priority", "9"), ("due_at", "tomorrow")]
    cases += [("subject", "  "), ("queue", ""), ("assignee", str(world.customer.pk))]
    for name, value in cases:
        assert change(desk, ticket, name, value).status_code == 422, (name, value)
    assert change(desk, ticket, "status", status("new").pk).status_code in (302, 422)
    assert change(desk, ticket, "number", "1").status_code == 404
    version = ticket.version
    ticket.refresh_from_db()
    assert ticket.version == version


def test_claim_follow_tag_and_copy(world: World, desk: Client) -> None:
    ticket = world.ticket()
    post = lambda route, *more, **given: desk.post(  # noqa: E731
        reverse(f"desk:{route}", args=[ticket.number, *more]), given
    )
    post("claim")
    post("following")
    post("tags", name="Fire, alarm")
    post("copies", email="boss@fjord.example")
    page = desk.get(ticket.get_absolute_url()).content.decode()
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.status.slug) == (world.agent, "in-progress")
    assert "Fire alarm" in page and "boss@fjord.example" in page and "Unfollow" in page
    copied = ticket.watchers.get(kind="cc").user
    post("following", remove="1")
    post("tags", name="fire alarm", remove="1")
    post("uncopy", copied.pk)
    assert not ticket.watchers.exists() and not ticket.tags.exists()
    assert post("copies", email="nonsense").status_code == 422
    assert post("copies", email="eva@fjord.example").status_code == 422
    assert post("tags", name=" , ").status_code == 422
    assert not ticket.watchers.exists() and not ticket.tags.exists()


def test_trash_restore_and_delete_for_ever(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    trash, deletion = (reverse(f"desk:{name}", args=[ticket.number]) for name in ("trash", "deletion"))
    admin = sign_in(world.admin)
    assert admin.get(deletion)["Location"] == ticket.get_absolute_url()
    desk.post(trash)
    assert "This ticket is in the trash." in desk.get(ticket.get_absolute_url()).content.decode()
    desk.post(trash, {"remove": "1"})
    ticket.refresh_from_db()
    assert ticket.trashed_at is None
    desk.post(trash)
    assert desk.post(deletion).status_code == 403
    assert Ticket.objects.filter(pk=ticket.pk).exists()
    assert "for ever?" in admin.get(deletion).content.decode()
    assert admin.post(deletion)["Location"] == "/desk/?box=trash"
    assert not Ticket.objects.filter(pk=ticket.pk).exists()
    assert Event.objects.filter(kind="ticket.deleted", actor_id=world.admin.pk).count() == 1


def test_redaction_takes_words_and_files(world: World, sign_in: Callable[[User], Client]) -> None:
    ticket = world.ticket(text="my password is hunter2")
    message = ticket.messages.get()
    admin = sign_in(world.admin)
    address = reverse("desk:redaction", args=[message.pk])
    assert "hunter2" in admin.get(address).content.decode()
    admin.post(address, {"reason": "contained a password"})
    page = admin.get(ticket.get_absolute_url()).content.decode()
    assert "hunter2" not in page
    assert "contained a password" in page and "were removed for ever" in page


def test_the_audit_trail_tells_everything(world: World, desk: Client) -> None:
    ticket = world.ticket()
    actions.note(ticket, Content.markdown("x"), by=world.colleague)
    actions.claim(ticket, by=world.agent)
    page = desk.get(reverse("desk:audit", args=[ticket.number])).content.decode()
    for kind in Event.objects.filter(about_kind="ticket", about_id=ticket.pk).values_list("kind", flat=True):
        assert kind in page
    assert "internal note" in page


def test_a_number_by_which_somebody_chats_and_is_called_is_shown_once(world: World, desk: Client) -> None:
    ticket = world.ticket("second")
    phone = add_identity(ticket.requester, "phone", "+44 1632 960999", by=SYSTEM)
    person_for_whatsapp(wa_id="441632960999", bsuid="", scope="", name="")
    assert ticket.requester.identities.filter(kind="wa_id").exists()
    part = desk.get(reverse("desk:around", args=[ticket.number]), headers=HTMX).content.decode()
    assert part.count('href="tel:') == 1 and phone.given in part


def test_what_stands_around_a_ticket(world: World, desk: Client) -> None:
    first, second, third = (world.ticket(name) for name in ("first", "second", "third"))
    part = desk.get(reverse("desk:around", args=[second.number]), headers=HTMX).content.decode()
    assert f'href="/desk/tickets/{first.number}/" rel="prev"' in part
    assert f'href="/desk/tickets/{third.number}/" rel="next"' in part
    assert "first" in part and "third" in part


def mail(world: World, ticket: Ticket, html: str, **more: Any) -> Message:
    content = Content(text="plain words", html=html, markup="mail", **more)
    return actions.customer_reply(ticket, content, by=world.customer, channel="email")


def test_a_mail_is_shown_in_a_sandboxed_frame(world: World, desk: Client, client: Client) -> None:
    from deskbell.files.actions import store

    png = store(b"\x89PNG\r\n\x1a\n" + b"0" * 20)
    ticket = world.ticket()
    html = '<p>Hi</p><img src="cid:a%40b"><img src="cid:none"><img data-remote-src="https://x.example/p.png">'
    message = mail(
        world,
        ticket,
        html,
        remote_images=1,
        files=[NewFile(png, "p.png", inline=True, content_id="a@b")],
    )
    page = desk.get(ticket.get_absolute_url()).content.decode()
    address = reverse("desk:message-html", args=[message.pk])
    assert f'src="{address}" sandbox="" loading="lazy"' in page and "plain words" in page
    frame = desk.get(address)
    policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    assert frame["Content-Security-Policy"] == policy
    body = frame.content.decode()
    assert "https://x.example" in body and ' src="https://x.example' not in body and "cid:" not in body
    asked = desk.get(f"{address}?images=1")
    assert "img-src 'self' https:;" in asked["Content-Security-Policy"]
    assert ' src="https://x.example/p.png"' in asked.content.decode()
    picture = body.split('<img src="')[1].split('"')[0]
    shown = client.get(picture)  # a sandboxed frame sends no cookies
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert shown["Cross-Origin-Resource-Policy"] == "cross-origin"  # and is another site to the browser
    assert client.get(picture[:-5] + "xxxx/").status_code == 404


def test_a_file_is_saved_unless_it_is_a_safe_image(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    from deskbell.files.actions import store

    ticket = world.ticket()
    files = [
        NewFile(store(b"<svg onload=alert(1)>"), "evil.svg"),
        NewFile(store(b"\x89PNG\r\n\x1a\n" + b"1" * 20), 'pi"c.png'),
    ]
    message = mail(world, ticket, "", files=files)
    evil, picture = message.attachments.order_by("pk")
    response = desk.get(f"/desk/attachments/{evil.pk}/?inline=1")
    assert response["Content-Disposition"] == 'attachment; filename="evil.svg"'
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("text/plain", "nosniff")
    assert response["X-Deskbell-File"] == str(evil.blob.path)
    assert desk.get(f"/desk/attachments/{picture.pk}/?inline=1")["Content-Disposition"].startswith("inline")
    assert desk.get(f"/desk/attachments/{picture.pk}/")["Content-Disposition"].startswith("attachment")
    assert sign_in(world.networker).get(f"/desk/attachments/{picture.pk}/").status_code == 404


# --- a mail that did not arrive -------------------------------------------------------------------


def undelivered(asked: Ticket, message: Message, **values) -> OutboxItem:
    values = {"state": "failed", "error_text": "No such mailbox", "payload": seal({"text": "words"})} | values
    return OutboxItem.objects.create(
        driver="email",
        recipient="ada@mail.example",
        kind="ticket.reply",
        cause_kind="message",
        cause_id=message.pk,
        ticket_id=asked.pk,
        **values,
    )


def test_a_mail_that_failed_is_sent_again_from_its_message(client, db):
    agent, asked = staff(), ticket()
    answer = actions.reply(asked, Content.markdown("Try again."), by=agent)
    item = undelivered(asked, answer)
    client.force_login(agent)
    address = f"/desk/deliveries/{item.pk}/retry/"
    assert address in client.get(f"/desk/tickets/{asked.number}/").content.decode()
    for _ in range(2):
        assert client.post(address).url == f"/desk/tickets/{asked.number}/"
    assert OutboxItem.objects.get(pk=item.pk).state == "queued"
    retried = Event.objects.filter(kind="outbox.retried").values_list("about_id", "actor_id")
    assert list(retried) == [(item.pk, agent.pk)]
    assert address not in client.get(f"/desk/tickets/{asked.number}/").content.decode()


def test_nothing_is_sent_again_without_its_content_or_by_somebody_who_may_not_reply(client, db):
    agent, asked = staff(), ticket()
    answer = actions.reply(asked, Content.markdown("Try again."), by=agent)
    item = undelivered(asked, answer)
    client.force_login(staff("auditor"))
    assert "/retry/" not in client.get(f"/desk/tickets/{asked.number}/").content.decode()
    assert client.post(f"/desk/deliveries/{item.pk}/retry/").status_code == 403
    actions.redact_message(answer, by=staff("owner"))  # its words are gone from the outbox, too
    client.force_login(agent)
    assert "/retry/" not in client.get(f"/desk/tickets/{asked.number}/").content.decode()
    client.post(f"/desk/deliveries/{item.pk}/retry/")
    stored = OutboxItem.objects.get(pk=item.pk)
    assert (stored.state, stored.payload) == ("failed", None)
    assert not Event.objects.filter(kind="outbox.retried").exists()
