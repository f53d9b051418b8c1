"""`deskbell check --deploy`: a desk fit to face the internet, and each way in which one is not."""

from __future__ import annotations

import json
from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from django.utils import timezone

from bench.machine import free_port
from deskbell.cli import desk
from deskbell.config import deploy
from deskbell.config.actions import note_backup
from deskbell.people import actions
from deskbell.people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def fit(settings, monkeypatch, tmp_path):
    """A desk that passes every look."""
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        settings.BASE_URL = "https://desk.example"
        settings.ALLOWED_HOSTS = ["desk.example"]
        settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
        settings.DATA_DIR = tmp_path
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
            deploy.SMTP,
            "127.0.0.1",
            server.port,
        )
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.SUPPORT_ADDRESS = "help@desk.example"
        monkeypatch.setattr(deploy.os, "geteuid", lambda: 1000)
        actions.create_user("boss@desk.example", name="Boss", role="owner")
        Role.objects.filter(slug="owner").update(needs_second_factor=True)
        note_backup(file="night.tar", size=1, seconds=1.0)
        keys = tmp_path / "keys"
        keys.mkdir(mode=0o700)
        for purpose in deploy.PURPOSES:
            (keys / purpose).write_text("x")
            (keys / purpose).chmod(0o600)
        yield SimpleNamespace(settings=settings, patch=monkeypatch, keys=keys)
    finally:
        server.stop()


def wrong() -> dict[str, str]:
    """What is found wrong, and what to do about it."""
    found = [look() for look in deploy.DEPLOY]
    assert all(bool(each.do) != each.ok for each in found)
    return {each.name: each.do for each in found if not each.ok}


#: the role of the test database is a superuser, and it is not the embedded one
TEST = {"database role"}


def test_nothing_is_wrong_with_a_fit_desk(fit):
    assert set(wrong()) <= TEST


def change(name, value):
    return lambda fit: setattr(fit.settings, name, value)


def as_root(fit):
    fit.patch.setattr(deploy.os, "geteuid", lambda: 0)


def open_keys(fit):
    (fit.keys / "stored").chmod(0o640)


def no_factor(fit):
    Role.objects.filter(slug="owner").update(needs_second_factor=False)


def old_backup(fit):
    later = timezone.now() + deploy.OLDEST_BACKUP
    fit.patch.setattr(deploy.timezone, "now", lambda: later)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("https", change("BASE_URL", "http://desk.example")),
        ("hosts", change("ALLOWED_HOSTS", ["*"])),
        ("hosts", change("ALLOWED_HOSTS", ["other.example"])),
        ("proxies", change("TRUSTED_PROXIES", [])),
        ("proxies", change("TRUSTED_PROXIES", [ip_network("0.0.0.0/0")])),
        ("user", as_root),
        ("keys", open_keys),
        ("mail", change("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")),
        ("mail", change("EMAIL_PORT", 1)),
        ("mail", change("SUPPORT_ADDRESS", "support@localhost")),
        ("backup", old_backup),
        ("demo", change("DEMO", True)),
        ("debug", change("DEBUG", True)),
        ("second factor", no_factor),
    ],
)
def test_each_way_to_be_unfit_is_named(fit, name, spoil):
    spoil(fit)
    assert set(wrong()) - TEST == {name}


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("", True),
        ("/run/postgresql", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("db.example", False),
        ("10.0.0.5", False),
    ],
)
def test_what_counts_as_this_machine(host, here):
    assert deploy._is_here(host) is here


def test_a_database_elsewhere_has_to_be_encrypted(fit, monkeypatch):
    monkeypatch.setitem(deploy.connection.settings_dict, "HOST", "db.example")
    found = deploy.database_connection()
    assert (found.ok, found.text) == (False, "db.example, not encrypted")
    assert "sslmode=verify-full" in found.do


def test_the_command_prints_a_line_each_and_says_by_its_exit_code(fit, capsys, monkeypatch):
    monkeypatch.setattr(desk.database, "set_up", lambda: None)
    change("DEBUG", True)(fit)
    assert desk.check(as_json=False, deploy=True) == 1
    assert "wrong  debug: on  Turn DEBUG off." in capsys.readouterr().out.splitlines()
    desk.check(as_json=True, deploy=True)
    names = [each["name"] for each in json.loads(capsys.readouterr().out)]
    assert len(names) == len(set(names))
    assert set(names) >= {"worker", "https", "second factor"}
    desk.check(as_json=True)
    assert "https" not in {each["name"] for each in json.loads(capsys.readouterr().out)}
