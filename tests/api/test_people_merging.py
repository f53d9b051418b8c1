"""Merging two customers by a program."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from deskbell.people.models import PersonMerge
from tests import stories
from tests.api.conftest import refused


def test_merged_and_back(calls):
    call, here, whole = calls(stories.staff("supervisor")), stories.customer(), stories.customer()
    asked, path = stories.ticket(here), f"/people/{here.pk}/merge"
    for _ in range(2):
        answer = call.post(path, {"into": whole.pk})
        assert (answer.status_code, answer.json()["id"], answer.json()["merged_into"]) == (
            200,
            whole.pk,
            None,
        )
    assert call.get(f"/people/{here.pk}").json()["merged_into"] == whole.pk
    assert [row["id"] for row in call.items("/people", email=here.email)] == [whole.pk]
    assert here.pk not in {row["id"] for row in call.items("/people")}
    assert call.get(f"/tickets/{asked.number}").json()["requester"]["id"] == whole.pk
    opened = call.post("/tickets", {"subject": "s", "body": "b", "requester": {"id": here.pk}})
    assert (opened.status_code, opened.json()["requester"]["id"]) == (201, whole.pk)
    back = call("DELETE", path)
    assert (back.status_code, back.json()["id"], back.json()["merged_into"]) == (200, here.pk, None)
    assert call.get(f"/tickets/{asked.number}").json()["requester"]["id"] == here.pk
    assert refused(call("DELETE", path), 409)["type"].endswith("not-mergeable-not-merged")


def test_a_chain_points_to_its_end(calls):
    call = calls(stories.staff("supervisor"))
    a, b, c = stories.customer(), stories.customer(), stories.customer()
    call.post(f"/people/{a.pk}/merge", {"into": b.pk})
    call.post(f"/people/{b.pk}/merge", {"into": c.pk})
    assert call.get(f"/people/{a.pk}").json()["merged_into"] == c.pk
    assert refused(call("DELETE", f"/people/{a.pk}/merge"), 409)["type"].endswith("target-merged")


def test_what_cannot_be_merged_says_why(calls):
    boss = stories.staff("owner")
    call, here, whole = calls(boss), stories.customer(), stories.customer()
    path = f"/people/{here.pk}/merge"
    told = refused(call.post(path, {"into": boss.pk}), 409)
    assert told["type"].endswith("not-mergeable-staff") and "never merged" in told["detail"]
    assert refused(call.post(path, {"into": here.pk}), 409)["type"].endswith("not-mergeable-same")
    refused(call.post(path, {"into": 999999}), 404)
    refused(call.post(path, {}), 422, "into")
    refused(call.post(path, {"into": whole.pk, "sure": True}), 422, "sure")
    refused(calls(stories.staff("agent")).post(path, {"into": whole.pk}), 403)
    refused(calls(here).post(path, {"into": whole.pk}), 403)
    assert not PersonMerge.objects.exists()
    call.post(path, {"into": whole.pk})
    PersonMerge.objects.update(at=timezone.now() - timedelta(days=31))
    assert refused(call("DELETE", path), 409)["type"].endswith("too-late")
