"""Is this installation well? One list of findings for `/readyz`, `deskbell check` and people."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import WARNING, run_checks
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, override

from deskbell.channels.models import LinkedDevice
from deskbell.channels.whatsapp_web.words import problem_of
from deskbell.kit.jinja import file_size
from deskbell.kit.stored import said
from deskbell.setup import system

OLDEST_POSTGRES = 15
#: bytes and share of the disk below which the disk counts as nearly full
DISK_LEAST = 512 * 1024 * 1024
DISK_SHARE = 0.03
#: seconds a job may wait before the queue counts as stuck
QUEUE_PATIENCE = 600
#: a backup of the night may be this old: a day, and an hour that was missed
BACKUP_PATIENCE = timedelta(hours=30)
#: days before a client secret ends
SECRET_WARNED = 14


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `do` says what to do when it is wrong; `name` is the same in every language."""

    name: str
    ok: bool
    text: str
    do: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def settings_finding() -> Finding:
    problems = [str(each.msg) for each in run_checks() if each.level >= WARNING]
    if problems:
        return Finding(
            gettext_noop("settings"), False, "; ".join(problems), _("Correct the settings named here.")
        )
    where = {"address": settings.BASE_URL, "folder": settings.DATA_DIR}
    return Finding("settings", True, _("%(address)s, data in %(folder)s") % where)


def database_finding() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("show server_version")
        shown = cursor.fetchone()[0]
    ok = int(shown.split(".")[0]) >= OLDEST_POSTGRES
    needed = _("Deskbell needs PostgreSQL %(version)s.") % {"version": OLDEST_POSTGRES}
    return Finding(gettext_noop("database"), ok, f"PostgreSQL {shown}", "" if ok else needed)


def migrations_finding() -> Finding:
    # slow to import, and needed by no page
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    missing = set(loader.disk_migrations) - set(loader.applied_migrations)
    unknown = set(loader.applied_migrations) - set(loader.disk_migrations)
    if unknown:
        text = _("%(count)s unknown") % {"count": len(unknown)}
        return Finding(gettext_noop("migrations"), False, text, _("Install the newer Deskbell again."))
    if missing:
        text = _("%(count)s not applied") % {"count": len(missing)}
        return Finding("migrations", False, text, _("Run: deskbell migrate"))
    return Finding("migrations", True, _("all applied"))


def worker_finding() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), extract(epoch from now() - max(last_heartbeat)) from procrastinate_workers "
            "where last_heartbeat > now() - make_interval(secs => %s)",
            [max(60, settings.STALLED_AFTER)],
        )
        count, age = cursor.fetchone()
    if not count:
        running = _("Run: deskbell worker (deskbell up does)")
        return Finding(gettext_noop("worker"), False, _("none is running"), running)
    text = ngettext(
        "%(count)s queue served, last heartbeat %(age)s s ago",
        "%(count)s queues served, last heartbeat %(age)s s ago",
        count,
    )
    return Finding("worker", True, text % {"count": count, "age": int(age)})


def queues_finding() -> Finding:
    """Jobs that wait although their time has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select queue_name, count(*), coalesce(max(extract(epoch from now() - coalesce(scheduled_at, ("
            " select max(at) from procrastinate_events where job_id = job.id and type = 'deferred')))), 0) "
            "from procrastinate_jobs job where status = 'todo' "
            "and (scheduled_at is null or scheduled_at <= now()) group by queue_name order by queue_name"
        )
        rows = cursor.fetchall()
    waiting = _("%(queue)s: %(count)s waiting, oldest %(age)s s")
    text = ", ".join(waiting % {"queue": name, "count": count, "age": int(age)} for name, count, age in rows)
    late = any(age > QUEUE_PATIENCE for _, _, age in rows)
    return Finding(
        gettext_noop("queues"),
        not late,
        text or _("empty"),
        _("See whether the worker runs and what its log says.") if late else "",
    )


def channels_finding() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "select name, state, last_error from channels_channel where state <> 'off' order by name"
        )
        rows = cursor.fetchall()
    wrong = [f"{name}: {said(error) if error else state}" for name, state, error in rows if state != "ok"]
    if wrong:
        return Finding(
            gettext_noop("channels"), False, "; ".join(wrong), _("Correct the channel's settings.")
        )
    return Finding("channels", True, _("%(count)s in use") % {"count": len(rows)})


def whatsapp_finding() -> Finding:
    """What came from WhatsApp and is not where it belongs: deliveries nobody read, files that never came."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from channels_webhook where handled_at is null "
            "and received_at < now() - make_interval(secs => %s)), "
            "(select count(*) from channels_awaitedfile where lost_at > now() - interval '1 day')",
            [QUEUE_PATIENCE],
        )
        waiting, lost = cursor.fetchone()
    texts, do = [], []
    if waiting:
        said = ngettext(
            "%(count)s delivery waits to be read", "%(count)s deliveries wait to be read", waiting
        )
        texts.append(said % {"count": waiting})
        do.append(_("See whether the worker runs and what its log says."))
    if lost:
        said = ngettext(
            "%(count)s file was lost within a day", "%(count)s files were lost within a day", lost
        )
        texts.append(said % {"count": lost})
        do.append(_("Ask the customers to send them again: their tickets say which."))
    name = gettext_noop("WhatsApp")
    return Finding(name, not texts, "; ".join(texts) or _("nothing waits, no file is lost"), " ".join(do))


