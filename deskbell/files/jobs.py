from procrastinate.contrib.django import app

from deskbell.files import keep


@app.periodic(cron="41 3 * * *")
@app.task(name="files.sweep", queue="slow")
def sweep(timestamp: int) -> None:
    keep.sweep()
