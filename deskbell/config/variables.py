"""Every environment variable Deskbell reads; `python -m deskbell.config.variables` prints them as a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable(
        "DATABASE_URL", "embedded PostgreSQL", "`postgresql://user:password@host/name` of PostgreSQL 15+."
    ),
    Variable(
        "DATABASE_DIRECT_URL", "`DATABASE_URL`", "Behind a pooler: a direct address, for LISTEN and jobs."
    ),
    Variable(
        "PG_BIN", "the wheel's, else the system's", "Folder of the programs of the embedded PostgreSQL."
    ),
    Variable(
        "DESKBELL_DATA_DIR",
        "`~/.local/share/deskbell`, as root `/var/lib/deskbell`",
        "Everything kept on disk: files, keys, the embedded database.",
    ),
    Variable("DESKBELL_DEMO", "off", "The demo company and its sign-ins; set by `deskbell up --demo`."),
    Variable("DESKBELL_SECRET_KEY", "made in the data folder", "Signs sessions and links."),
    Variable("DESKBELL_STORED_KEY", "made in the data folder", "Encrypts secrets in the database."),
    Variable("DESKBELL_REFERENCE_KEY", "made in the data folder", "Signs references in outgoing mail."),
    Variable("DESKBELL_BASE_URL", "`http://127.0.0.1:8000`", "The address people open; used in mails."),
    Variable(
        "DESKBELL_HSTS_SECONDS",
        "30 days",
        "How long browsers keep to HTTPS (`Strict-Transport-Security`) when the address begins with "
        "`https://`; `0`: not said.",
    ),
    Variable("DESKBELL_ALLOWED_HOSTS", "this machine", "Host names answered, separated by commas."),
    Variable(
        "DESKBELL_TRUSTED_PROXIES",
        "none",
        "Addresses or networks of reverse proxies, separated by commas; only theirs of the headers "
        "`X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    ),
    Variable("REDIS_URL", "PostgreSQL", "A Redis for the cache alone (extra `redis`)."),
    Variable(
        "EMAIL_URL", "files in the data folder", "`smtp://user:password@host:587?tls=True` for outgoing mail."
    ),
    Variable(
        "DESKBELL_SUPPORT_ADDRESS",
        "`support@localhost`",
        "Sender of mails of queues without an address, until one is stored in the setup.",
    ),
    Variable(
        "DESKBELL_COMPANY_NAME",
        "Deskbell",
        "Your name, on pages and in mails, until one is stored in the setup.",
    ),
    Variable(
        "DESKBELL_LANGUAGE", "`en`", "Language of readers who chose none, until one is stored in the setup."
    ),
    Variable(
        "DESKBELL_TIME_ZONE",
        "`UTC`",
        "Time zone of readers who chose none, until one is stored in the setup.",
    ),
    Variable("DESKBELL_UPLOAD_LIMIT", "50 MB", "Largest file, in bytes."),
    Variable("DESKBELL_MAIL_LIMIT", "60 MB", "Largest mail taken in, in bytes."),
    Variable("DESKBELL_WEB_WORKERS", "1, on four cores or more 2", "Web processes."),
    Variable("DESKBELL_WEB_THREADS", "4", "Threads of a web process; each holds one database connection."),
    Variable("DESKBELL_STALLED_AFTER", "60", "Seconds until the job of a silent worker is taken up again."),
    Variable(
        "DESKBELL_BACKUP_DIR",
        "none",
        "Folder in which a worker makes a backup each night, without the keys.",
    ),
    Variable("DESKBELL_BACKUP_KEEP", "14", "How many backups stay in that folder."),
    Variable(
        "DESKBELL_BACKUP_BEFORE_UPGRADE",
        "`on`",
        "`off`: migrations run without a backup of the database in `backups/` of the data folder.",
    ),
    Variable(
        "DESKBELL_NAMESERVER",
        "the machine's own",
        "`address:port` of the name server that the check of SPF, DKIM and DMARC asks.",
    ),
    Variable("DESKBELL_LOG_FORMAT", "`text`", "`text` or `json`."),
)


def markdown() -> str:
    rows = "\n".join(f"| `{v.name}` | {v.default} | {v.meaning} |" for v in VARIABLES)
    return (
        "# Settings\n\n"
        "Environment variables; each may also be given as `NAME_FILE`, the path of a file that holds it.\n"
        "None is needed to start.\n\n"
        "| variable | default | meaning |\n|---|---|---|\n" + rows + "\n"
    )


if __name__ == "__main__":
    print(markdown(), end="")
