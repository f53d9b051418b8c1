"""The jobs of the house itself, and the rescue of jobs whose worker was killed.

Jobs of an area live in `deskbell/<area>/jobs.py` and register themselves with
`from procrastinate.contrib.django import app`; procrastinate imports these modules when Django is ready.
"""

from __future__ import annotations

import logging

from procrastinate import App, JobContext
from procrastinate.contrib.django import app as registered
from procrastinate.exceptions import UniqueViolation

log = logging.getLogger(__name__)

#: hours an ended job is kept: long enough to look into a failure
KEEP_HOURS = 24 * 14

#: jobs marked as running whose worker is gone (killed: its row was removed) or has been silent for too long
STALLED = """
    select job.id, job.task_name
    from procrastinate_jobs job
    left join procrastinate_workers worker on worker.id = job.worker_id
    where job.status = 'doing'
      and (worker.id is null or worker.last_heartbeat < now() - make_interval(secs => %(seconds)s))
"""
#: Locks the job and looks once more, so that two workers never take back the same one, and never one that a
#: live worker has taken up in between.
TAKE_BACK = f"""
    with stalled as ({STALLED} and job.id = %(job)s for update of job skip locked)
    select procrastinate_retry_job_v2(stalled.id, now(), null, null, null)::text from stalled
"""  # noqa: S608 - two constants
GIVE_UP = f"""
    with stalled as ({STALLED} and job.id = %(job)s for update of job skip locked)
    select procrastinate_finish_job_v1(stalled.id, 'aborted', true)::text from stalled
"""  # noqa: S608 - two constants


async def rescue(app: App, seconds: float) -> int:
    """Put back the jobs of workers silent for `seconds`; returns how many were found.

    The loop of every worker calls this (`cli.worker`). It is no job itself: it must run when the queues
    are full, or when the job that would have done it is the one that was killed.
    """
    ask = app.connector.execute_query_all_async
    rows = await ask(query=STALLED, seconds=seconds)
    for row in rows:
        log.warning("a job whose worker was gone is run again: %s %s", row["task_name"], row["id"])
        try:
            await ask(query=TAKE_BACK, seconds=seconds, job=row["id"])
        except UniqueViolation:
            # a job with the same queueing lock waits already, and will do the same work
            await ask(query=GIVE_UP, seconds=seconds, job=row["id"])
    return len(rows)


@registered.periodic(cron="17 3 * * *")
@registered.task(queue="slow", name="config.forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    """Each night: remove jobs that ended KEEP_HOURS ago, failed ones too."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
