"""Passwords that a directory checks, at a real slapd: who comes in, with which roles, and who stays out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test import Client

from deskbell.account.mine import profile
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, directories, jobs
from deskbell.people.actions import DirectoryGiven
from deskbell.people.models import Device, Directory, DirectoryLink, Grant, Role, User
from deskbell.setup import trail
from tests import stories
from tests.account.conftest import OTHER_PASSWORD
from tests.account.conftest import PASSWORD as LOCAL
from tests.account.test_devices import noted, told
from tests.account.test_second_factor import code_for, signed_in, with_factor
from tests.support.ldapserver import (
    GROUPS,
    PASSWORD,
    PEOPLE,
    READER,
    READER_SECRET,
    LdapServer,
    ldap_server,
    silent_server,
)

pytestmark = pytest.mark.django_db
WRONG = "wrong wrong wrong"
#: a server that refuses every connection
DOWN = "ldap://127.0.0.1:1"


@pytest.fixture(scope="module")
def program() -> Iterator[LdapServer]:
    with ldap_server() as running:
        yield running


@pytest.fixture
def slapd(program, db) -> LdapServer:
    cache.clear()
    program.renew()
    return program


@pytest.fixture
def mira(db) -> User:
    """Known here by her address, with a password of the desk."""
    return actions.create_user("mira@example.com", name="Mira Holm", role="agent", password=LOCAL)


def given_of(server: LdapServer, **more: Any) -> DirectoryGiven:
    values: dict[str, Any] = {
        "name": "House",
        "urls": server.tls_url,
        "ca_certificate": server.authority,
        "bind_dn": READER,
        "bind_secret": READER_SECRET,
        "base": PEOPLE,
        "user_filter": "(&(objectClass=person)(|(uid={login})(mail={login})))",
        "group_filter": "(&(objectClass=groupOfNames)(member={dn}))",
        "group_base": GROUPS,
        "patience": 2,
        "active": True,
        "mail_is_proof": True,
    }
    return DirectoryGiven(**{**values, **more})


def at(server: LdapServer, **more: Any) -> Directory:
    return actions.save_directory(given_of(server, **more), by=SYSTEM)


def changed(row: Directory, server: LdapServer, **more: Any) -> Directory:
    return actions.save_directory(given_of(server, **more), directory=row, by=SYSTEM)


def sign_in(client: Client, login: str, password: str = PASSWORD, page: str = "/signin/") -> str:
    """The page, or where it leads."""
    answer = client.post(page, {"login": login, "password": password})
    return answer.headers.get("Location") or answer.content.decode()


def comes_in(login: str, password: str = PASSWORD) -> bool:
    client = Client()
    sign_in(client, login, password)
    return signed_in(client)


def roles_of(user: User) -> set[tuple[str, str]]:
    """But for the one that everybody has."""
    rows = Grant.objects.filter(user=user).exclude(role__slug="customer").select_related("role", "team")
    return {(row.role.slug, row.team.name if row.team else "") for row in rows}


def role(slug: str) -> Role:
    return Role.objects.get(slug=slug)


# --- coming in ------------------------------------------------------------------------------------


def test_a_person_comes_in_by_name_or_address_and_is_known_from_then_on(client, mira, slapd):
    at(slapd)
    dn = slapd.person("mira", cn="M. of the directory")
    page = client.get("/signin/").content.decode()
    assert "E-mail or user name" in page
    assert sign_in(client, "mira") == "/"
    assert client.session["_auth_user_id"] == str(mira.pk)
    assert told(mira)[0].startswith("signed in with the password of the directory")
    assert User.objects.get(pk=mira.pk).name == "Mira Holm"  # the desk's own name stands
    assert roles_of(mira) == {("agent", "")}
    assert comes_in("Mira@Example.com")
    # her names there change, and she stays who she is; her old ones are nobody
    slapd.change(dn, mail="other@example.com")
    slapd.rename(dn, "mholm")
    again = Client()
    assert sign_in(again, "mholm") == "/"
    assert again.session["_auth_user_id"] == str(mira.pk)
    assert not comes_in("mira")
    assert not comes_in("mira@example.com")
    assert DirectoryLink.objects.count() == User.objects.count() == 1


def test_the_phone_page_takes_the_same_password(client, mira, slapd):
    at(slapd)
    slapd.person("mira")
    assert "E-mail or user name" in client.get("/field/signin/").content.decode()
    assert sign_in(client, "mira", page="/field/signin/") == "/field/"
    assert told(mira)[0].startswith("signed in with the password of the directory on the phone page")


def test_without_a_directory_the_form_asks_for_an_address(client, mira, slapd):
    at(slapd, active=False)
    slapd.person("mira")
    before = [each for each in slapd.asked() if each[0] != "UNBIND"]
    assert "user name" not in client.get("/signin/").content.decode()
    assert "valid email address" in sign_in(client, "mira").lower()
    assert not comes_in("mira@example.com")
    assert [each for each in slapd.asked() if each[0] != "UNBIND"] == before
    assert comes_in("mira@example.com", LOCAL)


def test_the_password_is_the_directorys_alone_from_the_first_time_on(client, mira, slapd):
    row = at(slapd)
    assert comes_in("mira@example.com", LOCAL)  # it does not know her yet
    dn = slapd.person("mira")
    assert comes_in("mira@example.com", LOCAL)
    assert comes_in("mira")
    assert not comes_in("mira@example.com", LOCAL)
    slapd.change(dn, userPassword=LOCAL)  # the same in both places is fine
    assert comes_in("mira@example.com", LOCAL)
    slapd.change(dn, userPassword=PASSWORD)
    changed(row, slapd, active=False)
    assert comes_in("mira@example.com", LOCAL)
    changed(row, slapd, active=True)
    assert not comes_in("mira@example.com", LOCAL)
    actions.remove_directory(row, by=SYSTEM)
    assert comes_in("mira@example.com", LOCAL)


@pytest.mark.parametrize("typed", ["", " ", "wrong", PASSWORD.upper(), PASSWORD + " ", PASSWORD + "\0", "\0"])
def test_no_other_password_is_right(mira, slapd, typed):
    at(slapd)
    slapd.person("mira")
    assert comes_in("mira")
    assert not comes_in("mira", typed)
    assert not comes_in("mira@example.com", typed)


def test_an_entry_without_a_password_lets_nobody_in(mira, slapd):
    at(slapd)
    slapd.person("mira", password="")
    for typed in ("", " ", "x", "None"):
        assert not comes_in("mira", typed)
    assert not DirectoryLink.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        "*",
        "mi*",
        "m?ra",
        "mira)(uid=*",
        "*)(|(uid=*",
        "mira)(|(mail=*",
        "\\2a",
        "m\\69ra",
        "(mira)",
        "mira\0",
        "{dn}",
        "{login}",
    ],
)
def test_a_filter_in_the_login_finds_nobody(mira, slapd, typed):
    at(slapd)
    slapd.person("mira")
    assert not comes_in(typed)
    assert not DirectoryLink.objects.exists()


def test_a_name_with_signs_of_a_filter_finds_its_person(slapd):
    at(slapd, makes_accounts=True, for_customers=True)
    slapd.person("o*(b)\\", mail="otto@example.com")
    slapd.person("other")
    assert comes_in("o*(b)\\")
    assert [user.email for user in User.objects.all()] == ["otto@example.com"]


def test_two_entries_that_fit_are_nobody(mira, slapd):
    at(slapd)
    slapd.person("mira")
    slapd.person("mira2", mail="mira@example.com")
    assert not comes_in("mira@example.com")
    assert comes_in("mira")


def test_whom_the_desk_does_not_know_is_let_in_only_where_accounts_are_made(client, slapd):
    row = at(slapd, for_customers=True)
    slapd.person("lena", cn="Lena Vogt")
    assert "nobody here has your e-mail address" in sign_in(client, "lena")
    assert (signed_in(client), User.objects.count()) == (False, 0)
    changed(row, slapd, for_customers=True, makes_accounts=True)
    assert sign_in(client, "lena") == "/"
    lena = User.objects.get()
    assert (lena.name, lena.email, lena.has_usable_password()) == ("Lena Vogt", "lena@example.com", False)
    identity = lena.identities.get()
    assert (identity.verified_how, identity.verified_at is not None) == ("directory", True)


def test_an_entry_without_an_address_is_nobody_here(client, mira, slapd):
    at(slapd, makes_accounts=True)
    slapd.person("mira", mail="")
    assert "knows no e-mail address of yours" in sign_in(client, "mira")
    assert User.objects.count() == 1
    slapd.person("nina", mail="no address")
    assert "knows no e-mail address of yours" in sign_in(client, "nina")


def test_it_is_for_whom_the_owner_says(client, mira, slapd):
    row = at(slapd, for_staff=False, for_customers=True)
    slapd.person("mira")
    assert "people who work here sign in another way" in sign_in(client, "mira")
    assert not DirectoryLink.objects.exists()
    customer = stories.customer(name="Lena Vogt")
    slapd.person("lena", mail=customer.email)
    assert comes_in("lena")
    changed(row, slapd)
    assert "is for people who work here" in sign_in(client, "lena")
    assert not signed_in(client)


def test_a_closed_account_stays_closed(client, mira, slapd):
    at(slapd, makes_accounts=True)
    slapd.person("mira")
    assert comes_in("mira")
    actions.create_user("boss@example.com", name="Boss", role="owner", password=LOCAL)
    actions.deactivate(mira, by=User.objects.get(email="boss@example.com"))
    assert sign_in(client, "mira") == "/account/inactive/"
    assert not signed_in(client)
    DirectoryLink.objects.all().delete()
    assert sign_in(client, "mira") == "/account/inactive/"
    assert (signed_in(client), DirectoryLink.objects.count()) == (False, 0)


def test_a_second_factor_is_asked_for_as_after_a_password(client, mira, slapd):
    at(slapd)
    slapd.person("mira")
    secret = with_factor(mira)
    assert sign_in(client, "mira") == "/signin/second-factor/"
    assert not signed_in(client)
    client.post("/signin/second-factor/", {"code": code_for(secret)})
    assert signed_in(client)
    assert told(mira)[0].startswith("signed in with the password of the directory")


def test_a_role_that_asks_for_a_second_factor_does_so(client, mira, slapd):
    at(slapd)
    slapd.person("mira")
    Role.objects.filter(slug="agent").update(needs_second_factor=True)
    assert sign_in(client, "mira") == "/"
    assert client.get("/").headers["Location"].startswith("/account/second-factor/setup/")


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["filter", "attribute"])
def test_roles_are_given_and_taken_at_each_sign_in(mira, slapd, how):
    ways = {
        "filter": {},
        "attribute": {"group_filter": "", "group_attribute": "memberOf"},
    }
    north = stories.team("North")
    table = (
        (f"CN=Leads, {GROUPS}", role("supervisor"), None),
        ("Engineers", role("engineer"), north),
    )
    dn = slapd.person("mira")
    leads = slapd.group("leads", dn)
    at(slapd, roles=table, **ways[how])
    assert comes_in("mira")
    assert roles_of(mira) == {("agent", ""), ("supervisor", "")}
    slapd.group("engineers", dn)
    slapd.remove(leads)
    assert comes_in("mira")
    assert roles_of(mira) == {("agent", ""), ("engineer", "North")}  # what was given here stays
    slapd.remove(f"cn=engineers,{GROUPS}")
    assert comes_in("mira")
    assert roles_of(mira) == {("agent", "")}
    added = Event.objects.filter(kind="user.rights_changed", about_id=mira.pk).order_by("pk").last()
    assert (added.data["added"], added.data["removed"]) == ([], ["engineer"])


def test_without_a_way_to_groups_none_gives_a_role(mira, slapd):
    at(slapd, group_filter="", roles=(("leads", role("supervisor"), None),))
    slapd.group("leads", slapd.person("mira"))
    assert comes_in("mira")
    assert roles_of(mira) == {("agent", "")}


def test_a_directory_for_customers_gives_no_role_of_people_who_work_here(slapd):
    at(
        slapd,
        for_staff=False,
        for_customers=True,
        makes_accounts=True,
        roles=(("leads", role("owner"), None),),
    )
    slapd.group("leads", slapd.person("lena"))
    assert comes_in("lena")
    assert roles_of(User.objects.get()) == set()


def test_the_last_owner_stays_one(slapd):
    olga = actions.create_user("olga@example.com", name="Olga", role="owner", password=LOCAL)
    at(slapd, roles=(("owners", role("owner"), None),))
    slapd.person("olga")
    assert comes_in("olga")
    assert roles_of(olga) == {("owner", "")}


# --- gone there -----------------------------------------------------------------------------------


def test_who_is_gone_there_is_out_at_the_next_sign_in_by_whatever_way(client, mira, slapd, letters):
    at(slapd, roles=(("leads", role("supervisor"), None),))
    dn = slapd.person("mira")
    slapd.group("leads", dn, READER)
    here = Client()
    sign_in(here, "mira")
    assert roles_of(mira) == {("agent", ""), ("supervisor", "")}
    slapd.remove(dn)
    assert not comes_in("mira")
    assert not comes_in("mira@example.com", LOCAL)
    client.post("/signin/code/", {"email": "mira@example.com"})
    answer = client.post("/signin/code/confirm/", {"code": letters.code()}, follow=True)
    assert "does not know you any more" in answer.content.decode()
    assert not signed_in(client)
    assert here.get("/account/").status_code == 302  # the other browsers are out, too
    assert roles_of(mira) == {("agent", "")}
    assert told(mira)[0].startswith("signed the device out: the directory knows the person no more")
    (left,) = Event.objects.filter(kind="user.directory_left")
    (line,) = trail.lines([left], mira)
    assert line.what == "is known to the directory House no more"
    # somebody new with her old name is not she
    slapd.person("mira", mail="another@example.com")
    assert not comes_in("mira")
    # who comes back with her address is
    slapd.remove(dn)
    slapd.person("mira")
    assert comes_in("mira")
    assert DirectoryLink.objects.get().gone_at is None


def test_the_filter_says_who_may_come_in(mira, slapd):
    at(slapd, user_filter="(&(uid={login})(!(employeeType=left)))")
    dn = slapd.person("mira")
    assert comes_in("mira")
    slapd.change(dn, employeeType="left")
    assert not comes_in("mira")
    link = DirectoryLink.objects.get()
    assert directories.look_again(link.directory, link.subject) is None
    slapd.change(dn, employeeType="back")
    assert directories.look_again(link.directory, link.subject) is not None


def test_another_way_in_looks_up_the_roles_as_well(client, mira, slapd, letters):
    at(slapd, roles=(("leads", role("supervisor"), None),))
    dn = slapd.person("mira")
    assert comes_in("mira")
    slapd.group("leads", dn)
    client.post("/signin/code/", {"email": "mira@example.com"})
    client.post("/signin/code/confirm/", {"code": letters.code()})
    assert signed_in(client)
    assert roles_of(mira) == {("agent", ""), ("supervisor", "")}


def test_once_an_hour_who_is_gone_is_signed_out(client, mira, slapd):
    row = at(slapd, roles=(("leads", role("supervisor"), None),))
    dn = slapd.person("mira")
    nina = actions.create_user("nina@example.com", name="Nina", role="agent", password=LOCAL)
    other = slapd.person("nina")
    slapd.group("leads", other)
    sign_in(client, "mira")
    hers = Client()
    sign_in(hers, "nina")
    slapd.remove(dn)
    slapd.remove(f"cn=leads,{GROUPS}")
    jobs.look_at_directories(timestamp=0)
    assert client.get("/account/").status_code == 302
    assert hers.get("/account/").status_code == 200
    assert roles_of(nina) == {("agent", "")}
    gone = DirectoryLink.objects.get(user=mira).gone_at
    assert gone is not None
    jobs.look_at_directories(timestamp=0)
    assert DirectoryLink.objects.get(user=mira).gone_at == gone
    assert Event.objects.filter(kind="user.directory_left").count() == 1
    # a directory that finds nobody is not believed, nor one that is silent
    slapd.remove(other)
    jobs.look_at_directories(timestamp=0)
    changed(row, slapd, urls=DOWN, ca_certificate="")
    jobs.look_at_directories(timestamp=0)
    assert hers.get("/account/").status_code == 200


# --- it does not answer ---------------------------------------------------------------------------


def test_a_directory_that_is_down_is_said_to_be_and_the_desks_own_passwords_count(client, mira, slapd):
    olga = actions.create_user("olga@example.com", name="Olga", role="owner", password=LOCAL)
    row = at(slapd)
    slapd.person("mira")
    slapd.person("olga")
    assert comes_in("mira")
    assert comes_in("olga")
    assert comes_in("olga@example.com", LOCAL)  # both of hers count
    changed(row, slapd, urls=DOWN, ca_certificate="")
    pages = [
        sign_in(Client(), login, password)
        for login, password in (("mira", PASSWORD), ("mira", WRONG), ("nobody", WRONG), ("olga", PASSWORD))
    ]
    for page in pages:
        assert "could not be checked in “House”, which does not answer" in page
    assert not comes_in("mira@example.com", LOCAL)
    began = time.monotonic()
    assert comes_in("olga@example.com", LOCAL)
    assert time.monotonic() - began < 1
    assert told(olga)[0].startswith("signed in with the password")
    assert "directory" not in told(olga)[0]


def test_a_silent_one_is_waited_for_once_and_not_for_long(mira, slapd):
    with silent_server() as silent:
        at(slapd, urls=silent, ca_certificate="", patience=1)
        began = time.monotonic()
        assert "does not answer" in sign_in(Client(), "mira")
        assert 0.8 < time.monotonic() - began < 3
        began = time.monotonic()
        assert "does not answer" in sign_in(Client(), "mira")
        assert time.monotonic() - began < 0.5
        assert comes_in("mira@example.com", LOCAL)


def test_while_it_is_silent_another_way_in_counts_what_it_said_last(client, mira, slapd, letters):
    row = at(slapd)
    dn = slapd.person("mira")
    slapd.person("nina")
    assert comes_in("mira")
    changed(row, slapd, urls=DOWN, ca_certificate="")
    client.post("/signin/code/", {"email": "mira@example.com"})
    client.post("/signin/code/confirm/", {"code": letters.code()})
    assert signed_in(client)
    cache.clear()
    changed(row, slapd)
    slapd.remove(dn)
    link = DirectoryLink.objects.get()
    assert not actions.refresh_by_directory(link, directories.look_again(link.directory, link.subject))
    changed(row, slapd, urls=DOWN, ca_certificate="")
    other = Client()
    other.post("/signin/code/", {"email": "mira@example.com"})
    other.post("/signin/code/confirm/", {"code": letters.code()})
    assert not signed_in(other)


def test_too_many_who_wait_do_not_keep_the_desk_from_others(mira, slapd):
    at(slapd)
    slapd.person("mira")
    for _ in range(directories.AT_ONCE):
        assert directories._places.acquire(timeout=1)
    try:
        assert "does not answer" in sign_in(Client(), "mira")
    finally:
        for _ in range(directories.AT_ONCE):
            directories._places.release()
    cache.clear()
    assert comes_in("mira")


def test_without_the_library_the_desk_goes_on(client, mira, slapd, monkeypatch):
    at(slapd)
    slapd.person("mira")
    monkeypatch.setitem(sys.modules, "ldap3", None)
    assert "does not answer" in sign_in(client, "mira")
    assert comes_in("mira@example.com", LOCAL)


def test_the_next_directory_is_asked_when_one_is_down(mira, slapd):
    at(slapd, name="A", urls=DOWN, ca_certificate="")
    at(slapd, name="B")
    slapd.person("mira")
    assert comes_in("mira")


# --- guessing, and what is told -------------------------------------------------------------------


def test_guessing_is_slowed_as_with_the_desks_own(client, mira, slapd):
    at(slapd)
    slapd.person("mira")
    for _ in range(5):
        sign_in(client, "mira", WRONG)
    answer = client.post("/signin/", {"login": "mira", "password": PASSWORD})
    assert (answer.status_code, signed_in(client)) == (429, False)


def test_one_entry_is_not_guessed_at_by_two_names(mira, slapd):
    at(slapd)
    slapd.person("mira")
    for _ in range(3):
        sign_in(Client(), "mira", WRONG)
        sign_in(Client(), "mira@example.com", WRONG)
    # more than five, so the right one is not tried, and the answer is that to a wrong one
    assert "are not correct" in sign_in(Client(), "mira")
    cache.clear()
    assert comes_in("mira")


def test_who_knows_his_password_may_sign_in_often(mira, slapd):
    at(slapd)
    slapd.person("mira")
    assert [comes_in("mira") for _ in range(8)] == [True] * 8


def test_a_wrong_password_is_told_to_its_person(mira, slapd):
    at(slapd)
    slapd.person("mira")
    sign_in(Client(), "mira@example.com", WRONG)
    noted()
    assert told(mira)[0].startswith("was not let in: wrong password")


def everything_stored() -> str:
    rows = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'select t::text from "{model._meta.db_table}" t')
            rows += [row[0] for row in cursor.fetchall()]
        cursor.execute("select t::text from kit_cache t")
        rows += [row[0] for row in cursor.fetchall()]
        cursor.execute("select t::text from procrastinate_jobs t")
        rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_no_password_is_kept_or_logged(mira, slapd, caplog, letters):
    caplog.set_level(0)
    odd, wrong = "hidden-Passw0rd-of-hers", "hidden-Wr0ng-of-hers"
    row = at(slapd)
    slapd.person("mira", password=odd)
    assert comes_in("mira", odd)
    assert not comes_in("mira", wrong)
    assert not comes_in("mira@example.com", wrong)
    changed(row, slapd, urls=DOWN, ca_certificate="", bind_secret="hidden-Secret")
    assert not comes_in("mira", odd)
    letters.all()
    text = everything_stored() + caplog.text
    assert "mira" in text
    for secret in (odd, wrong, "hidden-Secret", READER_SECRET):
        assert secret not in text
        assert secret.encode().hex() not in text
    assert "hidden" not in repr(given_of(slapd, bind_secret="hidden-Secret"))


def test_the_same_is_asked_of_the_directory_for_known_and_unknown(mira, slapd):
    at(slapd, urls=slapd.url, ca_certificate="")
    slapd.person("mira")
    slapd.person("nina", mail="nina@example.com")  # known there alone
    assert comes_in("mira")

    def asked(login: str) -> list[str]:
        before = len(slapd.asked())
        sign_in(Client(), login, WRONG)
        return [
            kind for kind, more in slapd.asked()[before:] if kind != "UNBIND" and "mech=SIMPLE" not in more
        ]

    # the reader, the person, his groups, his password
    expected = ["BIND", "RESULT", "SRCH", "SRCH", "BIND", "RESULT"]
    for login in ("nobody", "mira", "mira@example.com", "nina", "nobody@example.com"):
        assert asked(login) == expected, login


# --- one's own ------------------------------------------------------------------------------------


def test_who_confirms_himself_does_so_by_the_password_that_counts(client, mira, slapd):
    row = at(slapd)
    slapd.person("mira")
    sign_in(client, "mira")
    page = "/account/reauthenticate/?next=/account/"
    assert "Incorrect password" in client.post(page, {"password": LOCAL}).content.decode()
    changed(row, slapd, urls=DOWN, ca_certificate="")
    assert "does not answer" in client.post(page, {"password": PASSWORD}).content.decode()
    cache.clear()
    changed(row, slapd)
    assert client.post(page, {"password": PASSWORD}).headers["Location"] == "/account/"
    for _ in range(5):
        client.post(page, {"password": WRONG})
    assert "tried too often" in client.post(page, {"password": PASSWORD}).content.decode()


def test_a_password_that_counts_for_nothing_cannot_be_set(client, mira, slapd, letters):
    row = at(slapd)
    slapd.person("mira")
    sign_in(client, "mira")
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    page = client.post("/account/password/", new | {"oldpassword": LOCAL}).content.decode()
    assert "“House” keeps this password. Change it there." in page
    assert "“House” keeps your password" in client.get("/account/second-factor/").content.decode()
    other = Client()
    other.post("/account/password/reset/", {"email": "mira@example.com"})
    other.post("/account/password/reset/confirm/", {"code": letters.code()})
    assert "keeps this password" in other.post("/account/password/reset/complete/", new).content.decode()
    mira.refresh_from_db()
    assert mira.check_password(LOCAL)
    actions.remove_directory(row, by=SYSTEM)
    client.post("/account/password/", new | {"oldpassword": LOCAL})
    mira.refresh_from_db()
    assert mira.check_password(OTHER_PASSWORD)


def test_a_link_of_the_operator_parts_a_person_from_the_directory(slapd):
    olga = actions.create_user("olga@example.com", name="Olga", role="owner", password=LOCAL)
    at(slapd, roles=(("owners", role("owner"), None),))
    slapd.group("owners", slapd.person("olga"))
    assert comes_in("olga")
    assert not comes_in("olga@example.com", LOCAL)  # the directory made her an owner, and keeps her password
    actions.recover(actions.make_recovery_link(olga), password=OTHER_PASSWORD)
    assert comes_in("olga@example.com", OTHER_PASSWORD)


def test_ones_own_data_hold_the_directory(client, mira, slapd):
    at(slapd)
    slapd.person("mira")
    sign_in(client, "mira")
    link = DirectoryLink.objects.get()
    (row,) = profile(mira)["directories"]
    assert (row["directory__name"], row["subject"]) == ("House", link.subject)
    assert Device.objects.get(user=mira).how == "directory"
