"""Is this installation fit to face the internet? What `deskbell check --deploy` looks at beside its health.

The command alone says these sentences, so they are English, as all it says.
"""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.utils import timezone

from deskbell.config.health import Finding
from deskbell.kit.keys import PURPOSES
from deskbell.people.models import Company, Role
from deskbell.people.permissions import OWN, SETUP
from deskbell.people.queries import company
from deskbell.setup import system

SMTP = "django.core.mail.backends.smtp.EmailBackend"
#: a desk that is backed up each night, and a night that was missed
OLDEST_BACKUP = timedelta(hours=50)
#: seconds the mail server may take to greet
GREETING = 10


def https() -> Finding:
    return _finding(
        "https",
        settings.BASE_URL.startswith("https://"),
        settings.BASE_URL,
        "Put a proxy with a certificate in front, and its address into DESKBELL_BASE_URL.",
    )


def hosts() -> Finding:
    named = urlsplit(settings.BASE_URL).hostname or ""
    allowed = [host.lstrip(".") for host in settings.ALLOWED_HOSTS]
    return _finding(
        "hosts",
        not any("*" in host for host in allowed) and any(_covers(host, named) for host in allowed),
        ", ".join(settings.ALLOWED_HOSTS),
        f"DESKBELL_ALLOWED_HOSTS={named}",
    )


def _covers(allowed: str, named: str) -> bool:
    return named == allowed.strip("[]").lower() or named.endswith(f".{allowed.lower()}")


def proxies() -> Finding:
    trusted = settings.TRUSTED_PROXIES
    text = ", ".join(str(each) for each in trusted) or "none is trusted"
    return _finding(
        "proxies",
        bool(trusted) and not any(each.prefixlen == 0 for each in trusted),
        text,
        "Name the address of your proxy in DESKBELL_TRUSTED_PROXIES, and no other: else everybody seems to "
        "come from one address, or anybody may say he comes from another.",
    )


def user() -> Finding:
    root = os.geteuid() == 0
    return _finding(
        "user",
        not root,
        "root" if root else "not root",
        "Run Deskbell as a user of its own (docs/go-live.md).",
    )


def keys() -> Finding:
    """Given by the environment, or made once in a folder that nobody else reads."""
    made = [purpose for purpose, name in PURPOSES.items() if not _given(name)]
    folder = Path(settings.DATA_DIR) / "keys"
    open_ = [
        str(path)
        for path in (folder, *(folder / purpose for purpose in made))
        if made and path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    text = f"in {folder}, for its user alone" if made else "given by the environment"
    return _finding(
        "keys",
        not open_,
        f"others may read {', '.join(open_)}" if open_ else text,
        f"chmod -R go= {folder}, or give the keys as {', '.join(PURPOSES.values())}.",
    )


def _given(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def mail() -> Finding:
    """Really greets the mail server and signs in there; sends nothing."""
    if settings.EMAIL_BACKEND != SMTP:
        return _finding(
            "mail", False, "mail does not leave this machine", "Name your mail server in EMAIL_URL."
        )
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    server = get_connection(fail_silently=False, timeout=GREETING)
    try:
        server.open()
    except (OSError, SMTPException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return _finding("mail", False, f"{where}: {reason}", "Correct EMAIL_URL.")
    finally:
        server.close()
    sender = company().support_address
    return _finding(
        "mail",
        sender != settings.FACTORY_ADDRESS,
        f"{where} answers, sender {sender}",
        "Give your support address: Setup → Company, or DESKBELL_SUPPORT_ADDRESS.",
    )


def backup() -> Finding:
    last = system.last_backup()
    text = f"the last one on {last.at:%Y-%m-%d %H:%M} UTC" if last else "there is none"
    return _finding(
        "backup",
        last is not None and timezone.now() - last.at < OLDEST_BACKUP,
        text,
        "DESKBELL_BACKUP_DIR names a folder for one each night; or run: deskbell backup",
    )


def demo() -> Finding:
    is_demo = settings.DEMO or Company.objects.filter(demo=True).exists()
    return _finding(
        "demo",
        not is_demo,
        "this is the demo: anybody signs in" if is_demo else "off",
        "Begin with an empty data folder and without --demo (DESKBELL_DEMO).",
    )


def debug() -> Finding:
    return _finding("debug", not settings.DEBUG, "on" if settings.DEBUG else "off", "Turn DEBUG off.")


def database_role() -> Finding:
    """The embedded database belongs to this desk alone, so its role may do everything there."""
    if system.database().embedded:
        return _finding("database role", True, "of the embedded database")
    with connection.cursor() as cursor:
        cursor.execute("select rolname, rolsuper from pg_roles where rolname = current_user")
        name, superuser = cursor.fetchone()
    return _finding(
        "database role",
        not superuser,
        f"{name}, a superuser" if superuser else name,
        f"Give the desk a role of its own, or: alter role {name} nosuperuser",
    )


def database_connection() -> Finding:
    host = str(connection.settings_dict["HOST"])
    if system.database().embedded or _is_here(host):
        return _finding("database connection", True, "on this machine")
    with connection.cursor() as cursor:
        cursor.execute("select coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)")
        (encrypted,) = cursor.fetchone()
    return _finding(
        "database connection",
        encrypted,
        f"{host}, {'encrypted' if encrypted else 'not encrypted'}",
        "Add ?sslmode=verify-full to DATABASE_URL.",
    )


def _is_here(host: str) -> bool:
    """A socket or this machine's own address."""
    try:
        return not host or host.startswith("/") or host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def second_factor() -> Finding:
    """Of every role in use that reaches the setup."""
    roles = Role.objects.filter(permissions__overlap=[OWN, SETUP], grants__user__is_active=True)
    lacking = sorted(set(roles.filter(needs_second_factor=False).values_list("slug", flat=True)))
    return _finding(
        "second factor",
        not lacking,
        f"not asked of {', '.join(lacking)}" if lacking else "asked of everybody who reaches the setup",
        "Demand it of these roles: Setup → Roles.",
    )


def _finding(name: str, ok: bool, text: str, do: str = "") -> Finding:
    return Finding(name, ok, text, "" if ok else do)


DEPLOY = (
    https,
    hosts,
    proxies,
    user,
    keys,
    mail,
    backup,
    demo,
    debug,
    database_role,
    database_connection,
    second_factor,
)
