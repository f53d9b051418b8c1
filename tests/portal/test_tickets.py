"""A customer's own pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.events.models import Event
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Category, Message, Queue, Status, Ticket
from tests.stories import customer, fresh, organization, staff, ticket

KEY = "abcdefghijklmnopqrstuv"


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def address(asked: Ticket, verb: str = "") -> str:
    return f"/portal/tickets/{asked.number}/{verb}"


# --- home and list --------------------------------------------------------------------------------


def test_the_front_page_asks_to_sign_in_or_open_a_ticket(client, db):
    text = page(client, "/")
    assert "How can we help?" in text
    assert 'href="/portal/tickets/new/"' in text
    assert 'href="/signin/"' in text


def test_home_is_the_portal_for_customers_and_the_desk_for_staff(web, client):
    assert web.get("/").url == "/portal/"
    client.force_login(staff())
    assert client.get("/").url == "/desk/home/"


def test_signed_out_one_is_asked_to_sign_in_and_comes_back(client, db):
    assert client.get("/portal/?state=ended").url == "/signin/?next=/portal/%3Fstate%3Dended"


def test_the_list_shows_own_tickets_and_those_one_is_copied_into(web, ada):
    ticket(ada, subject="Mine")
    copied = ticket(subject="Copied to me")
    actions.add_copy(copied, ada, by=staff())
    ticket(subject="A stranger's")
    text = page(web, "/portal/")
    assert "Mine" in text
    assert "Copied to me" in text
    assert "stranger" not in text


def test_ended_tickets_stand_in_their_own_tab(web, ada):
    actions.close(ticket(ada, subject="Over and done"), by=staff())
    assert "Over and done" not in page(web, "/portal/")
    assert "Over and done" in page(web, "/portal/?state=ended")


@pytest.mark.parametrize(
    ("category", "word"),
    [
        ("new", "Received"),
        ("open", "We are on it"),
        ("scheduled", "Visit planned"),
        ("pending", "Waiting for you"),
        ("on_hold", "On hold"),
        ("resolved", "Solved"),
        ("closed", "Closed"),
    ],
)
def test_the_status_is_told_in_the_customers_words(web, ada, category, word):
    asked = ticket(ada)
    status = Status.objects.get(category=category, default=True)
    Ticket.objects.filter(pk=asked.pk).update(status=status, category=category)
    assert re.search(rf'badge-dot">{word}<', page(web, address(asked)))
    state = "ended" if category in ("resolved", "closed") else "open"
    assert re.search(rf'badge-dot">{word}<', page(web, f"/portal/?state={state}"))


def test_only_a_manager_sees_the_tickets_of_his_organisation(client, db):
    company = organization()
    ticket(customer(company), subject="A colleague's")
    client.force_login(customer(company))
    text = page(client, "/portal/?who=organization")
    assert "colleague" not in text
    assert "My organisation" not in text
    client.force_login(customer(company, role="customer_manager"))
    assert "colleague" not in page(client, "/portal/")
    assert "colleague" in page(client, "/portal/?who=organization")


def test_home_greets_and_offers_a_new_ticket(web):
    text = page(web, "/portal/")
    assert "Hello, Ada Quist" in text
    assert "No open tickets" in text
    assert 'href="/portal/tickets/new/"' in text


def test_a_search_finds_open_and_closed_ones_by_words_and_number(web, ada):
    asked = ticket(ada, "The toner is empty.", subject="Printer")
    ended = ticket(ada, "Toner again", subject="Printer two")
    actions.close(ended, by=staff())
    ticket(text="My toner", subject="A stranger's")
    actions.note(asked, Content.markdown("Rosebud"), by=staff())
    assert sorted(subjects(web, "/portal/?q=toner")) == ["Printer", "Printer two"]
    assert subjects(web, f"/portal/?q={asked.number}") == ["Printer"]
    for words in ("rosebud", "nowhere"):
        assert "Nothing found" in page(web, f"/portal/?q={words}")


def test_a_find_tells_nothing_of_how_to_reach_the_one_who_asked(web, ada):
    asked = ticket(customer(name="Bo Lund"), subject="Printer")
    actions.add_copy(asked, ada, by=staff())
    text = page(web, "/portal/?q=printer")
    assert "Printer" in text
    assert str(asked.requester.email) not in text


def test_a_search_stays_within_the_switch_of_a_manager(client, db):
    company = organization()
    manager = customer(company, role="customer_manager")
    ticket(manager, "The toner", subject="Mine")
    ticket(customer(company), "The toner", subject="A colleague")
    client.force_login(manager)
    assert subjects(client, "/portal/?q=toner") == ["Mine"]
    assert sorted(subjects(client, "/portal/?q=toner&who=organization")) == ["A colleague", "Mine"]
    client.force_login(customer(company))
    assert subjects(client, "/portal/?q=toner&who=organization") == []


def subjects(client, where: str = "/portal/") -> list[str]:
    return re.findall(r'class="row-link"[^>]*>([^<]*)<', page(client, where))


def test_the_list_moves_by_what_a_customer_sees_and_not_by_notes(web, ada):
    first, second = ticket(ada, subject="First"), ticket(ada, subject="Second")
    agent = staff()
    actions.note(first, Content.markdown("Only for us"), by=agent)
    actions.change(first, by=agent, priority=4)
    assert subjects(web) == ["Second", "First"]
    actions.reply(first, Content.markdown("For you"), by=agent)
    assert subjects(web) == ["First", "Second"]
    actions.change(second, by=agent, status=Status.objects.get(category="pending", default=True))
    assert subjects(web) == ["Second", "First"]
    actions.change(first, by=agent, subject="Renamed")
    assert subjects(web) == ["Renamed", "Second"]


def test_a_list_pages_on_and_back(web, ada):
    for n in range(27):
        ticket(ada, subject=f"Ticket number {n}.")
    first = page(web, "/portal/")
    assert len(re.findall("row-link", first)) == 25
    onward = re.search(r'href="([^"]*)" rel="next"', first)[1]
    second = page(web, onward)
    assert len(re.findall("row-link", second)) == 2
    assert (
        len(re.findall("row-link", page(web, re.search(r'href="([^"]*)"[^>]*rel="prev"', second)[1]))) == 25
    )


@pytest.mark.parametrize("query", ["cursor=nonsense", "state=what&cursor=x", "cursor=%00"])
def test_a_cursor_that_is_none_leads_to_the_first_page(web, query):
    assert web.get(f"/portal/?{query}").url == "/portal/"


@pytest.mark.slow
@pytest.mark.parametrize("who", ["customer", "customer_manager"])
def test_the_list_costs_the_same_queries_for_1_ticket_and_for_25(client, db, who):
    company = organization()
    person = customer(company, role=who)
    client.force_login(person)
    counts = []
    for more in (1, 24):
        for _ in range(more):
            ticket(person)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text = page(client, "/portal/" + ("?who=organization" if who == "customer_manager" else ""))
        counts.append(len(queries))
    assert len(re.findall("row-link", text)) == 25
    assert counts[0] == counts[1]
    assert counts[1] <= 6


# --- new ------------------------------------------------------------------------------------------


def form(**values) -> dict:
    queue = Queue.objects.get(slug="network")
    return {"subject": "VPN", "text": "It **drops**.", "queue": queue.pk, "once": KEY} | values


def test_a_new_ticket_goes_to_the_chosen_queue(web, ada):
    answer = web.post("/portal/tickets/new/", form())
    opened = Ticket.objects.get()
    assert answer.url == address(opened)
    assert (opened.subject, opened.queue.slug, opened.requester, opened.source) == (
        "VPN",
        "network",
        ada,
        "web",
    )
    message = opened.messages.get()
    assert message.text == "It **drops**."
    assert "<strong>drops</strong>" in message.html
    assert KEY in answer.cookies["deskbell_accepted"].value


def test_a_double_click_opens_one_ticket(web):
    first, second = (web.post("/portal/tickets/new/", form()) for _ in range(2))
    assert first.url == second.url
    assert Ticket.objects.count() == 1


def test_the_same_form_with_another_text_is_not_swallowed(web):
    web.post("/portal/tickets/new/", form())
    answer = web.post("/portal/tickets/new/", form(text="Another thing."))
    assert answer.status_code == 422
    assert "Another thing." in answer.content.decode()
    assert KEY not in answer.content.decode()
    assert Ticket.objects.count() == 1


def test_hidden_queues_are_not_offered_and_not_taken(web):
    Queue.objects.filter(slug="network").update(public=False)
    assert "Network" not in page(web, "/portal/tickets/new/")
    answer = web.post("/portal/tickets/new/", form())
    assert answer.status_code == 422
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"subject": " "}, "Say in a few words what it is about."),
        ({"text": " \n "}, "Describe what happens, and since when."),
        ({"queue": "99999"}, "Select a valid choice"),
        ({"queue": ""}, "Choose one of these."),
        ({"text": "x" * 100_001}, "Ensure this value has at most 100000 characters"),
        ({"subject": "y" * 256}, "Ensure this value has at most 255 characters"),
        ({"subject": "nul \0 byte"}, "Null characters are not allowed."),
    ],
)
def test_bad_input_is_told_beside_the_field_and_nothing_is_lost(web, values, said):
    sent = form(**{"text": "A long description", "subject": "A subject"} | values)
    answer = web.post("/portal/tickets/new/", sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    for name in ("subject", "text"):
        assert str(sent[name]).strip().replace("\0", "\0") in text
    assert Ticket.objects.count() == 0


def test_uploaded_files_come_with_the_ticket(web, ada):
    answer = web.post("/portal/uploads/", {"file": SimpleUploadedFile("log.txt", b"line one")})
    assert answer.status_code == 201
    assert answer.json() | {"id": 0} == {
        "id": 0,
        "filename": "log.txt",
        "content_type": "text/plain",
        "size": 8,
    }
    web.post("/portal/tickets/new/", form(uploads=[answer.json()["id"]]))
    file = Attachment.objects.get()
    assert file.message == Message.objects.get()
    assert 'href="/portal/attachments/' in page(web, address(Ticket.objects.get()))
    given = web.get(f"/portal/attachments/{file.pk}/")
    assert given["X-Deskbell-File"] == str(file.blob.path)
    assert given["Content-Disposition"] == 'attachment; filename="log.txt"'


def test_without_script_files_come_with_the_form_itself(web):
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
    web.post("/portal/tickets/new/", form(files=files))
    assert [f.filename for f in Message.objects.get().attachments.order_by("pk")] == ["a.txt", "b.txt"]


def test_a_refused_form_keeps_its_files(web):
    upload = web.post("/portal/uploads/", {"file": SimpleUploadedFile("first.txt", b"1")}).json()["id"]
    sent = form(subject="", uploads=[upload], files=SimpleUploadedFile("second.txt", b"2"))
    text = web.post("/portal/tickets/new/", sent).content.decode()
    kept = re.findall(r'name="uploads" value="(\d+)"', text)
    assert len(kept) == 2
    assert "first.txt" in text
    assert "second.txt" in text
    web.post("/portal/tickets/new/", form(uploads=kept))
    assert Message.objects.get().attachments.count() == 2


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's", "posted already"])
def test_a_message_is_never_sent_without_its_file(web, ada, client, whose):
    upload = 4711
    if whose != "nobody's":
        made = actions.upload(
            SimpleUploadedFile("log.txt", b"x"),
            filename="log.txt",
            by=ada if whose != "a stranger's" else customer(),
        )
        upload = made.pk
    before = 0
    if whose == "posted already":
        actions.open_ticket(
            requester=ada,
            subject="Old",
            content=Content.markdown("x", uploads=[upload]),
            by=ada,
            source="web",
        )
        before = 1
    answer = web.post("/portal/tickets/new/", form(uploads=[upload]))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was sent" in text
    assert ("log.txt" in text) is (whose == "posted already")
    assert "It **drops**." in text
    assert Ticket.objects.count() == before


def test_a_file_too_big_is_told_before_and_after(web, settings):
    settings.UPLOAD_LIMIT = 1000
    assert "up to 1.0\N{NO-BREAK SPACE}kB each" in page(web, "/portal/tickets/new/")
    big = SimpleUploadedFile("big.bin", b"x" * 1001)
    answer = web.post("/portal/uploads/", {"file": big})
    assert answer.status_code == 413
    assert "too big" in answer.json()["detail"]
    big.seek(0)
    answer = web.post("/portal/tickets/new/", form(files=big))
    assert answer.status_code == 422
    assert "too big" in answer.content.decode()
    assert "It **drops**." in answer.content.decode()
    assert (Ticket.objects.count(), Attachment.objects.count()) == (0, 0)


def test_an_upload_needs_a_file_and_a_signed_in_person(web, client):
    assert web.post("/portal/uploads/").status_code == 422
    client.logout()
    answer = client.post(
        "/portal/uploads/", {"file": SimpleUploadedFile("a", b"a")}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert Attachment.objects.count() == 0


# --- page -----------------------------------------------------------------------------------------


def test_a_ticket_shows_its_public_words_and_no_internal_ones(web, ada):
    asked, agent = ticket(ada, "Words of mine"), staff(name="Jo Agent")
    actions.note(asked, Content.markdown("Between the two of us: mumpsimus"), by=agent)
    actions.reply(asked, Content.markdown("An answer"), by=agent)
    actions.change(asked, by=agent, priority=4, tags=["secrettag"])
    actions.assign(asked, agent, by=agent)
    text = page(web, address(asked))
    assert "Words of mine" in text
    assert "An answer" in text
    for hidden in ("mumpsimus", "secrettag", "assigned", "Internal note", "priority from"):
        assert hidden not in text


def test_the_page_lists_who_is_copied_in(web, ada):
    asked = ticket(ada)
    copied = customer(name="Bo Copied")
    actions.add_copy(asked, copied, by=ada)
    assert str(copied.email) in page(web, address(asked))


@pytest.mark.parametrize("verb", ["", "replies/", "closure/", "reopening/"])
def test_a_strangers_ticket_is_not_there(web, verb):
    asked = ticket(subject="Nobody else's business")
    before = Event.objects.count()
    answer = web.post(address(asked, verb), {"text": "Hello"}) if verb else web.get(address(asked))
    assert answer.status_code == 404
    assert "business" not in answer.content.decode()
    assert Event.objects.count() == before


def test_a_number_beyond_all_bounds_is_not_there(web):
    assert web.get(f"/portal/tickets/{10**30}/").status_code == 404
    assert web.get(f"/portal/attachments/{10**30}/").status_code == 404


def test_staff_are_led_to_the_desk(client, db):
    asked = ticket()
    client.force_login(staff())
    assert client.get(address(asked)).url == f"/desk/tickets/{asked.number}/"


def test_older_messages_are_a_click_away(web, ada):
    asked = ticket(ada, "The very first words")
    for n in range(25):
        actions.customer_reply(asked, Content.markdown(f"More words {n}"), by=ada)
    text = page(web, address(asked))
    assert "The very first words" not in text
    older = re.search(r'href="(\?before=\d+)"', text)[1]
    assert "The very first words" in page(web, address(asked) + older)
    assert page(web, address(asked) + "?before=%00")


@pytest.mark.slow
def test_a_page_costs_the_same_queries_for_1_message_and_for_20(web, ada):
    asked, agent, counts = ticket(ada), staff(), []
    actions.reply(asked, Content.markdown("Answer"), by=agent)
    for more in (0, 18):
        for n in range(more):
            actions.reply(asked, Content.markdown("Answer"), by=agent) if n % 2 else actions.customer_reply(
                asked, Content.markdown("Question"), by=ada
            )
        with CaptureQueriesContext(connection) as queries:
            text = page(web, address(asked))
        counts.append(len(queries))
    assert len(re.findall("<article", text)) == 20
    assert counts[0] == counts[1]
    assert counts[1] <= 14


# --- reply, close, reopen -------------------------------------------------------------------------


def test_a_reply_is_added_once(web, ada):
    asked = ticket(ada)
    answers = [web.post(address(asked, "replies/"), {"text": "More", "once": KEY}) for _ in range(2)]
    message = Message.objects.get(text="More")
    assert {answer.url for answer in answers} == {f"{address(asked)}#message-{message.pk}"}
    assert (message.direction, message.visibility, message.author) == ("in", "public", ada)
    assert KEY in answers[0].cookies["deskbell_accepted"].value


def test_a_reply_wakes_a_waiting_ticket(web, ada):
    asked = ticket(ada)
    actions.change(asked, by=staff(), status=Status.objects.get(category="pending", default=True))
    web.post(address(asked, "replies/"), {"text": "Here you are"})
    assert fresh(asked).category == Category.OPEN


def test_a_file_alone_is_a_reply_and_nothing_at_all_is_none(web, ada):
    asked = ticket(ada)
    answer = web.post(address(asked, "replies/"), {"text": " "})
    assert answer.status_code == 422
    assert "Write something or attach a file." in answer.content.decode()
    assert asked.messages.count() == 1
    web.post(
        address(asked, "replies/"), {"text": "", "files": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n")}
    )
    assert asked.messages.count() == 2


def test_who_is_copied_in_may_reply_and_not_close(client, db):
    asked, copied = ticket(), customer()
    actions.add_copy(asked, copied, by=asked.requester)
    client.force_login(copied)
    text = page(client, address(asked))
    assert "closure/" not in text
    client.post(address(asked, "replies/"), {"text": "Me too"})
    assert Message.objects.filter(text="Me too", ticket=asked).exists()
    answer = client.post(address(asked, "closure/"), follow=True)
    assert "Only the person who asked can close this ticket." in answer.content.decode()
    assert fresh(asked).category == Category.NEW


def test_the_requester_closes_and_reopens(web, ada):
    asked = ticket(ada)
    assert "The ticket is closed." in web.post(address(asked, "closure/"), follow=True).content.decode()
    assert fresh(asked).category == Category.CLOSED
    assert "The ticket is open again." in web.post(address(asked, "reopening/"), follow=True).content.decode()
    assert fresh(asked).status.slug == "reopened"


def long_ago(asked: Ticket) -> None:
    ended = timezone.now() - timedelta(days=15)
    Ticket.objects.filter(pk=asked.pk).update(resolved_at=ended, closed_at=ended)


def test_what_was_closed_long_ago_is_followed_up_by_a_new_ticket(web, ada):
    asked = ticket(ada)
    actions.close(asked, by=staff())
    long_ago(asked)
    answer = web.post(address(asked, "reopening/"), follow=True)
    assert "closed too long ago" in answer.content.decode()
    assert fresh(asked).category == Category.CLOSED
    answer = web.post(address(asked, "replies/"), {"text": "Again!"})
    new = Ticket.objects.exclude(pk=asked.pk).get()
    assert answer.url.startswith(address(new))
    assert new.messages.get().text == "Again!"


def test_an_expired_sign_in_leads_back_to_the_page_that_keeps_the_text(web, ada):
    asked = ticket(ada)
    web.logout()
    assert web.post(address(asked, "replies/"), {"text": "More"}).url == f"/signin/?next={address(asked)}"
    assert web.post("/portal/tickets/new/", form()).url == "/signin/?next=/portal/tickets/new/"
    assert Message.objects.count() == 1


def test_a_reply_brings_a_trashed_ticket_back(web, ada):
    asked = ticket(ada)
    actions.trash(asked, by=staff())
    assert web.get(address(asked)).status_code == 404
    assert web.post(address(asked, "replies/"), {"text": "Hello?"}).status_code == 302
    assert fresh(asked).trashed_at is None


def test_words_to_a_vanished_ticket_stand_in_a_new_form(web, ada):
    asked, boss = ticket(ada), staff("owner")
    actions.trash(asked, by=boss)
    actions.delete_for_ever(fresh(asked), by=boss)
    answer = web.post(address(asked, "replies/"), {"text": "My precious words"})
    text = answer.content.decode()
    assert answer.status_code == 404
    assert "is not there any more" in text
    assert "My precious words" in text
    assert 'action="/portal/tickets/new/"' in text


@pytest.mark.parametrize("verb", ["replies/", "closure/", "reopening/"])
def test_what_changes_something_is_not_done_by_a_link(web, ada, verb):
    assert web.get(address(ticket(ada), verb)).status_code == 405


def test_a_part_is_answered_to_the_live_page(web, ada):
    asked = ticket(ada)
    part = web.get(address(asked), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="request"')
    assert "<form class=" not in part
    listed = web.get("/portal/", headers={"HX-Request": "true"}).content.decode()
    assert listed.lstrip().startswith('<div id="requests"')
