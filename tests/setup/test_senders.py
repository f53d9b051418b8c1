"""The page of blocked and always welcome senders."""

from __future__ import annotations

from deskbell.channels.actions import add_channel
from deskbell.channels.models import SenderRule
from tests import stories
from tests.channels.conftest import mail, store


def test_several_are_listed_at_once_and_found_and_taken_off(web):
    web.post("/setup/senders/", {"senders": "a@example.com\n\n @b.example ", "kind": "block", "note": "spam"})
    assert list(SenderRule.objects.order_by("pk").values_list("sender", "kind", "note")) == [
        ("a@example.com", "block", "spam"),
        ("b.example", "block", "spam"),
    ]
    page = web.get("/setup/senders/?q=B.EX").content.decode()
    assert "b.example" in page and ">a@example.com<" not in page
    row = SenderRule.objects.get(sender="b.example")
    for _click in range(2):
        assert web.post(f"/setup/senders/{row.pk}/removal/").status_code == 302
    assert [one.sender for one in SenderRule.objects.all()] == ["a@example.com"]


def test_what_cannot_be_listed_stays_in_the_form_with_its_reason(web):
    answer = web.post("/setup/senders/", {"senders": "nonsense\na@example.com", "kind": "block"})
    assert answer.status_code == 422
    assert "“nonsense” is neither an e-mail address nor a domain, nor a phone" in answer.content.decode()
    assert not SenderRule.objects.exists()
    agent = stories.staff(name="Mara Lind")
    answer = web.post("/setup/senders/", {"senders": f"{agent.email}\na@example.com", "kind": "block"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Mara Lind works here." in page and "1 sender is listed." in page
    assert f">\r\n{agent.email}</textarea>" in page or f">\n{agent.email}</textarea>" in page
    assert [one.sender for one in SenderRule.objects.all()] == ["a@example.com"]


def test_a_received_mail_leads_to_blocking_its_sender(web):
    mailbox = add_channel("email", name="Support", address="support@desk.example")
    item = store(mailbox, mail(sender="Eve <eve@example.com>"))
    page = web.get(f"/setup/received/{item.pk}/").content.decode()
    assert "/setup/senders/?sender=eve%40example.com" in page
    assert "eve@example.com</textarea>" in web.get("/setup/senders/?sender=eve@example.com").content.decode()
