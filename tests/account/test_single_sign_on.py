"""Single sign-on by OpenID Connect: at a real provider, and what is refused of one that lies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, openid
from deskbell.people.actions import ProviderGiven
from deskbell.people.models import Grant, Identity, IdentityProvider, ProviderLink, Role, User
from deskbell.setup import trail
from tests import stories
from tests.account.conftest import PASSWORD
from tests.account.test_devices import told
from tests.account.test_second_factor import code_for, signed_in, with_factor
from tests.support.openid import CLIENT, SECRET, Liar, RealProvider, liar, real_provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(db, settings):
    cache.clear()
    settings.HTTP_PLAIN_TO_LOOPBACK = True


@pytest.fixture(scope="module")
def program() -> Iterator[RealProvider]:
    with real_provider() as running:
        yield running


@pytest.fixture(scope="module")
def false_one() -> Iterator[Liar]:
    with liar() as running:
        yield running


@pytest.fixture
def lying(false_one) -> Liar:
    false_one.renew()
    return false_one


@pytest.fixture
def mira(db) -> User:
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=PASSWORD)


def at(provider: RealProvider | Liar, **more: Any) -> IdentityProvider:
    values = {
        "name": "Elsewhere",
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "active": True,
    }
    return actions.save_identity_provider(ProviderGiven(**{**values, **more}), by=SYSTEM)


def leave(client: Client, row: IdentityProvider, **query: str) -> str:
    """The address at the provider to which the browser is sent."""
    answer = client.get(f"/signin/with/{row.pk}/", query)
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_back(client: Client, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def said(client: Client) -> str:
    return client.get("/signin/").content.decode()


def sign_in(client: Client, row: IdentityProvider, provider: Liar, **query: str) -> Any:
    return come_back(client, provider.visit(leave(client, row, **query)))


# --- a real provider ------------------------------------------------------------------------------


def test_a_person_comes_in_by_a_verified_address_and_is_known_from_then_on(client, mira, program):
    row = at(program)
    program.knows("m1", email="Mira@Example.com", email_verified=True, name="M.")
    assert "Sign in with Elsewhere" in said(client)
    address = leave(client, row, next="/account/devices/")
    answer = come_back(client, program.visit(address, "m1"))
    assert answer.headers["Location"] == "/account/devices/"
    assert signed_in(client)
    assert told(mira)[0].startswith("signed in by single sign-on")
    link = ProviderLink.objects.get(user=mira)
    assert (link.subject, link.provider) == ("m1", row)
    assert User.objects.get(pk=mira.pk).name == "Mira Holm"  # the desk's own name stands
    # her address there changes, and somebody else gets the old one: she stays who she is
    program.knows("m1", email="other@example.com", email_verified=False)
    again = Client()
    come_back(again, program.visit(leave(again, row), "m1"))
    assert again.session["_auth_user_id"] == str(mira.pk)


def test_nothing_secret_goes_by_the_browser(client, mira, program):
    row = at(program)
    query = {name: values[0] for name, values in parse_qs(urlsplit(leave(client, row)).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert query["scope"] == "openid email profile"
    assert query["redirect_uri"].endswith(f"/signin/with/{row.pk}/back/")
    (begun,) = client.session["single_sign_on"].values()
    assert not {SECRET, begun["verifier"]} & set(query.values())
    assert (query["state"], query["nonce"]) == (begun["state"], begun["nonce"])
    assert SECRET not in str(IdentityProvider.objects.values())


def test_an_address_that_is_not_verified_opens_nothing(client, mira, program):
    row = at(program, makes_accounts=True)
    for verified in ({}, {"email_verified": False}, {"email_verified": "no"}):
        program.knows("m2", email="mira@example.com", **verified)
        come_back(client, program.visit(leave(client, row), "m2"))
        assert not signed_in(client)
        assert "does not say that your e-mail address is verified" in said(client)
    assert not ProviderLink.objects.exists()
    assert User.objects.count() == 1


def test_a_code_counts_once_and_in_the_browser_that_asked(client, mira, program):
    row = at(program)
    program.knows("m3", email="mira@example.com", email_verified=True)
    back = program.visit(leave(client, row), "m3")
    thief = Client()
    come_back(thief, back)
    assert not signed_in(thief)
    assert "was not begun here" in said(thief)
    leave(thief, row)  # one of his own does not help
    come_back(thief, back)
    assert not signed_in(thief)
    come_back(client, back)
    assert signed_in(client)
    client.post("/signout/")
    come_back(client, back)
    assert not signed_in(client)


def test_who_says_no_there_is_told_so_here(client, mira, program):
    row = at(program)
    begun = parse_qs(urlsplit(leave(client, row)).query)
    client.get(f"/signin/with/{row.pk}/back/", {"error": "access_denied", "state": begun["state"][0]})
    assert "It says: access_denied" in said(client)


def test_signing_out_leads_to_the_sign_out_there(client, mira, program):
    row = at(program)
    program.knows("m4", email="mira@example.com", email_verified=True)
    come_back(client, program.visit(leave(client, row), "m4"))
    left = client.post("/signout/").headers["Location"]
    assert left == f"/signin/with/{row.pk}/left/"
    page = client.get(left).content.decode()
    assert f"{program.issuer}/oauth2/end_session?client_id=desk" in page
    assert not signed_in(client)
    # who came in by his password is sent where he always was
    client.post("/signin/", {"login": "mira@example.com", "password": PASSWORD})
    assert client.post("/signout/").headers["Location"] == "/"


def test_a_second_factor_is_asked_for_as_after_a_password(client, mira, program):
    secret = with_factor(mira)
    row = at(program)
    program.knows("m5", email="mira@example.com", email_verified=True)
    answer = come_back(client, program.visit(leave(client, row), "m5"))
    assert answer.headers["Location"] == "/signin/second-factor/"
    assert not signed_in(client)
    client.post("/signin/second-factor/", {"code": code_for(secret)})
    assert signed_in(client)


def test_the_phone_page_has_its_button(client, mira, program):
    row = at(program)
    program.knows("m6", email="mira@example.com", email_verified=True)
    page = client.get("/field/signin/").content.decode()
    assert f"/signin/with/{row.pk}/?next=%2Ffield%2F&amp;phone=1" in page
    answer = come_back(client, program.visit(leave(client, row, phone="1"), "m6"))
    assert answer.headers["Location"] == "/field/"
    assert (mira.devices.get().where, mira.devices.get().trusted_until) == ("field", None)
    again = Client()
    come_back(again, program.visit(leave(again, row, phone="1", stay="1"), "m6"))
    assert mira.devices.order_by("-pk")[0].trusted_until is not None


# --- one that lies --------------------------------------------------------------------------------

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "another key": {"signs_with": OTHER_KEY},
    "an unknown key": {"header": {"kid": "two"}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "for another client": {"claims": {"aud": "other"}},
    "for several, by another": {"claims": {"aud": [CLIENT, "other"], "azp": "other"}},
    "for several, by nobody": {"claims": {"aud": [CLIENT, "other"]}},
    "too old": {"claims": {"exp": int(time.time()) - 100}},
    "without end": {"claims": {"exp": None}},
    "nobody": {"claims": {"sub": None}},
    "an empty name": {"claims": {"sub": ""}},
    "a shared secret": {"header": {"alg": "HS256"}, "signs_with": SECRET * 2},
    "no signature": {"header": {"alg": "none"}, "signs_with": ""},
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_token_that_is_wrong_in_one_respect_opens_nothing(client, mira, lying, lie):
    row = at(lying)
    for name, value in LIES[lie].items():
        setattr(lying, name, value)
    answer = sign_in(client, row, lying)
    assert answer.headers["Location"] == "/signin/"
    assert not signed_in(client)
    assert "What the provider sent is not valid here" in said(client)
    lying.renew()
    cache.clear()
    sign_in(client, row, lying)
    assert signed_in(client)


def test_the_key_of_the_provider_may_change(client, mira, lying):
    row = at(lying)
    sign_in(client, row, lying)
    client.post("/signout/")
    lying.key = OTHER_KEY
    lying.keys = lambda: {  # type: ignore[method-assign]
        "keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_KEY.public_key())), "kid": "new"}]
    }
    lying.header = {"kid": "new"}
    sign_in(client, row, lying)
    del lying.keys
    assert signed_in(client)


def test_what_it_publishes_is_asked_once_an_hour(client, mira, lying):
    row = at(lying)
    lying.asked.clear()
    for _ in range(3):
        sign_in(Client(), row, lying)
    assert sorted(lying.asked) == ["/.well-known/openid-configuration", "/keys"]


def test_one_that_does_not_answer_is_left_alone_for_a_moment(client, lying, boss):
    row = at(lying, issuer=f"{lying.issuer}/nothing")
    lying.asked.clear()
    for _ in range(3):
        assert Client().get(f"/signin/with/{row.pk}/").headers["Location"] == "/signin/"
    assert lying.asked == ["/nothing/.well-known/openid-configuration"]
    client.post(f"/setup/single-sign-on/{row.pk}/test/")  # the test asks whenever it is pressed
    assert len(lying.asked) == 2


def test_an_answer_of_another_provider_is_not_taken(client, mira, lying):
    row, second = at(lying), at(lying, name="Second", client_id="other")
    back = lying.visit(leave(client, row))
    come_back(client, back.replace(f"/with/{row.pk}/", f"/with/{second.pk}/"))
    assert not signed_in(client)
    come_back(client, f"{lying.visit(leave(client, row))}&iss=https://evil.example")
    assert not signed_in(client)
    assert "comes from another provider" in said(client)


def test_what_the_token_leaves_out_is_asked_for_and_belongs_to_the_same_person(client, mira, lying):
    row = at(lying)
    lying.claims = {"email": None, "email_verified": None}
    lying.userinfo = {"sub": "somebody else", "email": "mira@example.com", "email_verified": True}
    sign_in(client, row, lying)
    assert not signed_in(client)
    lying.userinfo["sub"] = "4711"
    sign_in(client, row, lying)
    assert signed_in(client)


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ({"issuer": "https://evil.example"}, "calls itself https://evil.example"),
        ({"token_endpoint": "http://evil.example/token"}, "token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"jwks_uri": None}, "jwks_uri"),
    ],
)
def test_a_provider_whose_papers_are_wrong_is_not_visited(client, mira, lying, published, words):
    row = at(lying)
    lying.published = published
    answer = client.get(f"/signin/with/{row.pk}/")
    assert answer.headers["Location"] == "/signin/"
    assert words in said(client)


def test_addresses_of_the_machine_itself_are_not_asked(client, mira, settings):
    settings.HTTP_PLAIN_TO_LOOPBACK = False
    row = actions.save_identity_provider(
        ProviderGiven(name="X", issuer="http://169.254.169.254", client_id="x", active=True), by=SYSTEM
    )
    assert client.get(f"/signin/with/{row.pk}/").headers["Location"] == "/signin/"
    assert "must begin with https://" in said(client)


# --- who comes in ---------------------------------------------------------------------------------


def test_somebody_unknown_gets_an_account_only_where_that_is_wanted(client, lying):
    row = at(lying, for_customers=True)
    lying.claims = {"email": "new@example.com", "name": "Newcomer"}
    sign_in(client, row, lying)
    assert not signed_in(client)
    assert "Nobody here has your e-mail address" in said(client)
    assert not User.objects.exists()
    IdentityProvider.objects.update(makes_accounts=True)
    sign_in(client, row, lying)
    person = User.objects.get(email="new@example.com")
    assert (person.name, client.session["_auth_user_id"]) == ("Newcomer", str(person.pk))
    identity = Identity.objects.get(user=person)
    assert identity.verified_how == "provider"


def test_it_is_for_those_it_is_for(client, mira, lying):
    row = at(lying, for_staff=False, for_customers=True)
    sign_in(client, row, lying)
    assert not signed_in(client)
    assert "People who work here sign in another way" in said(client)
    IdentityProvider.objects.update(for_staff=True, for_customers=False, makes_accounts=True)
    lying.claims = {"email": "guest@example.com", "sub": "2"}
    sign_in(client, row, lying)
    assert not signed_in(client)
    assert not User.objects.filter(email="guest@example.com").exists()
    assert not ProviderLink.objects.exists()


def test_a_closed_account_stays_closed(client, mira, lying):
    row = at(lying, role_claim="groups")
    actions.deactivate(mira, by=SYSTEM)
    answer = sign_in(client, row, lying)
    assert answer.headers["Location"] == "/account/inactive/"
    assert not signed_in(client)
    assert not ProviderLink.objects.exists()


def test_one_that_is_switched_off_or_removed_lets_nobody_in(client, mira, lying):
    row = at(lying)
    back = lying.visit(leave(client, row))
    IdentityProvider.objects.update(active=False)
    assert come_back(client, back).status_code == 404
    assert client.get(f"/signin/with/{row.pk}/").status_code == 404
    assert "Elsewhere" not in said(client)
    assert not signed_in(client)


def test_its_claim_gives_roles_and_takes_them(client, mira, lying):
    team = stories.team("Field")
    supervisor, engineer = Role.objects.get(slug="supervisor"), Role.objects.get(slug="engineer")
    table = (("leads", supervisor, team), ("field", engineer, None))
    row = at(lying, role_claim="realm_access.roles", roles=table)
    lying.claims = {"realm_access": {"roles": ["leads", "others"]}}
    sign_in(client, row, lying)
    held = Grant.objects.filter(user=mira).values_list("role__slug", "team__name").order_by("pk")
    held = held.exclude(role__slug="customer")
    assert list(held) == [("agent", None), ("supervisor", "Field")]
    lying.claims = {"realm_access": {"roles": "field"}}
    sign_in(Client(), row, lying)
    assert list(held.all()) == [("agent", None), ("engineer", None)]
    lying.claims = {}
    sign_in(Client(), row, lying)
    assert list(held.all()) == [("agent", None)]
    kinds = Event.objects.filter(about_id=mira.pk, kind="user.rights_changed").order_by("pk")
    assert [(each.data["added"], each.data["removed"]) for each in kinds][1:] == [
        (["supervisor"], []),
        ([], ["supervisor"]),
        (["engineer"], []),
        ([], ["engineer"]),
    ]


def test_the_last_owner_stays_one_whatever_the_claim_says(client, lying):
    boss = actions.create_user("mira@example.com", name="Boss", role="owner")
    row = at(lying, role_claim="groups", roles=(("owners", Role.objects.get(slug="owner"), None),))
    sign_in(client, row, lying)
    assert Grant.objects.filter(user=boss, role__slug="owner").exists()
    second = actions.create_user("second@example.com", name="Second", role="owner")
    late = Client()
    sign_in(late, row, lying)
    assert not signed_in(late)  # of the desk's own people he is none any more
    assert not Grant.objects.filter(user=boss, role__slug="owner").exists()
    assert Grant.objects.filter(user=second, role__slug="owner").exists()


def test_one_for_customers_makes_nobody_an_agent(client, lying):
    row = at(
        lying,
        for_staff=False,
        for_customers=True,
        role_claim="groups",
        roles=(("x", Role.objects.get(slug="agent"), None),),
    )
    actions.create_user("mira@example.com", name="Mira", role="customer")
    lying.claims = {"groups": ["x"]}
    sign_in(client, row, lying)
    assert signed_in(client)
    assert not Grant.objects.filter(role__slug="agent").exists()


def test_one_parts_from_it_under_my_account(client, mira, lying):
    row = at(lying)
    sign_in(client, row, lying)
    link = ProviderLink.objects.get()
    assert "Elsewhere" in client.get("/account/second-factor/").content.decode()
    other = actions.create_user("omar@example.com", name="Omar", role="agent")
    stranger = Client()
    stranger.force_login(other)
    stranger.post(f"/account/providers/{link.pk}/removal/")
    assert ProviderLink.objects.exists()
    client.post(f"/account/providers/{link.pk}/removal/")
    assert not ProviderLink.objects.exists()
    events = Event.objects.filter(about_id=mira.pk, kind__startswith="user.provider").order_by("pk")
    assert [line.what for line in trail.lines(list(events), other)] == [
        "signed in at Elsewhere for the first time",
        "parted the account from Elsewhere",
    ]


# --- set up ---------------------------------------------------------------------------------------


@pytest.fixture
def boss(client) -> User:
    boss = actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)
    client.force_login(boss)
    return boss


def form(provider: Any, **more: str) -> dict[str, str]:
    return {
        "name": "Elsewhere",
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scopes": "email",
        "for_staff": "on",
        "active": "on",
        "roles-TOTAL_FORMS": "1",
        "roles-INITIAL_FORMS": "0",
        **more,
    }


def test_the_owner_sets_one_up_and_tests_it(client, boss, lying):
    agent = Role.objects.get(slug="agent")
    given = form(lying, role_claim="groups", **{"roles-0-value": "desk", "roles-0-role": str(agent.pk)})
    answer = client.post("/setup/single-sign-on/new/", given)
    row = IdentityProvider.objects.get()
    assert answer.headers["Location"] == f"/setup/single-sign-on/{row.pk}/"
    assert (row.scopes, row.roles.get().role) == ("openid email", agent)
    page = client.get(answer.headers["Location"]).content.decode()
    assert f"/signin/with/{row.pk}/back/" in page
    assert SECRET not in page
    tested = client.post(f"/setup/single-sign-on/{row.pk}/test/").content.decode()
    assert "It answers, and its keys can be read" in tested
    assert f"{lying.issuer}/token" in tested
    lying.published = {"issuer": "https://other.example"}
    assert (
        "calls itself https://other.example"
        in client.post(f"/setup/single-sign-on/{row.pk}/test/").content.decode()
    )
    client.post(f"/setup/single-sign-on/{row.pk}/", form(lying, name="Here", client_secret=""))
    row.refresh_from_db()
    assert (row.name, bool(row.client_secret), row.roles.count()) == ("Here", True, 0)
    client.post(f"/setup/single-sign-on/{row.pk}/removal/")
    assert not IdentityProvider.objects.exists()
    lines = trail.lines(list(Event.objects.filter(kind__startswith="identityprovider").order_by("pk")), boss)
    assert [line.what.partition(":")[0] for line in lines] == [
        "added the identity provider “Elsewhere”",
        "changed the identity provider “Here”",
        "removed the identity provider “Here”",
    ]


def test_its_secret_does_not_follow_it_elsewhere(client, boss, lying):
    row = at(lying)
    for change in ({"issuer": "https://evil.example"}, {"client_id": "other"}):
        refused = client.post(f"/setup/single-sign-on/{row.pk}/", form(lying, client_secret="", **change))
        assert refused.status_code == 422
        assert "enter it again" in refused.content.decode()
    moved = ProviderGiven(name="Elsewhere", issuer="https://evil.example", client_id=CLIENT)
    ProviderLink.objects.create(user=boss, provider=row, subject="1")
    assert actions.save_identity_provider(moved, provider=row, by=boss).client_secret is None
    assert not ProviderLink.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issuer": "http://login.example.com"}, "must begin with https://"),
        ({"issuer": "https://login.example.com/?a=b"}, "neither"),
        ({"for_staff": ""}, "Say for whom it is"),
        ({"name": "ELSEWHERE"}, "of this name already"),
        ({"roles-0-value": "desk"}, "Which role does it give?"),
        ({"roles-0-role": "1"}, "Which value gives this role?"),
    ],
)
def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(client, boss, lying, change, words):
    at(lying)
    refused = client.post("/setup/single-sign-on/new/", form(lying) | {"name": "Other"} | change)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert words in page
    assert 'value="desk"' in page
    assert IdentityProvider.objects.count() == 1


def test_an_administrator_sets_none_up(client, lying):
    admin = actions.create_user("admin@example.com", name="Admin", role="admin")
    client.force_login(admin)
    assert client.post("/setup/single-sign-on/new/", form(lying)).status_code == 403
    with pytest.raises(actions.NotAllowed):
        actions.save_identity_provider(ProviderGiven(name="X", issuer=lying.issuer, client_id="x"), by=admin)
    assert not IdentityProvider.objects.exists()


def test_a_provider_that_does_not_answer_is_said_so(client, boss):
    row = actions.save_identity_provider(
        ProviderGiven(name="X", issuer="https://127.0.0.1:1", client_id="x"), by=SYSTEM
    )
    with pytest.raises(openid.NotConfirmed):
        openid.published(row)
    assert "127.0.0.1" in client.post(f"/setup/single-sign-on/{row.pk}/test/").content.decode()