def whatsapp_web_finding() -> Finding:
    """Linked devices that send nothing although they are switched on, or whose gateway is silent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select channel.name, device.link_state, device.send_state, device.until "
            "from channels_linkeddevice device join channels_channel channel "
            "on channel.id = device.channel_id "
            "where channel.state <> 'off' order by channel.name"
        )
        rows = cursor.fetchall()
    name = gettext_noop("WhatsApp Web")
    if not rows:
        return Finding(name, True, _("not in use"))
    wrong = []
    for number, link, sending, until in rows:
        device = LinkedDevice(link_state=link, send_state=sending, until=until)
        if problem := problem_of(device):
            wrong.append(f"{number}: {said(problem)}")
    if not wrong:
        return Finding(name, True, _("%(count)s linked and working") % {"count": len(rows)})
    see = _(
        "See its page under Setup, WhatsApp. The gateway runs under deskbell up, or as deskbell whatsapp-web."
    )
    return Finding(name, False, "; ".join(wrong), see)


def secrets_finding() -> Finding:
    """Client secrets of sign-in providers, which end: then no mailbox signs in by them any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select name, secret_expires_on from channels_signinprovider "
            "where secret_expires_on <= current_date + %s order by secret_expires_on, name",
            [SECRET_WARNED],
        )
        rows = cursor.fetchall()
    if not rows:
        return Finding(gettext_noop("client secrets"), True, _("none ends soon"))
    text = _("that of %(name)s ends on %(date)s")
    make = _("Make a new one at the provider, and enter it under “Sign-in providers” with its date.")
    ends = "; ".join(text % {"name": name, "date": f"{date:%Y-%m-%d}"} for name, date in rows)
    return Finding("client secrets", False, ends, make)


def mails_finding() -> Finding:
    """Senders whose mails were held back because they opened too many tickets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from channels_inbounditem where state = 'quarantined' and reason = 'too_many' "
            "and received_at > now() - interval '1 day'"
        )
        count = cursor.fetchone()[0]
    if not count:
        return Finding(gettext_noop("mails"), True, _("nobody sends too many"))
    text = ngettext(
        "%(count)s held back within a day: its sender sends too many",
        "%(count)s held back within a day: their senders send too many",
        count,
    )
    see = _("Look under “Received”, “Held back”: a loop or a flood. What is good can be taken in from there.")
    return Finding("mails", False, text % {"count": count}, see)


def signins_finding() -> Finding:
    """Passwords, codes or tokens that somebody guesses at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from events_event "
            "where kind = 'signin.guessed' and at > now() - interval '1 day'"
        )
        count = cursor.fetchone()[0]
    if not count:
        return Finding(gettext_noop("sign-ins"), True, _("nobody guesses at them"))
    text = ngettext("%(count)s attack slowed within a day", "%(count)s attacks slowed within a day", count)
    see = _("Somebody guesses. The audit trail under “Guessed passwords and codes” says at what and whence.")
    return Finding("sign-ins", False, text % {"count": count}, see)


def disk_finding() -> Finding:
    usage = shutil.disk_usage(settings.DATA_DIR)
    ok = usage.free > max(DISK_LEAST, usage.total * DISK_SHARE) or usage.free > 20 * DISK_LEAST
    text = _("%(free)s free of %(total)s") % {
        "free": file_size(usage.free),
        "total": file_size(usage.total),
    }
    free_some = _("Free some space on the disk of %(folder)s.") % {"folder": settings.DATA_DIR}
    return Finding(gettext_noop("disk"), ok, text, "" if ok else free_some)


def backup_finding() -> Finding:
    """The backup of each night, when there is one."""
    last, failed = system.last_backup(), system.failed_backup()
    said = _("none was made yet")
    if last:
        said = _("the last one on %(when)s") % {"when": f"{timezone.localtime(last.at):%Y-%m-%d %H:%M}"}
    name = gettext_noop("backup")
    if not settings.BACKUP_DIR:
        return Finding(name, True, _("not made by itself, %(last)s") % {"last": said})
    if failed:
        text = _("failed: %(reason)s; %(last)s") % {"reason": failed.data["reason"], "last": said}
        return Finding(name, False, text, _("Look at the folder %(dir)s.") % {"dir": settings.BACKUP_DIR})
    late = last is not None and timezone.now() - last.at > BACKUP_PATIENCE
    return Finding(
        name,
        not late,
        _("each night in %(dir)s, %(last)s") % {"dir": settings.BACKUP_DIR, "last": said},
        _("See whether the worker runs and what its log says.") if late else "",
    )


READY = (database_finding, migrations_finding, worker_finding, queues_finding)
ALL = (
    settings_finding,
    *READY,
    channels_finding,
    whatsapp_finding,
    whatsapp_web_finding,
    secrets_finding,
    mails_finding,
    signins_finding,
    disk_finding,
    backup_finding,
)


def findings(looks: tuple[Callable[[], Finding], ...]) -> Iterator[Finding]:
    """Look at each; what the database does not answer is wrong, not an error."""
    for look in looks:
        try:
            yield look()
        except DatabaseError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            yield Finding(
                look.__name__.removesuffix("_finding"),
                False,
                reason,
                _("Check the database and DATABASE_URL."),
            )
        except OSError as error:
            yield Finding(
                look.__name__.removesuffix("_finding"), False, str(error), _("Check the data folder.")
            )


def readyz(request: HttpRequest) -> JsonResponse:
    """`/readyz`: 200 when requests can be served and jobs are done, else 503. Says nothing secret."""
    with override(None):  # for programs
        found = list(findings(READY))
    ready = all(each.ok for each in found)
    answer = {
        "ready": ready,
        **{each.name: {"ok": each.ok, "text": each.text if each.ok else each.do} for each in found},
    }
    response = JsonResponse(answer, status=200 if ready else 503)
    # Django logs every 5xx answer; a monitor that asks each second would bury the log of an outage
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
