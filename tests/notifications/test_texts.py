"""The company's own words in mails."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from markupsafe import Markup

from deskbell.events.models import Event
from deskbell.notifications import actions, texts
from deskbell.notifications.models import MailText
from deskbell.people import actions as people
from deskbell.people.actions.errors import NotAllowed
from deskbell.people.reader import reading
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from tests import stories
from tests.notifications.conftest import html, text


def change(mail: str, words: str, *, subject: str = "{{ticket.subject}}", language: str = "en") -> None:
    actions.change_text(mail, language, subject=subject, text=words, by=stories.staff("owner"))


def bare(page: str) -> str:
    """Without styles and line ends."""
    return re.sub(r' style="[^"]*"|\n+', "", page)


@pytest.mark.parametrize("mail", sorted(texts.MAILS))
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_our_own_words_are_allowed_words(db, mail, language):
    with reading(language=language):
        subject, words = texts.MAILS[mail].defaults()
    assert texts.unknown(mail, f"{subject}\n{words}") == []
    assert texts.missing(mail, words) == []
    assert "%" not in subject + words


def test_own_words_stand_in_the_mails_of_their_language_alone(post, house):
    change("received", "Dear {{customer.first_name}},\n\n**{{ticket.number}}** is with *{{company.name}}*.")
    english = stories.ticket(stories.customer(name="Lena <b>Hart"), subject="Printer")
    jörg = stories.customer(name="Jörg Kühn")
    people.change_person(jörg, by=jörg, language="de")
    stories.ticket(jörg, subject="Drucker")
    ours, german = sorted(post(), key=lambda one: str(one["Subject"]).endswith("Drucker"))
    assert f"Dear Lena,\n\n#{english.number} is with Ada IT." in text(ours)
    shown = f"<p>Dear Lena,</p><p><strong>#{english.number}</strong> is with <em>Ada IT</em>.</p>"
    assert shown in bare(html(ours))
    assert "Dear" not in text(german)


def test_what_a_customer_wrote_is_never_read_as_marks_or_variables(post, house):
    change("received", "[page]({{ticket.link}}) of **{{customer.name}}**: {{ticket.subject}}")
    name = "*Eve* {{company.name}} <i>"
    stories.ticket(stories.customer(name=name), subject="**bold** [x](https://evil.example)")
    (received,) = post()
    assert "Eve* {{company.name}} <i>: **bold** [x](https://evil.example)" in text(received)
    shown = html(received)
    assert "<strong>*Eve* {{company.name}} &lt;i&gt;</strong>: **bold** [x](https://evil.example)" in shown
    assert 'href="https://desk.example/' in shown and "evil.example)" in shown
    assert 'href="https://evil.example' not in shown


def test_the_message_stands_by_itself_wherever_it_was_put(post, house):
    change("reply", "Before {{message}} after. {{signature}}")
    people.change_company(by=stories.staff("owner"), signature="Ada IT, **Berlin**")
    agent = stories.staff(name="Mara Lind")
    ticket = stories.ticket(stories.customer())
    post()
    tickets.reply(ticket, Content.markdown("one\n\n- two"), by=agent)
    (reply,) = post()
    assert "Before\n\none\n\n- two\n\nafter." in text(reply)
    assert text(reply).index("after.") < text(reply).index("Ada IT, **Berlin**")
    assert "<p>Before</p><p>one</p><ul><li>two</li></ul><p>after.</p>" in bare(html(reply))
    assert "Ada IT, <strong>Berlin</strong>" in html(reply)


def test_the_mark_of_the_ticket_always_stands_before_the_subject(post, house):
    change("received", "ok", subject="Hello {{customer.first_name}}!")
    stories.ticket(stories.customer(name="Lena Hart"))
    (received,) = post()
    assert str(received["Subject"]).startswith("[#")
    assert str(received["Subject"]).endswith("] Hello Lena!")


@pytest.mark.parametrize(
    ("mail", "words", "error", "names"),
    [
        ("received", "{{ticket.numbr}} {{message}}", actions.UnknownVariables, ["ticket.numbr", "message"]),
        ("reply", "{{signature}}", actions.MissingVariables, ["message"]),
    ],
)
def test_words_that_cannot_work_are_refused(house, mail, words, error, names):
    with pytest.raises(error) as refused:
        change(mail, words)
    assert refused.value.names == names
    assert not MailText.objects.exists()


def test_a_subject_is_one_line(house):
    with pytest.raises(actions.UnknownVariables) as refused:
        change("reply", "{{message}}", subject="{{message}}")
    assert refused.value.names == ["message"]


def test_our_own_words_are_not_kept_and_a_reset_brings_them_back(house):
    owner = stories.staff("owner")
    with reading(language="en"):
        ours = texts.MAILS["received"].defaults()
    change("received", ours[1], subject=ours[0])
    assert not MailText.objects.exists()
    change("received", "Mine")
    change("received", "Mine")
    actions.reset_text("received", "en", by=owner)
    actions.reset_text("received", "en", by=owner)
    assert not MailText.objects.exists()
    assert [event.kind for event in Event.objects.filter(about_kind="mailtext").order_by("pk")] == [
        "mail_text.changed",
        "mail_text.reset",
    ]


def test_only_who_sets_the_desk_up_changes_mails(house):
    agent = stories.staff()
    with pytest.raises(NotAllowed):
        actions.change_text("received", "en", subject="x", text="y", by=agent)
    with pytest.raises(NotAllowed):
        actions.reset_text("received", "en", by=agent)


def test_an_empty_variable_goes_with_the_space_before_it():
    written = texts.fill_in("Hello {{customer.name}}!", "Hello {{customer.name}}, ok", {})
    assert (written.subject, written.text, written.html) == (
        "Hello!",
        "Hello, ok",
        Markup("<p>Hello, ok</p>\n"),
    )
