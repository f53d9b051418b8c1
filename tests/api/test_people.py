from __future__ import annotations

from deskbell.people import actions as people
from deskbell.people.models import Organization, User
from tests import stories
from tests.api.conftest import refused


def test_me_tells_whose_token_it_is(calls):
    team = stories.team("Field")
    agent = stories.staff("agent", team=team)
    told = calls(agent, read_only=True).get("/me").json()
    assert told["user"] == {"id": agent.pk, "name": agent.name, "email": agent.email, "phone": None}
    assert told["roles"] == [
        {"role": "agent", "team": {"id": team.pk, "name": "Field"}},
        {"role": "customer", "team": None},
    ]
    assert "ticket.reply" in told["permissions"]
    assert told["token"] == {"name": "test", "read_only": True}


def test_people_are_found_by_their_address(calls):
    agent, lena = stories.staff(), stories.customer(name="Lena Hart")
    people.add_identity(lena, "phone", "+49 30 901820", by=agent)
    call = calls(agent)
    shape = {"id": lena.pk, "name": "Lena Hart", "email": lena.email, "phone": "+4930901820"}
    assert call.items("/people", email=str(lena.email).title()) == [shape]
    assert call.items("/people", phone="+4930901820") == [shape]
    assert call.client.get("/api/v1/people?phone=+49 30 901820", headers=call.headers).json()["items"] == [
        shape
    ]
    assert call.items("/people", email="nobody@x.example") == []
    assert {p["id"] for p in call.items("/people", limit=1)} == {agent.pk, lena.pk}
    detail = call.get(f"/people/{lena.pk}").json()
    assert detail == {
        **shape,
        "organization": None,
        "language": "",
        "time_zone": "",
        "created_at": detail["created_at"],
        "merged_into": None,
    }
    refused(call.get("/people", email="no address"), 422, "email")
    refused(call.get("/people", phone="12"), 422, "phone")


def test_a_customer_looks_up_himself_alone(calls):
    other, lena = stories.customer(), stories.customer()
    call = calls(lena)
    assert [p["id"] for p in call.items("/people")] == [lena.pk]
    assert call.items("/people", email=other.email) == []
    refused(call.get(f"/people/{other.pk}"), 404)
    refused(call.post("/people", {"name": "x", "email": other.email}), 403)
    refused(call.post("/people", {"name": "x"}), 403)


def test_a_person_is_added_with_all_his_addresses_or_not_at_all(calls):
    agent = stories.staff()
    company = stories.organization("Acme")
    call = calls(agent)
    told = call.post(
        "/people",
        {"name": "Lena", "email": "lena@acme.example", "phone": "+49 30 901820", "organization": company.pk},
    ).json()
    assert told["organization"] == {"id": company.pk, "name": "Acme"}
    assert (told["email"], told["phone"]) == ("lena@acme.example", "+4930901820")
    before = User.objects.count()
    taken = call.post("/people", {"email": "new@acme.example", "phone": "+4930901820"})
    assert refused(taken, 409, "phone")["person"]["id"] == told["id"]
    refused(call.post("/people", {}), 422, "name")
    refused(call.post("/people", {"email": "x"}), 422, "email")
    refused(call.post("/people", {"phone": "x"}), 422, "phone")
    refused(call.post("/people", {"name": "x", "organization": 999999}), 422, "organization")
    assert User.objects.count() == before


def test_organisations_are_listed_read_and_added(calls):
    call = calls(stories.staff())
    body = {"name": "Acme", "domains": ["acme.example", "bücher.example"], "notes": "pays late"}
    told = call.post("/organizations", body).json()
    assert told["domains"] == ["acme.example", "xn--bcher-kva.example"]
    assert call.get(f"/organizations/{told['id']}").json() == told
    assert call.items("/organizations", domain="acme.example") == [told]
    refused(call.post("/organizations", {"name": "ACME"}), 409, "name")
    refused(call.post("/organizations", {"name": "B", "domains": ["acme.example"]}), 409)
    refused(call.post("/organizations", {"name": "C", "domains": ["not a.domain" + "x" * 64]}), 422)
    refused(call.post("/organizations", {"name": " "}), 422, "name")
    assert Organization.objects.get().name == "Acme"
    lena = stories.customer(Organization.objects.get())
    assert calls(lena).items("/organizations") == [{**told, "notes": ""}]
    refused(calls(lena).post("/organizations", {"name": "Mine"}), 403)
    assert calls(stories.customer()).items("/organizations") == []


def test_the_small_lists_teach_a_program_the_labels(calls):
    agent, lena = calls(stories.staff()), calls(stories.customer())
    stories.team("Field")
    assert [queue["slug"] for queue in lena.items("/queues")] == ["support", "hardware", "network", "billing"]
    assert agent.items("/statuses")[0] == {"slug": "new", "label": "New", "category": "new"}
    assert agent.items("/types")[0] == {"slug": "incident", "name": "Incident"}
    assert [team["name"] for team in agent.items("/teams")] == ["Field"]
    assert lena.items("/teams") == []
