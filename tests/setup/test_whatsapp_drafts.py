"""Templates that come with the desk: looked at, sent for approval, approved, rejected; what Meta charges."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from deskbell.channels.actions import webhooks, whatsapp_codes, whatsapp_health
from deskbell.channels.actions.access import NotAllowed
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.actions.whatsapp_drafts import submit_draft
from deskbell.channels.models import Channel, DeliveredMessage, MessageTemplate, Webhook
from deskbell.channels.whatsapp import drafts, templates
from deskbell.demo.whatsapp.approval import faults
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, VERIFY, WABA_ID, Sim
from deskbell.events.models import Event
from tests.setup.conftest import page
from tests.stories import staff

ALL = [(draft, language) for draft in drafts.DRAFTS for language in drafts.LANGUAGES]
#: whose words are ours
WRITTEN = [each for each in ALL if each[0].name != drafts.CODE]


@pytest.fixture
def sim(settings) -> Iterator[Sim]:
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    with serve(Sim()) as running:
        running.templates = []
        yield running


@pytest.fixture
def number(db, sim) -> Channel:
    return add_whatsapp("Chat", Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, VERIFY, base_url=sim.address))


def send(client: Client, number: Channel, name: str = "ticket_received", language: str = "de") -> str:
    """Press the button; what is said then."""
    answer = client.post(f"/setup/whatsapp/{number.pk}/drafts/", {"name": name, "language": language})
    assert answer.status_code == 302
    assert answer["Location"] == f"/setup/whatsapp/{number.pk}/#draft-{name}"
    return str(list(get_messages(answer.wsgi_request))[-1])


def shown(client: Client, number: Channel, name: str = "ticket_received") -> str:
    """The part of the number's page that is about one draft."""
    text = html.unescape(page(client, f"/setup/whatsapp/{number.pk}/"))
    found = re.search(rf'<details[^>]*id="draft-{name}">.*?</details>', text, re.DOTALL)
    assert found
    return found[0]


@pytest.fixture
def judged(sim, number, monkeypatch) -> Any:
    """Approve or reject a template there, and hear of it here."""

    def judge(name: str, language: str, event: str, reason: str = "NONE") -> None:
        from deskbell.channels import jobs

        asked: list[bool] = []
        posted: list[bytes] = []
        monkeypatch.setattr(sim, "post", lambda body: posted.append(json.dumps(body).encode()) or 200)
        monkeypatch.setattr(jobs.whatsapp_templates, "defer", lambda: asked.append(True))
        sim.judge(name, language, event, reason)
        for body in posted:
            webhooks.store_webhook(number, body)
            webhooks.handle_webhook(Webhook.objects.latest("pk").pk)
        assert asked == [True]
        jobs.whatsapp_templates()

    return judge


# --- the drafts themselves ------------------------------------------------------------------------


