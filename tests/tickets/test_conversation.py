"""What customers and agents say, and what it does to the ticket."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from deskbell.events.models import Event, EventDetail
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message, Status, Ticket, TicketLink
from tests.stories import customer, fresh, staff, ticket

pytestmark = pytest.mark.django_db


def say(text: str = "Still broken.", **values) -> Content:
    return Content.markdown(text, **values)


def kinds(about: Ticket) -> list[str]:
    return list(
        Event.objects.filter(about_kind="ticket", about_id=about.pk)
        .order_by("id")
        .values_list("kind", flat=True)
    )


def age(about: Ticket, **delta) -> None:
    ended = timezone.now() - timedelta(**delta)
    Ticket.objects.filter(pk=about.pk).update(resolved_at=ended)


def test_a_new_ticket_waits_for_us_and_says_so_in_two_events():
    opened = fresh(ticket(text="It is **broken**"))
    assert (opened.place, opened.active, opened.status.slug) == ("new", True, "new")
    assert opened.waiting_since == opened.created_at
    message = opened.messages.get()
    assert (message.direction, message.visibility, message.html) == (
        "in",
        "public",
        "<p>It is <strong>broken</strong></p>\n",
    )
    assert kinds(opened) == ["ticket.message_added", "ticket.opened"]


def test_a_ticket_without_a_subject_takes_its_first_words():
    assert ticket(subject=" ", text="My   screen\nis black").subject == "My screen is black"


def test_a_reply_ends_the_waiting_and_opens_a_new_ticket():
    asked, agent = ticket(), staff()
    actions.reply(asked, say(), by=agent)
    asked = fresh(asked)
    assert (asked.category, asked.waiting_since, asked.last_author) == ("open", None, agent)
    assert asked.first_responded_at is not None


def test_the_first_response_is_the_first_one():
    asked, agent = ticket(), staff()
    first = actions.reply(asked, say(), by=agent)
    actions.reply(asked, say("more"), by=agent)
    assert fresh(asked).first_responded_at == first.created_at


def test_a_note_does_not_answer_the_customer():
    asked = ticket()
    actions.note(asked, say("secret"), by=staff())
    asked = fresh(asked)
    assert asked.category == "new" and asked.waiting_since and asked.first_responded_at is None


def test_send_and_set_changes_the_status_in_the_same_breath():
    asked = ticket()
    waiting = Status.objects.get(slug="waiting-for-customer")
    actions.reply(asked, say(), by=staff(), status=waiting)
    assert fresh(asked).status == waiting


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("waiting-for-customer", "open"),
        ("waiting-for-parts", "open"),
        ("resolved", "reopened"),
        ("closed", "reopened"),
        ("visit-planned", "visit-planned"),
        ("in-progress", "in-progress"),
    ],
)
def test_a_customers_reply_wakes_what_waited_or_was_ended(before, after):
    asked = ticket()
    actions.change(asked, by=staff(), status=Status.objects.get(slug=before))
    actions.customer_reply(asked, say(), by=asked.requester)
    assert fresh(asked).status.slug == after
    assert fresh(asked).waiting_since is not None


@pytest.mark.parametrize(
    ("days", "channel", "follows"), [(13, "email", False), (15, "email", True), (4, "whatsapp", True)]
)
def test_after_the_days_of_its_channel_a_reply_opens_a_linked_follow_up(days, channel, follows):
    asked = ticket()
    actions.resolve(asked, by=staff())
    age(asked, days=days)
    message = actions.customer_reply(asked, say(), by=asked.requester, channel=channel)
    assert (message.ticket_id != asked.pk) is follows
    assert fresh(asked).category == ("resolved" if follows else "open")
    assert (
        TicketLink.objects.filter(ticket=message.ticket, target=asked, kind="follow_up").exists() is follows
    )


def test_a_reply_restores_a_trashed_ticket():
    asked, agent = ticket(), staff()
    actions.trash(asked, by=agent)
    actions.customer_reply(asked, say(), by=asked.requester)
    assert fresh(asked).place == "new"


def test_a_reply_to_spam_is_stored_there_and_wakes_nobody():
    asked, agent = ticket(), staff()
    actions.mark_spam(asked, by=agent)
    actions.customer_reply(asked, say(), by=asked.requester)
    asked = fresh(asked)
    assert (asked.place, asked.waiting_since, asked.messages.count()) == ("spam", None, 2)


def test_no_spam_after_all_waits_since_the_last_message():
    asked, agent = ticket(), staff()
    actions.mark_spam(asked, by=agent)
    message = actions.customer_reply(asked, say(), by=asked.requester)
    actions.unmark_spam(asked, by=agent)
    assert fresh(asked).waiting_since == message.created_at


def test_a_stranger_cannot_reply_and_nothing_changes():
    asked = ticket()
    with pytest.raises(actions.NotAllowed):
        actions.customer_reply(asked, say(), by=customer())
    assert asked.messages.count() == 1


def test_people_copied_in_may_reply_but_not_close():
    asked, friend = ticket(), customer()
    actions.add_copy(asked, friend, by=asked.requester)
    actions.customer_reply(asked, say(), by=friend)
    with pytest.raises(actions.NotAllowed):
        actions.customer_close(asked, by=friend)


def test_a_reply_typed_over_somebody_elses_is_held_back_and_can_be_sent_anyway():
    asked, agent, other = ticket(), staff(), staff()
    seen = fresh(asked).last_message_id
    theirs = actions.reply(asked, say("theirs"), by=other)
    with pytest.raises(actions.Overtaken) as caught:
        actions.reply(asked, say("mine"), by=agent, after=seen)
    assert caught.value.message_id == theirs.pk
    assert asked.messages.count() == 2
    actions.reply(asked, say("mine"), by=agent, after=theirs.pk)
    assert asked.messages.count() == 3


def test_ones_own_earlier_reply_and_notes_do_not_hold_a_reply_back():
    asked, agent = ticket(), staff()
    seen = fresh(asked).last_message_id
    actions.reply(asked, say(), by=agent)
    actions.note(asked, say(), by=staff())
    actions.reply(asked, say("more"), by=agent, after=seen)
    assert asked.messages.count() == 4


def test_a_message_without_words_or_files_is_refused():
    asked = ticket()
    with pytest.raises(actions.EmptyMessage):
        actions.reply(asked, say("  \n "), by=staff())


def test_an_uploaded_file_goes_with_its_message_and_only_once(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    asked, agent = ticket(), staff()
    file = upload(agent)
    message = actions.reply(asked, say("see file", uploads=[file.pk]), by=agent)
    assert list(message.attachments.all()) == [file]
    with pytest.raises(actions.UploadGone):
        actions.reply(asked, say("again", uploads=[file.pk]), by=agent)
    assert asked.messages.count() == 2


def test_nobody_posts_a_file_of_somebody_else(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    asked = ticket()
    file = upload(staff())
    with pytest.raises(actions.UploadGone):
        actions.reply(asked, say("see", uploads=[file.pk]), by=staff())
    assert asked.messages.count() == 1
    assert Attachment.objects.get(pk=file.pk).message is None


def upload(by, content: bytes = b"log line", name: str = "app.log") -> Attachment:
    return actions.upload(BytesIO(content), filename=name, by=by)


def test_a_note_can_be_mended_by_its_writer_for_fifteen_minutes_and_the_old_text_is_kept():
    asked, agent = ticket(), staff()
    note = actions.note(asked, say("pasword is in the safe"), by=agent)
    actions.edit_note(note, "password is in the safe", by=agent)
    note.refresh_from_db()
    assert note.text == "password is in the safe" and note.edited_at
    edited = Event.objects.get(kind="ticket.note_edited")
    assert (edited.data, edited.detail.values) == (
        {"message_id": note.pk},
        {"before": "pasword is in the safe"},
    )
    with pytest.raises(actions.NotAllowed):
        actions.edit_note(note, "x", by=staff())
    Message.objects.filter(pk=note.pk).update(created_at=timezone.now() - timedelta(minutes=16))
    with pytest.raises(actions.TooLate):
        actions.edit_note(note, "x", by=agent)


def test_redaction_takes_the_words_and_their_history(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    asked, admin = ticket(), staff("admin")
    note = actions.note(asked, say("hunter2", uploads=[upload(admin).pk]), by=admin)
    actions.edit_note(note, "hunter3", by=admin)
    actions.redact_message(note, by=admin, reason="password")
    actions.redact_attachment(note.attachments.get(), by=admin)
    note.refresh_from_db()
    assert (note.text, note.new_text, note.html) == ("", "", "") and note.redacted_at
    assert not EventDetail.objects.filter(event__kind="ticket.note_edited").exists()
    assert note.attachments.count() == 0
    assert kinds(asked)[-2:] == ["ticket.redacted", "ticket.redacted"]


def test_delete_for_ever_needs_its_own_permission_and_the_trash():
    asked, agent, admin = ticket(subject="Anna's salary"), staff(), staff("admin")
    actions.change(asked, by=agent, subject="Salary")
    with pytest.raises(actions.BadMove):
        actions.delete_for_ever(asked, by=admin)
    actions.trash(asked, by=agent)
    with pytest.raises(actions.NotAllowed):
        actions.delete_for_ever(asked, by=agent)
    pk = asked.pk
    actions.delete_for_ever(asked, by=admin)
    assert not Ticket.objects.filter(pk=pk).exists() and not Message.objects.exists()
    left = Event.objects.filter(about_kind="ticket", about_id=pk)
    assert left.filter(kind="ticket.deleted").exists()
    assert not EventDetail.objects.filter(event__in=left).exists()


def test_a_quote_shows_words_without_marks():
    one, agent = ticket(text="The * key is stuck"), staff()
    said = actions.reply(one, Content.markdown("Please do *not* restart **it**."), by=agent)
    assert said.beginning == "Please do not restart it."
