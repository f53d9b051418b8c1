"""Merging, splitting and moving on the pages of the desk, and where customers are led then."""

from __future__ import annotations

from django.urls import reverse

from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Draft, Message, Ticket
from tests.desk.conftest import HTMX


def at(name: str, ticket: Ticket) -> str:
    return reverse(f"desk:{name}", args=[ticket.number])


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_the_page_offers_the_customers_other_tickets_and_finds_any_by_number_or_words(world, desk):
    here, his = world.ticket(), world.ticket("Paper jam")
    foreign = world.ticket("Switch is warm", requester=world.other)
    page = desk.get(at("merge", here)).content.decode()
    assert f"?into={his.number}" in page
    assert f"?into={foreign.number}" not in page
    for words in (str(foreign.number), f"#{foreign.number}", "switch warm"):
        page = desk.get(at("merge", here), {"q": words}).content.decode()
        assert f"?into={foreign.number}" in page, words
    assert f"?into={here.number}" not in desk.get(at("merge", here), {"q": str(here.number)}).content.decode()


def test_merging_says_first_what_will_happen_and_leads_to_the_whole(world, desk):
    here, whole = world.ticket(), world.ticket("Paper jam")
    actions.tag(here, "fire", by=world.agent)
    page = desk.get(at("merge", here), {"into": whole.number}).content.decode()
    assert "1 message goes to" in page
    assert "fire" in page
    assert fresh(here).merged_into_id is None
    answer = desk.post(at("merge", here), {"into": whole.number})
    assert answer.headers["Location"] == whole.get_absolute_url()
    assert fresh(here).merged_into_id == whole.pk
    page = desk.get(answer.headers["Location"]).content.decode()
    assert f"#{here.number} is part of this ticket now" in page
    assert "It burns." in page
    again = desk.post(at("merge", here), {"into": whole.number})
    assert again.headers["Location"] == whole.get_absolute_url()


def test_the_part_points_to_the_whole_and_can_be_taken_out_again(world, desk):
    here, whole = world.ticket(), world.ticket("Paper jam")
    actions.merge(here, whole, by=world.agent)
    page = desk.get(at("ticket", here)).content.decode()
    assert f"This ticket is part of #{whole.number}: Paper jam" in page
    assert at("unmerge", here) in page
    assert 'name="visibility"' not in page
    around = desk.get(at("around", whole)).content.decode()
    assert "Part of this" in around
    assert f"#{here.number}" in around
    desk.post(at("unmerge", here))
    assert fresh(here).merged_into_id is None
    assert "part of" not in desk.get(at("ticket", here)).content.decode()


def test_two_customers_are_merged_only_when_the_box_is_ticked(world, desk):
    here, whole = world.ticket(), world.ticket("Paper jam", requester=world.other)
    page = desk.get(at("merge", here), {"into": whole.number}).content.decode()
    assert "will read each other" in page
    refused = desk.post(at("merge", here), {"into": whole.number})
    assert refused.status_code == 422
    assert fresh(here).merged_into_id is None
    assert desk.post(at("merge", here), {"into": whole.number, "share": "on"}).status_code == 302


def test_words_typed_while_somebody_merged_wait_in_the_whole(world, desk):
    here, whole = world.ticket(), world.ticket("Paper jam")
    actions.merge(here, whole, by=world.colleague)
    before = Message.objects.count()
    sent = {"text": "Use the other tray.", "visibility": "public", "then": "keep"}
    answer = desk.post(at("messages", here), sent, headers=HTMX)
    assert answer.headers["HX-Redirect"] == whole.get_absolute_url()
    assert Draft.objects.get(user=world.agent).ticket_id == whole.pk
    page = desk.get(whole.get_absolute_url()).content.decode()
    assert "Nothing was sent" in page
    assert "Use the other tray." in page
    assert Message.objects.count() == before