def test_there_are_seven_in_each_language_of_the_desk(settings):
    assert [each.name for each in drafts.DRAFTS] == [
        "ticket_received",
        "ticket_reply_waiting",
        "ticket_status_changed",
        "ticket_resolved_csat",
        "appointment_confirm",
        "reopen_window",
        "sign_in_code",
    ]
    assert {code[:2] for code in drafts.LANGUAGES} == {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize(("draft", "language"), WRITTEN, ids=lambda each: getattr(each, "name", each))
def test_each_keeps_whatsapp_s_rules_and_can_be_filled_in_at_the_desk(draft, language):
    submitted = drafts.to_submit(draft, language)
    assert list(faults(submitted, [])) == []
    row = MessageTemplate(
        name=draft.name, language=language, status="APPROVED", components=submitted["components"]
    )
    assert templates.is_offered(row)
    names = [each.name for each in templates.variables(row)]
    assert names[:2] == ["name", "ticket"]
    preview = drafts.preview(draft, language)
    assert "{" not in preview
    assert "#4711" in preview


@pytest.mark.parametrize(
    ("change", "subcode"),
    [
        ({"name": "Ticket Received"}, 2388047),
        ({"components": []}, 2388047),
        ({"components": [{"type": "BODY", "text": "We wrote {{a}} to you today."}]}, 2388047),
        ({"components": [{"type": "BODY", "text": "x" * 1025}]}, 2388040),
        (
            {
                "components": [
                    {"type": "BODY", "text": "Hi"},
                    {"type": "BUTTONS", "buttons": [{"text": "x" * 26}]},
                ]
            },
            2388040,
        ),
    ],
)
def test_the_simulator_refuses_what_whatsapp_refuses(change, subcode):
    good = drafts.to_submit(drafts.DRAFTS[0], "de")
    assert subcode in list(faults({**good, **change}, []))


@pytest.mark.parametrize(
    ("text", "subcode"),
    [("{{a}} is what we say to you", 2388299), ("We say to you {{a}}.", 2388299), ("We {{a}} you", 2388293)],
)
def test_the_simulator_knows_where_a_variable_may_stand(text, subcode):
    body = {
        "type": "BODY",
        "text": text,
        "example": {"body_text_named_params": [{"param_name": "a", "example": "b"}]},
    }
    template = {"name": "n", "language": "de", "parameter_format": "NAMED", "components": [body]}
    assert list(faults(template, [])) == [subcode]


# --- the one with a code ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", drafts.LANGUAGES)
def test_the_one_with_a_code_is_handed_over_as_whatsapp_wants_it(language):
    submitted = drafts.to_submit(drafts.draft_named("sign_in_code"), language)
    assert submitted == {
        "name": "sign_in_code",
        "language": language,
        "category": "AUTHENTICATION",
        "message_send_ttl_seconds": 180,
        "components": [
            {"type": "BODY", "add_security_recommendation": True},
            {"type": "FOOTER", "code_expiration_minutes": 3},
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "OTP",
                        "otp_type": "COPY_CODE",
                        "text": {"en_US": "Copy code", "de": "Code kopieren"}[language],
                    }
                ],
            },
        ],
    }
    assert list(faults(submitted, [])) == []


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"type": "BODY", "text": "Your code is {{1}}"}],
        [{"type": "BODY"}],
        [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"type": "URL"}]}],
        [
            {"type": "BODY"},
            {"type": "FOOTER", "code_expiration_minutes": 91},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
        ],
    ],
)
def test_the_simulator_refuses_codes_of_another_shape(parts):
    template = {"name": "n", "language": "de", "category": "AUTHENTICATION", "components": parts}
    assert list(faults(template, [])) == [2388047]


def test_the_one_with_a_code_is_approved_and_opens_the_way_in(web, number, sim, judged):
    text = shown(web, number, drafts.CODE)
    assert "*KQ7M-3XWP* is your verification code. For your security, do not share this code." in text
    assert "This code expires in 3 minutes." in text
    assert "WhatsApp writes these words itself." in text
    send(web, number, drafts.CODE, "en_US")
    assert not whatsapp_codes.are_offered()
    judged(drafts.CODE, "en_US", "APPROVED")
    row = MessageTemplate.objects.get()
    assert row.components == sim.templates[0]["components"]
    assert row.components[-1]["buttons"][0]["type"] == "URL"  # as the other side lists it
    assert whatsapp_codes.are_offered()
    assert not templates.is_offered(row)
    assert shown(web, number, drafts.CODE).count("Approved") == 2


def test_another_template_under_its_name_is_shown_and_sends_no_codes(web, number, sim):
    body = {"type": "BODY", "text": "We sign you in."}
    other = {"name": drafts.CODE, "language": "de", "status": "APPROVED", "category": "UTILITY"}
    sim.templates = [{**other, "components": [body]}]
    send(web, number, drafts.CODE, "de")
    assert "has a template of this name already" in shown(web, number, drafts.CODE)
    assert not whatsapp_codes.are_offered()


# --- sent, approved, rejected ---------------------------------------------------------------------


