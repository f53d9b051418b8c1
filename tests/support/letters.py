"""Code mails are asked for by pages and put by a job."""

from __future__ import annotations

from django.db import connection

from deskbell.account import jobs


def work_off() -> None:
    """What a worker does with the mails that pages asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "with done as ("
            " delete from procrastinate_jobs where task_name = 'account.mail' returning id, args) "
            "select args ->> 'sealed' from done order by id"
        )
        for (sealed,) in cursor.fetchall():
            jobs.mail(sealed=sealed)
