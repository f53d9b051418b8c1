"""Replies, notes, drafts: nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Draft, Message, Ticket, Watcher
from tests.desk.conftest import HTMX, World

KEY = "abcdefghijklmnop1234"


def send(client: Client, ticket: Ticket, **given: Any) -> Any:
    fields = {"visibility": "public", "then": "keep", "text": "Have you tried water?", **given}
    headers = fields.pop("headers", {})
    return client.post(reverse("desk:messages", args=[ticket.number]), fields, headers=headers)


def test_a_reply_is_sent_and_sets_the_status(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = send(desk, ticket, then="pending")
    message = ticket.messages.last()
    assert message is not None
    assert response["Location"] == f"{ticket.get_absolute_url()}#message-{message.pk}"
    ticket.refresh_from_db()
    assert (message.text, message.visibility, message.author) == (
        "Have you tried water?",
        "public",
        world.agent,
    )
    assert ticket.category == "pending"


def test_the_choice_beside_send_is_remembered(world: World, desk: Client) -> None:
    ticket = world.ticket()
    assert (
        "Send and set: Waiting for customer</button>" in desk.get(ticket.get_absolute_url()).content.decode()
    )
    send(desk, ticket, then="resolved")
    page = desk.get(world.ticket().get_absolute_url()).content.decode()
    main = page[page.index("data-send") - 400 : page.index("data-send") + 600]
    assert "Send and set: Resolved" in main


def test_a_note_is_internal_and_leaves_the_status(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, visibility="internal", then="resolved", text="He is angry")
    ticket.refresh_from_db()
    assert ticket.messages.last().visibility == "internal"
    assert ticket.category == "new"


def test_a_double_click_makes_one_message(world: World, desk: Client) -> None:
    ticket = world.ticket()
    first = send(desk, ticket, once=KEY)
    second = send(desk, ticket, once=KEY)
    assert first["Location"] == second["Location"]
    assert ticket.messages.count() == 2
    assert KEY in second.cookies["deskbell_accepted"].value


def test_the_same_form_with_other_words_is_another_message(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, once=KEY)
    send(desk, ticket, once=KEY, text="One more thing")
    assert [m.text for m in ticket.messages.order_by("pk")][1:] == ["Have you tried water?", "One more thing"]


def test_somebody_else_was_quicker_so_nothing_is_sent_and_nothing_lost(world: World, desk: Client) -> None:
    ticket = world.ticket()
    seen = ticket.messages.get().pk
    theirs = actions.reply(ticket, Content.markdown("I have it"), by=world.colleague)
    response = send(desk, ticket, after=seen, once=KEY, text="My own answer")
    page = response.content.decode()
    assert response.status_code == 422
    assert "Tom wrote while you were typing." in page
    assert "I have it" in page and "My own answer" in page and "Send anyway" in page
    assert f'name="after" value="{theirs.pk}"' in page
    assert ticket.messages.count() == 2
    assert send(desk, ticket, after=theirs.pk, once=KEY, text="My own answer").status_code == 302
    assert ticket.messages.count() == 3


def test_an_empty_message_comes_back_with_a_sentence(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = send(desk, ticket, text="  ", copy="x@y.example")
    assert response.status_code == 422
    assert "Write something or attach a file." in response.content.decode()
    assert "x@y.example" in response.content.decode()
    assert ticket.messages.count() == 1
    assert not Watcher.objects.exists()


def test_a_wrong_cc_address_keeps_the_text(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = send(desk, ticket, copy="fine@y.example, nonsense", headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Not an e-mail address: nonsense" in page and "Have you tried water?" in page
    assert ticket.messages.count() == 1


def test_cc_people_are_copied_in(world: World, desk: Client) -> None:
    ticket = world.ticket()
    send(desk, ticket, copy="boss@fjord.example; second@fjord.example")
    copied = Watcher.objects.filter(ticket=ticket, kind="cc").order_by("pk")
    assert [w.user.email for w in copied] == ["boss@fjord.example", "second@fjord.example"]


def test_files_come_with_the_message_with_and_without_script(world: World, desk: Client) -> None:
    ticket = world.ticket()
    kept = desk.post("/desk/uploads/", {"file": SimpleUploadedFile("log.txt", b"one")}).json()
    send(desk, ticket, uploads=[kept["id"]], files=[SimpleUploadedFile("two.txt", b"two")])
    names = [file.filename for file in ticket.messages.last().attachments.order_by("pk")]
    assert names == ["log.txt", "two.txt"]


def test_a_message_never_goes_without_its_file(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = send(desk, ticket, uploads=["123456"])
    assert response.status_code == 422
    assert "A file is no longer here." in response.content.decode()
    assert ticket.messages.count() == 1


def test_a_file_too_big_is_told_and_the_others_stay(world: World, desk: Client, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 10
    ticket = world.ticket()
    files = [SimpleUploadedFile("small.txt", b"ok"), SimpleUploadedFile("big.txt", b"x" * 11)]
    response = send(desk, ticket, files=files)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Too big: big.txt" in page and "small.txt" in page and "Have you tried water?" in page
    assert ticket.messages.count() == 1


def test_uploads_answer_in_json_and_can_be_discarded(world: World, desk: Client, settings: Any) -> None:
    response = desk.post("/desk/uploads/", {"file": SimpleUploadedFile("a/../log.txt", b"hello")})
    kept = response.json()
    expected = {"id": kept["id"], "filename": "log.txt", "size": 5, "content_type": "text/plain"}
    assert (response.status_code, kept) == (201, expected)
    assert desk.delete(f"/desk/uploads/{kept['id']}/").status_code == 204
    assert not Attachment.objects.exists()
    assert desk.post("/desk/uploads/").status_code == 422
    settings.UPLOAD_LIMIT = 3
    refused = desk.post("/desk/uploads/", {"file": SimpleUploadedFile("log.txt", b"hello")})
    assert refused.status_code == 413
    assert refused.json()["detail"].startswith("A file is too big")


def test_a_draft_comes_back_and_goes_when_sent(world: World, desk: Client) -> None:
    ticket = world.ticket()
    address = reverse("desk:draft", args=[ticket.number])
    given = {"text": "half a", "visibility": "public", "once": KEY}
    first = desk.post(address, given).json()["draft"]
    assert "half a</textarea>" in desk.get(ticket.get_absolute_url()).content.decode()
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert f'name="draft" value="{first}"' in page
    noted = desk.post(address, {**given, "visibility": "internal", "draft": first}).json()["draft"]
    assert list(Draft.objects.values_list("kind", "text")) == [("note", "half a")]
    send(desk, ticket, once=KEY, text="half a sentence", draft=noted)
    assert not Draft.objects.exists()
    desk.post(address, {**given, "text": "half a sent"})
    assert not Draft.objects.exists()


def test_everybody_finds_his_own_draft(world: World, sign_in: Callable[[User], Client]) -> None:
    ticket = world.ticket()
    words = {world.agent: "the words of Mara", world.colleague: "the words of Tom"}
    for who, text in words.items():
        actions.keep_draft(who, kind="reply", text=text, ticket=ticket)
    for who, text in words.items():
        page = sign_in(who).get(ticket.get_absolute_url()).content.decode()
        assert [each for each in words.values() if each in page] == [text]


def test_two_windows_never_overwrite_each_others_draft_silently(world: World, desk: Client) -> None:
    ticket = world.ticket()
    address = reverse("desk:draft", args=[ticket.number])
    first = desk.post(address, {"text": "one", "visibility": "public", "draft": ""}).json()["draft"]
    other = desk.post(address, {"text": "two", "visibility": "public", "draft": ""})
    assert (other.status_code, other.json()) == (409, {"draft": first, "text": "one"})
    assert list(Draft.objects.values_list("text", flat=True)) == ["one"]
    kept = desk.post(address, {"text": "two", "visibility": "public", "draft": first})
    assert kept.status_code == 200
    assert list(Draft.objects.values_list("text", flat=True)) == ["two"]
    emptied = desk.post(address, {"text": "", "visibility": "public", "draft": first})
    assert emptied.status_code == 409
    assert list(Draft.objects.values_list("text", flat=True)) == ["two"]


def test_a_reply_leaves_the_note_that_another_window_began(world: World, desk: Client) -> None:
    ticket = world.ticket()
    address = reverse("desk:draft", args=[ticket.number])
    desk.post(address, {"text": "a note", "visibility": "internal", "draft": ""})
    send(desk, ticket, once=KEY, draft="")
    assert list(Draft.objects.values_list("kind", "text")) == [("note", "a note")]


def test_one_mends_ones_own_note_for_a_while(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    ticket = world.ticket()
    note = actions.note(ticket, Content.markdown("He is angri"), by=world.agent)
    address = reverse("desk:note", args=[note.pk])
    assert sign_in(world.colleague).get(address).status_code == 403
    assert desk.post(address, {"text": " "}).status_code == 422
    assert desk.post(address, {"text": "He is angry"}).status_code == 302
    note.refresh_from_db()
    assert note.text == "He is angry"
    Message.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(minutes=16))
    late = desk.post(address, {"text": "He is calm"})
    assert late.status_code == 422
    assert "fifteen minutes" in late.content.decode() and "He is calm" in late.content.decode()
    note.refresh_from_db()
    assert note.text == "He is angry"