def test_who_reads_only_merges_and_moves_nothing(world, sign_in):
    here, whole = world.ticket(), world.ticket("Paper jam")
    auditor = sign_in(world.auditor)
    for name in ("merge", "move"):
        assert auditor.get(at(name, here)).status_code == 403
    assert auditor.post(at("merge", here), {"into": whole.number}).status_code == 403
    assert 'href="' + at("merge", here) not in auditor.get(at("ticket", here)).content.decode()
    networker = sign_in(world.networker)
    mine = world.ticket("Cable", team=world.team)
    assert networker.post(at("merge", mine), {"into": whole.number}).status_code in (302, 404)


def test_from_a_message_on_all_is_chosen_and_becomes_a_ticket_once(world, desk):
    here = world.ticket()
    actions.reply(here, Content.markdown("Use water."), by=world.agent)
    second = actions.customer_reply(here, Content.markdown("My screen is black."), by=world.customer)
    noted = actions.note(here, Content.markdown("Which screen?"), by=world.agent)
    page = desk.get(at("move", here), {"from": second.pk}).content.decode()
    chosen = [pk for pk in (second.pk, noted.pk) if f'value="{pk}" checked' in page]
    assert chosen == [second.pk, noted.pk]
    assert 'value="My screen is black."' in page
    form = {
        "messages": chosen,
        "where": "new",
        "subject": "Black screen",
        "once": "0123456789abcdef0123456789abcdef",
    }
    answers = [desk.post(at("move", here), form) for _ in range(2)]
    opened = Ticket.objects.get(subject="Black screen")
    assert [answer.headers["Location"] for answer in answers] == [opened.get_absolute_url()] * 2
    assert list(opened.messages.order_by("pk").values_list("pk", flat=True)) == chosen
    assert here.messages.count() == 2
    for one, other, said in ((here, opened, "Split off"), (opened, here, "Split off from")):
        around = desk.get(at("around", one)).content.decode()
        assert said in around
        assert f"#{other.number}" in around


def test_a_refused_move_keeps_every_choice(world, desk):
    here, foreign = world.ticket(), world.ticket("Warm", requester=world.other)
    second = actions.customer_reply(here, Content.markdown("And black."), by=world.customer)
    form = {"messages": [second.pk], "where": "other", "to": f"#{foreign.number}", "subject": "Kept"}
    refused = desk.post(at("move", here), form)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "another customer" in page
    assert f'value="{second.pk}" checked' in page
    assert 'value="Kept"' in page
    for missing in ({"where": "new", "subject": " "}, {"where": "other", "to": "999999"}, {"messages": []}):
        assert desk.post(at("move", here), {**form, **missing}).status_code == 422, missing
    assert here.messages.count() == 2


def test_messages_go_to_another_ticket_of_the_customer(world, desk):
    here, other = world.ticket(), world.ticket("Screen")
    second = actions.customer_reply(here, Content.markdown("And black."), by=world.customer)
    answer = desk.post(at("move", here), {"messages": [second.pk], "where": "other", "to": other.number})
    assert answer.headers["Location"] == other.get_absolute_url()
    assert Message.objects.get(pk=second.pk).ticket_id == other.pk


def test_the_customer_is_led_on_and_answers_where_he_is_led(world, sign_in):
    here, whole = world.ticket(), world.ticket("Paper jam")
    actions.merge(here, whole, by=world.agent)
    browser = sign_in(world.customer)
    led = browser.get(reverse("portal:ticket", args=[here.number]))
    assert led.headers["Location"] == reverse("portal:ticket", args=[whole.number])
    page = browser.get(led.headers["Location"]).content.decode()
    assert f"#{here.number} is part of #{whole.number} now" in page
    assert "It burns." in page
    live = browser.get(reverse("portal:ticket", args=[here.number]), headers=HTMX)
    assert live.headers["HX-Redirect"] == led.headers["Location"]
    answered = browser.post(reverse("portal:replies", args=[here.number]), {"text": "Still."})
    assert answered.headers["Location"].startswith(led.headers["Location"])
    assert whole.messages.filter(text="Still.").count() == 1


def test_a_page_of_a_merged_ticket_costs_few_queries(world, desk, django_assert_max_num_queries):
    here, whole = world.ticket(), world.ticket("Paper jam")
    actions.merge(here, whole, by=world.agent)
    desk.get(at("ticket", here))
    with django_assert_max_num_queries(24):
        desk.get(at("ticket", here))