def test_a_draft_is_read_sent_and_approved(web, number, sim, judged):
    text = shown(web, number)
    assert "Ihre Anfrage ist bei uns angekommen. Sie hat die Nummer #4711" in text
    assert "we have received your request. Its number is #4711" in text
    assert text.count("Not sent") == 4  # in the head and beside the words, in both languages
    assert send(web, number) == "“ticket_received” (Deutsch) is sent to WhatsApp for approval."
    (there,) = sim.templates
    assert {**there, "id": "", "status": "", "rejected_reason": ""} == {
        **drafts.to_submit(drafts.DRAFTS[0], "de"),
        "id": "",
        "status": "",
        "rejected_reason": "",
    }
    text = shown(web, number)
    assert text.count("Waits for approval") == 2
    assert 'value="de"' not in text
    assert 'value="en_US"' in text
    judged("ticket_received", "de", "APPROVED")
    assert shown(web, number).count("Approved") == 2
    assert templates.is_offered(MessageTemplate.objects.get())


def test_all_of_them_are_taken(web, number, sim):
    for draft, language in ALL:
        assert "is sent to WhatsApp for approval" in send(web, number, draft.name, language)
    assert len(sim.templates) == MessageTemplate.objects.count() == 14
    assert "Send for approval" not in page(web, f"/setup/whatsapp/{number.pk}/")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("PROMOTIONAL", "WhatsApp takes it for an advertisement."),
        ("NONE", "WhatsApp gave no reason."),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
def test_a_rejected_one_says_why_and_where_to_mend_it(web, number, judged, reason, words):
    send(web, number)
    judged("ticket_received", "de", "REJECTED", reason)
    text = shown(web, number)
    assert text.count("Rejected") == 2
    assert f"{words} Change it in the WhatsApp Manager" in text


def test_sent_twice_it_is_there_once(web, number, sim):
    send(web, number)
    assert send(web, number) == "WhatsApp has “ticket_received” (Deutsch) already."
    MessageTemplate.objects.all().delete()  # a second click that came at the same moment
    assert send(web, number) == "WhatsApp has “ticket_received” (Deutsch) already."
    assert len(sim.templates) == MessageTemplate.objects.count() == 1
    assert Event.objects.filter(kind="channel.template_submitted").count() == 1
    said = "sent the WhatsApp template ticket_received (de) for approval"
    assert said in page(web, "/setup/audit/")


def test_one_of_that_name_with_other_words_is_shown_as_it_is_there(web, number, sim):
    body = {"type": "BODY", "text": "Wir melden uns <bald> bei Ihnen."}
    other = {"name": "ticket_received", "language": "de", "status": "APPROVED", "category": "MARKETING"}
    sim.templates = [{**other, "components": [body]}]
    assert send(web, number) == "WhatsApp has “ticket_received” (Deutsch) already."
    text = shown(web, number)
    assert "Wir melden uns <bald> bei Ihnen." in text
    assert "has a template of this name already. These are its words." in text
    assert "counts it as advertising" in text
    assert "Ihre Anfrage ist bei uns angekommen" not in text


def test_the_webhook_may_be_faster_than_the_answer(web, number, sim, monkeypatch):
    submit = sim.submit

    def approved_at_once(template: dict[str, Any]) -> dict[str, Any]:
        answer = submit(template)
        sim.templates[-1]["status"] = "APPROVED"
        row = {"status": "APPROVED", "category": "UTILITY", "components": template["components"]}
        MessageTemplate.objects.create(channel=number, name=template["name"], language="de", **row)
        return answer

    from deskbell.channels.whatsapp.graph import Graph

    monkeypatch.setattr(Graph, "add_template", lambda _self, template: approved_at_once(template))
    send(web, number)
    assert MessageTemplate.objects.get().status == "APPROVED"


def test_what_was_handed_over_while_the_list_was_read_stays(number, sim):
    MessageTemplate.objects.create(channel=number, name="fresh", language="de", status="PENDING")
    MessageTemplate.objects.create(channel=number, name="gone", language="de", status="PENDING")
    MessageTemplate.objects.filter(name="fresh").update(synced_at=timezone.now() + timedelta(seconds=1))
    whatsapp_health.sync_templates(number)
    assert MessageTemplate.objects.get().name == "fresh"


