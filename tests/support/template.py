"""The migrated database that each process of a test run copies: `python -m tests.support.template FILE`.

FILE appears when it is done, and holds what went wrong.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path


def migrate() -> None:
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    connection.close()


def main(told: Path) -> None:
    try:
        migrate()
        said = ""
    except BaseException:
        said = traceback.format_exc()
    draft = told.with_suffix(".new")
    draft.write_text(said)
    draft.replace(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
