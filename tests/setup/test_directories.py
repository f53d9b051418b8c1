"""Directories in the setup: what is kept of them, what a test finds out, and who may."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from deskbell.events.models import Event
from deskbell.kit.secrets import unseal
from deskbell.people import actions
from deskbell.people.models import Directory, DirectoryLink, Grant, Role, User
from deskbell.setup import trail
from tests.setup.conftest import page
from tests.stories import customer, staff, team
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
PATH = "/setup/directories/"


@pytest.fixture(scope="module")
def program() -> Iterator[LdapServer]:
    with ldap_server() as running:
        yield running


@pytest.fixture
def slapd(program, db) -> LdapServer:
    cache.clear()
    program.renew()
    return program


def filled(server: LdapServer | None = None, *roles: tuple[str, int, str], **more: str) -> dict[str, str]:
    """The form as somebody fills it; a value None leaves a field out."""
    values = {
        "name": "House",
        "urls": server.tls_url if server else "ldaps://directory.example.com",
        "ca_certificate": server.authority if server else "",
        "bind_dn": READER,
        "bind_secret": READER_SECRET,
        "base": PEOPLE,
        "user_filter": "(&(objectClass=person)(|(uid={login})(mail={login})))",
        "id_attribute": "entryUUID",
        "name_attribute": "cn",
        "mail_attribute": "mail",
        "group_filter": "(&(objectClass=groupOfNames)(member={dn}))",
        "group_base": GROUPS,
        "patience": "2",
        "active": "on",
        "mail_is_proof": "on",
        "for_staff": "on",
        "roles-TOTAL_FORMS": str(len(roles)),
        "roles-INITIAL_FORMS": "0",
    } | more
    for number, (value, role, team_pk) in enumerate(roles):
        values |= {
            f"roles-{number}-value": value,
            f"roles-{number}-role": str(role),
            f"roles-{number}-team": team_pk,
        }
    return {name: value for name, value in values.items() if value != "-"}


def saved(web: Any, server: LdapServer | None = None, *roles: Any, **more: str) -> Directory:
    answer = web.post(f"{PATH}new/", filled(server, *roles, **more))
    row = Directory.objects.order_by("pk").last()
    assert row is not None, answer.content.decode()
    assert answer.headers["Location"] == f"{PATH}{row.pk}/"
    return row


def looked_up(web: Any, row: Directory, login: str = "") -> str:
    answer = web.post(f"{PATH}{row.pk}/test/", {"login": login})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_one_is_saved_shown_changed_and_removed(web, owner):
    supervisor, north = Role.objects.get(slug="supervisor"), team("North")
    assert "No directory yet" in page(web, PATH)
    row = saved(web, None, ("leads", supervisor.pk, str(north.pk)), ("", "", ""))
    assert [(each.value, each.role, each.team) for each in row.roles.all()] == [("leads", supervisor, north)]
    assert unseal(bytes(row.bind_secret)) == READER_SECRET
    shown = page(web, f"{PATH}{row.pk}/")
    assert READER_SECRET not in shown
    assert "One is stored. Leave this empty to keep it." in shown
    assert "House" in page(web, PATH)
    answer = web.post(f"{PATH}{row.pk}/", filled(name="Company", bind_secret="", patience="9"))
    assert answer.headers["Location"] == f"{PATH}{row.pk}/"
    row.refresh_from_db()
    assert (row.name, row.patience, row.roles.count()) == ("Company", 9, 0)
    assert unseal(bytes(row.bind_secret)) == READER_SECRET
    customer_link = DirectoryLink.objects.create(directory=row, user=customer(), subject="1")
    assert "1 person signs in with a password it keeps" in page(web, f"{PATH}{row.pk}/removal/")
    web.post(f"{PATH}{row.pk}/removal/")
    assert not Directory.objects.exists()
    assert User.objects.filter(pk=customer_link.user_id).exists()
    told = [
        line.what for line in trail.lines(list(Event.objects.filter(kind__startswith="directory.")), owner)
    ]
    assert told == [
        "added the directory “House”",
        "changed the directory “Company”: name, seconds to wait for it, roles",
        "removed the directory “Company”",
    ]
    assert READER_SECRET not in str(list(Event.objects.values_list("data", flat=True)))


def test_a_double_click_saves_one(web):
    answers = [web.post(f"{PATH}new/", filled() | {"once": "the-same-form-twice-0001"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Directory.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"urls": "directory.example.com"}, "This is no address such as"),
        ({"urls": "\n".join(f"ldaps://d{n}.example.com" for n in range(6))}, "At most 5 servers."),
        ({"ca_certificate": "nonsense"}, "This is no certificate in PEM form."),
        ({"ca_certificate": "-----BEGIN PRIVATE KEY-----"}, "This holds a private key."),
        ({"user_filter": "(uid=mira)"}, "{login} has to be in it."),
        ({"user_filter": "(uid={login}"}, "This is no filter"),
        ({"group_filter": "(member=x)"}, "{dn} has to be in it."),
        ({"id_attribute": "entry UUID)("}, "This is no name of an attribute."),
        ({"bind_secret": ""}, "Enter the password of this account."),
        ({"mail_is_proof": "-"}, "It can be switched on only where that is so."),
        ({"for_staff": "-"}, "Say for whom it is."),
        ({"patience": "60"}, "less than or equal to 15"),
        ({"name": "taken"}, "There is one of this name already."),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_lost(web, given, told):
    saved(web, name="Taken", active="-")
    answer = web.post(f"{PATH}new/", filled(**given))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert told in shown
    assert READER_SECRET not in shown
    assert f'value="{PEOPLE}"' in shown
    assert Directory.objects.count() == 1


def test_the_secret_goes_to_nobody_else(web):
    row = saved(web, active="-")
    for change in ({"urls": "ldaps://other.example.com"}, {"bind_dn": "cn=other"}):
        answer = web.post(f"{PATH}{row.pk}/", filled(bind_secret="", active="-", **change))
        assert "The stored one belongs to the settings before" in answer.content.decode()
    row.refresh_from_db()
    assert (row.urls, row.bind_dn) == ("ldaps://directory.example.com", READER)
    web.post(f"{PATH}{row.pk}/", filled(bind_secret="", bind_dn="", active="-"))
    row.refresh_from_db()
    assert (row.bind_dn, row.bind_secret) == ("", None)


def test_what_usually_fits_is_filled_in(web):
    shown = page(web, f"{PATH}new/?kind=ad")
    assert "sAMAccountName={login}" in shown
    assert "1.2.840.113556.1.4.1941" in shown
    assert "objectGUID" in shown
    answer = web.post(f"{PATH}new/", filled(**_defaults("ad")))
    assert answer.status_code == 302


def _defaults(kind: str) -> dict[str, str]:
    from deskbell.setup.directory_forms import KINDS

    return KINDS[kind]


def test_the_test_says_what_it_found_and_changes_nothing(web, slapd):
    supervisor, north = Role.objects.get(slug="supervisor"), team("North")
    mira = actions.create_user("mira@example.com", name="Mira Holm", role="agent", password="a long secret")
    row = saved(web, slapd, ("leads", supervisor.pk, str(north.pk)))
    slapd.group("leads", slapd.person("mira", cn="M. Holm"))
    before = (list(Grant.objects.values()), Event.objects.count(), list(User.objects.values()))
    shown = looked_up(web, row)
    assert f"{slapd.tls_url} answers, and takes the account to search with." in shown
    shown = looked_up(web, row, "mira")
    for words in (
        f"uid=mira,{PEOPLE}",
        "M. Holm",
        "mira@example.com",
        f"cn=leads,{GROUPS}",
        "Supervisor, North",
        "Mira Holm",
        "TLS",
    ):
        assert words in shown, words
    assert "Would not come in" not in shown
    assert "Nobody fits “nobody”." in looked_up(web, row, "nobody")
    assert "Nobody fits “*”." in looked_up(web, row, "*")
    slapd.person("mira2", mail="mira@example.com")
    assert "More than one entry fits" in looked_up(web, row, "mira@example.com")
    assert before == (list(Grant.objects.values()), Event.objects.count(), list(User.objects.values()))
    assert not DirectoryLink.objects.exists()
    assert mira.has_usable_password()


def test_the_test_says_who_would_stay_out(web, slapd):
    row = saved(web, slapd)
    mira = actions.create_user("mira@example.com", name="Mira Holm", role="agent")
    lena = customer(name="Lena Vogt")
    slapd.person("mira")
    slapd.person("lena", mail=lena.email)
    slapd.person("nina")
    slapd.person("otto", mail="")
    assert "Would not come in: nobody here has this address" in looked_up(web, row, "nina")
    assert "Would not come in: the entry has no e-mail address" in looked_up(web, row, "otto")
    assert "is not for customers, and no group gives a role" in looked_up(web, row, "lena")
    Directory.objects.update(for_staff=False, for_customers=True)
    assert "is not for people who work here" in looked_up(web, row, "mira")
    assert "Would not come in" not in looked_up(web, row, "lena")
    User.objects.filter(pk=mira.pk).update(is_active=False)
    assert "the account here is closed" in looked_up(web, row, "mira")
    Directory.objects.update(makes_accounts=True)
    assert "a new account" in looked_up(web, row, "nina")


def test_the_test_says_in_words_what_is_wrong(web, slapd):
    slapd.person("mira")
    row = saved(web, slapd)
    for change, words in (
        ({"bind_secret": "wrong"}, "It does not take the account that it is searched by: invalidCredentials"),
        ({"base": "ou=none,dc=lanternfield,dc=example"}, "There is nothing at ou=none"),
        ({"id_attribute": "objectGUID"}, "has no objectGUID, by which it would be known again"),
        ({"bind_dn": "", "bind_secret": ""}, "There is nothing at"),
        ({"urls": "ldap://127.0.0.1:1"}, "127.0.0.1 refuses the connection"),
        ({"urls": "ldaps://nobody.invalid"}, "There is no server called nobody.invalid."),
        ({"ca_certificate": ""}, "The certificate of 127.0.0.1 is not valid"),
    ):
        web.post(f"{PATH}{row.pk}/", filled(slapd, **change))
        assert words in looked_up(web, row, "mira"), words
        # at once again when it is mended: what was silent is asked by whoever tests it
    with silent_server() as silent:
        web.post(f"{PATH}{row.pk}/", filled(slapd, urls=silent, patience="1"))
        assert "127.0.0.1 does not answer." in looked_up(web, row, "mira")


def test_going_without_encryption_is_said(web, slapd):
    row = saved(web, slapd, urls=slapd.url, ca_certificate="")
    assert "Passwords go to 127.0.0.1 without encryption" in page(web, f"{PATH}{row.pk}/")
    assert "none: it is this machine itself" in looked_up(web, row)
    web.post(f"{PATH}{row.pk}/", filled(slapd, urls=slapd.url))
    assert "without encryption" not in page(web, f"{PATH}{row.pk}/")
    assert "StartTLS" in looked_up(web, row)


def test_without_the_library_the_pages_say_what_to_install(web, monkeypatch):
    row = saved(web, active="-")
    monkeypatch.setitem(sys.modules, "ldap3", None)
    for path in (PATH, f"{PATH}new/", f"{PATH}{row.pk}/"):
        assert "pip install --require-hashes -r requirements/ldap.txt" in page(web, path)
    assert "This desk lacks the library" in looked_up(web, row)


def test_a_person_is_parted_from_the_directory_that_keeps_the_password(web, slapd, client):
    row = saved(web, slapd)
    mira = actions.create_user("mira@example.com", name="Mira Holm", role="agent", password="a long secret")
    slapd.person("mira")
    browser = type(client)()
    assert browser.post("/signin/", {"login": "mira", "password": PASSWORD}).status_code == 302
    assert "This directory keeps the person’s password." in page(web, f"/setup/people/{mira.pk}/")
    link = DirectoryLink.objects.get()
    path = f"/setup/people/{mira.pk}/directory/{link.pk}/removal/"
    agent = type(client)()
    agent.force_login(staff("agent"))
    assert agent.post(path).status_code == 403
    assert row.links.count() == 1
    for _ in range(2):
        assert web.post(path).headers["Location"] == f"/setup/people/{mira.pk}/"
    assert row.links.count() == 0
    assert Event.objects.filter(kind="user.provider_unlinked", about_id=mira.pk).count() == 1
    other = type(client)()
    assert (
        other.post("/signin/", {"login": "mira@example.com", "password": "a long secret"}).status_code == 302
    )


def test_only_the_owner_sets_one_up(client):
    client.force_login(staff("admin"))
    assert [client.get(path).status_code for path in (PATH, f"{PATH}new/")] == [403, 403]
    assert client.post(f"{PATH}new/", filled()).status_code == 403
    with pytest.raises(actions.NotAllowed):
        actions.save_directory(
            actions.DirectoryGiven("x", "ldaps://a", "dc=a", "(uid={login})"), by=staff("admin")
        )
    assert not Directory.objects.exists()