@pytest.mark.parametrize(
    ("code", "subcode", "words"),
    [
        (100, 2388019, "The WhatsApp account has as many templates as it may have"),
        (100, 2388023, "One of that name is being deleted at WhatsApp"),
        (80008, 0, "WhatsApp takes no more templates at the moment"),
        (100, 2388040, "WhatsApp did not take the template: The body is odd."),
        (200, 0, "The access token may not do that"),
        (131031, 0, "WhatsApp has restricted this business account"),
    ],
)
def test_a_refusal_is_said_in_words_and_keeps_nothing(web, number, sim, monkeypatch, code, subcode, words):
    from deskbell.demo.whatsapp.sim import Refused

    def refuse(template: dict[str, Any]) -> dict[str, Any]:
        raise Refused(400, code, "The body is odd.", subcode=subcode)

    monkeypatch.setattr(sim, "submit", refuse)
    said = send(web, number)
    assert said.startswith("“ticket_received” (Deutsch) was not sent. ")
    assert words in said
    assert not MessageTemplate.objects.exists()
    assert not Event.objects.filter(kind="channel.template_submitted").exists()
    assert "Not sent" in shown(web, number)


def test_an_ended_token_an_unknown_account_and_nobody_are_said_apart(web, number, sim):
    sim.waba_id = "1"
    assert "does not know the business account id" in send(web, number)
    sim.token = "another"
    assert "does not take the access token any more" in send(web, number)
    number.whatsapp.base_url = "http://127.0.0.1:1"
    number.whatsapp.save()
    assert "was not sent." in send(web, number)
    assert not MessageTemplate.objects.exists()


def test_there_is_no_other_draft_and_no_other_language(web, number, sim):
    for given in (
        {},
        {"name": "reopen_window"},
        {"name": "x", "language": "de"},
        {"name": "reopen_window", "language": "fr"},
    ):
        assert web.post(f"/setup/whatsapp/{number.pk}/drafts/", given).status_code == 404
    assert sim.templates == []


def test_only_who_sets_up_sends_one(number, sim):
    agent = staff("agent")
    client = Client()
    client.force_login(agent)
    path = f"/setup/whatsapp/{number.pk}/drafts/"
    assert client.post(path, {"name": "reopen_window", "language": "de"}).status_code in (403, 404)
    with pytest.raises(NotAllowed):
        submit_draft(number, drafts.DRAFTS[0], "de", by=agent)
    assert sim.templates == []


# --- what Meta charges ----------------------------------------------------------------------------


def test_the_number_s_page_tells_what_meta_charged_in_a_month(web, number):
    text = page(web, f"/setup/whatsapp/{number.pk}/")
    assert "Nothing yet: as soon as a message of yours arrives" in text
    now = timezone.now()
    rows = [("utility", True), ("utility", True), ("service", False), ("brand_new", True)]
    for n, (category, charged) in enumerate(rows):
        DeliveredMessage.objects.create(
            channel=number, external_id=f"w{n}", category=category, charged=charged, delivered_at=now
        )
    with CaptureQueriesContext(connection) as few:
        text = page(web, f"/setup/whatsapp/{number.pk}/")
    cells = re.findall(
        r"<t[hd][^>]*>(.*?)</t[hd]>", text.partition('id="charges"')[2].partition("</table>")[0]
    )
    bare = [re.sub(r"<[^>]+>", "", each) for each in cells]
    month = timezone.localtime(now)
    with translation.override("en"):
        name = month.strftime("%B %Y")
    assert bare == [
        *("Month", "Charged by Meta", "Free of charge"),
        *(name, "3", "1"),
        *("brand_new", "1", "0"),
        *("Answers within the 24 hours", "0", "1"),
        *("Templates about a request", "2", "0"),
    ]
    DeliveredMessage.objects.create(
        channel=number,
        external_id="old",
        category="marketing",
        charged=True,
        delivered_at=now - timedelta(days=70),
    )
    with CaptureQueriesContext(connection) as more:
        text = page(web, f"/setup/whatsapp/{number.pk}/")
    assert "Templates that advertise" in text
    assert len(more) == len(few)
