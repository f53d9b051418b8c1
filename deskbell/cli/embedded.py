"""The embedded PostgreSQL: one cluster in the data folder, a child of the process that holds its lock.

On disk, under `<data>/postgres` (or the folder named in `<data>/postgres.location`):
`data` the cluster · `run` its socket (0700) · `server` the programs it runs on · `address.json` host
and port · `secrets.json` the passwords (0600) · `log`. PostgreSQL refuses to run as root, so as root
it runs as a service user, who owns all of it; otherwise as the user who started Deskbell.

`Cluster(data_dir).start()` / `.stop()` are for the parent; every other command asks `url(data_dir)`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deskbell.cli import binaries
from deskbell.cli.refusal import Refusal

ROLE = DATABASE = "deskbell"
SUPERUSER = "postgres"
#: accounts PostgreSQL may run as when Deskbell runs as root, best first
SERVICE_USERS = ("deskbell", "postgres", "nobody")
#: where clusters of root lie when the service user cannot enter the data folder (/root, for example)
ELSEWHERE = Path("/var/lib/deskbell-clusters")
SOCKET_PORT = 5432
#: sun_path holds 104 bytes on macOS and 108 on Linux, its closing zero included
LONGEST_SOCKET = 103
SETTINGS = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",
    # statements of ours may hold what customers wrote; the log must not
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
START_SECONDS = 20
RECOVERY_SECONDS = 600
STOP_SECONDS = 20
LOG_LIMIT = 10 * 1024 * 1024
#: endings of a start that pass when what a killed server left has gone
PASSING = ("shared memory block", "lock file", "could not bind", "Is another postmaster")
PR_SET_PDEATHSIG = 1


def place(data_dir: Path) -> Path:
    """The folder of the cluster that belongs to `data_dir`, made or not."""
    try:
        return Path((data_dir / "postgres.location").read_text().strip())
    except FileNotFoundError:
        return data_dir / "postgres"


def url(data_dir: Path) -> str | None:
    """The address of the running embedded database of `data_dir`, None when it does not run."""
    root = place(data_dir)
    try:
        pid = int((root / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        address = json.loads((root / "address.json").read_text())
        password = json.loads((root / "secrets.json").read_text())["role"]
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Refusal(
            f"The data folder {data_dir} belongs to another user. Run the command as that user."
        ) from None
    return _url(address, ROLE, password, DATABASE) if _is_postgres(pid) else None


def _url(address: dict[str, str | int], user: str, password: str, database: str) -> str:
    host = quote(str(address["host"]), safe="")
    return f"postgresql://{user}:{password}@{host}:{address['port']}/{database}"


def _is_postgres(pid: int) -> bool:
    """Whether `pid` lives and is a PostgreSQL server (a pid is soon used again, in a container at once)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives, as another user
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        shown = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True)
        command = shown.stdout
    except PermissionError:
        return True
    return b"postgres" in command.split(b"\0")[0]


@dataclass(frozen=True)
class Account:
    """The user a server runs as; `drop` says that we are root and have to become that user."""

    uid: int
    gid: int
    drop: bool

    @property
    def options(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}

    def own(self, path: Path) -> None:
        if self.drop:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this user can enter the folder `path`."""
        if not self.drop:
            return True
        entered = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1"', "sh", str(path)],
            cwd="/",
            stderr=subprocess.DEVNULL,
            **self.options,  # type: ignore[call-overload]
        )
        return entered.returncode == 0


def service_account() -> Account:
    """Whom a new cluster belongs to. As root makes the system user `deskbell` where that is possible."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), drop=False)
    if not _known("deskbell") and (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")):
        subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "-s", "/usr/sbin/nologin", "deskbell"],
            capture_output=True,
        )
    for name in SERVICE_USERS:
        if entry := _known(name):
            return Account(entry.pw_uid, entry.pw_gid, drop=True)
    raise Refusal(
        "PostgreSQL does not run as root, and no other user could be made for it. "
        "Run Deskbell as an ordinary user, or add a system user 'deskbell'."
    )


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


class Cluster:
    """One embedded PostgreSQL. Only the holder of `<data>/lock` may start it.

    `settings` are added to SETTINGS; `keep` copies the programs beside the data, so that an upgrade of
    the wheel never leaves data that nothing can open (a cluster thrown away after a test needs no copy).
    """

    def __init__(self, data_dir: Path, *, settings: dict[str, str] | None = None, keep: bool = True) -> None:
        self.data_dir = data_dir
        self.settings = SETTINGS | (settings or {})
        self.keep = keep
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return place(self.data_dir)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "log"

    def url(self, *, superuser: bool = False, database: str = DATABASE) -> str:
        """The address of this cluster, for the ordinary role or for the superuser."""
        address = json.loads((self.root / "address.json").read_text())
        words = json.loads((self.root / "secrets.json").read_text())
        user, password = (SUPERUSER, words["superuser"]) if superuser else (ROLE, words["role"])
        return _url(address, user, password, database)

    def start(self) -> None:
        """Make the cluster if there is none, take over what a killed parent left, return when it answers.

        Raises Refusal with the server's own reason when it cannot be started.
        """
        self.account = self._account()
        self._make_root()
        self.programs = self._choose_programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._end_leftover()
        self._choose_address()
        self._start_server()
        if not (self.root / "prepared").exists():
            self._prepare()

    def running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def stop(self) -> None:
        """End the server cleanly, open connections included; harder if it takes too long."""
        if self.child is None or self.child.poll() is not None:
            return
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            self.child.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(seconds)
                return

    # --- once ---------------------------------------------------------------------------------

    def _account(self) -> Account:
        try:
            owner = self.data.stat()
        except FileNotFoundError:
            return service_account()
        if os.geteuid() not in (0, owner.st_uid):
            raise Refusal(
                f"The data folder {self.data_dir} belongs to another user. Run the command as that user."
            )
        return Account(owner.st_uid, owner.st_gid, drop=os.geteuid() == 0)

    def _make_root(self) -> None:
        """The cluster's folder; outside the data folder when the service user cannot enter that."""
        if self.root.exists():
            return
        if not self.account.reaches(self.data_dir):
            name = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
            elsewhere = ELSEWHERE / name
            elsewhere.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            if not self.account.reaches(elsewhere.parent):
                raise Refusal(
                    f"PostgreSQL does not run as root, and its own user may not enter {self.data_dir}. "
                    "Choose another data folder with --data-dir, for example /var/lib/deskbell."
                )
            (self.data_dir / "postgres.location").write_text(f"{elsewhere}\n")
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.account.own(self.root)

    def _choose_programs(self) -> binaries.Programs:
        major = None
        if (self.data / "PG_VERSION").exists():
            major = int((self.data / "PG_VERSION").read_text().split(".")[0])
        copy = binaries.kept(self.root / "server")
        try:
            newest = binaries.find(major)
        except Refusal:
            if copy is None or copy.major != major:
                raise
            return copy
        if self.keep or not self.account.reaches(newest.folder):
            return binaries.keep(newest, self.root / "server")
        return newest

    def _initialise(self) -> None:
        """initdb into a folder beside, then rename: what is called `data` is always whole."""
        words = {"superuser": secrets.token_urlsafe(24), "role": secrets.token_urlsafe(24)}
        _write_private(self.root / "secrets.json", json.dumps(words))
        fresh = self.root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.root / "password"
        _write_private(password, words["superuser"])
        self.account.own(password)
        # the builtin provider needs neither ICU nor a locale of the system
        locale = ["--locale-provider=builtin"] if self.programs.major >= 17 else []
        try:
            self._run(
                "initdb", "-D", str(fresh), "-U", SUPERUSER, "-E", "UTF8", "-A", "scram-sha-256",
                f"--pwfile={password}", "--data-checksums", "--no-instructions", *locale, "--locale=C.UTF-8",
            )  # fmt: skip
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _prepare(self) -> None:
        """The role Deskbell connects as, no superuser, and its database."""
        import psycopg  # slow, and needed only once
        from psycopg import sql

        words = json.loads((self.root / "secrets.json").read_text())
        with psycopg.connect(self.url(superuser=True, database="postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("create role {} login createdb").format(sql.Identifier(ROLE)))
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(ROLE), sql.Literal(words["role"]))
            )
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("create database {} owner {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(ROLE)
                    )
                )
        (self.root / "prepared").touch()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs.folder / program, *arguments],
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **self.account.options,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise self._refusal(done.stderr + done.stdout)

    # --- each start ---------------------------------------------------------------------------

    def _end_leftover(self) -> None:
        """Stop a server that outlived its parent, so that the new one is a child of ours."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not _is_postgres(pid):
            lock.unlink(missing_ok=True)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
            for _ in _until(START_SECONDS):
                os.kill(pid, 0)
            os.kill(pid, signal.SIGQUIT)

    def _choose_address(self) -> None:
        """A Unix socket beside the data, or where its path is too long in a short folder, or TCP."""
        folder = self.root / "run"
        too_long = len(os.fsencode(folder / f".s.PGSQL.{SOCKET_PORT}")) > LONGEST_SOCKET
        if too_long or "," in str(folder):  # a comma separates hosts in a connection's address
            short = _short_folder(self.root, self.account)
            if short is None:
                self._listen_on(socket_folder=None, host="127.0.0.1", port=self._tcp_port())
                return
            folder = short
        else:
            folder.mkdir(mode=0o700, exist_ok=True)
            self.account.own(folder)
        self._listen_on(socket_folder=folder, host=str(folder), port=SOCKET_PORT)

    def _listen_on(self, *, socket_folder: Path | None, host: str, port: int) -> None:
        quoted = "" if socket_folder is None else '"' + str(socket_folder).replace('"', '""') + '"'
        self.listening = {
            "unix_socket_directories": quoted,
            "listen_addresses": "" if socket_folder else host,
            "port": str(port),
        }
        (self.root / "address.json").write_text(json.dumps({"host": host, "port": port}))

    def _tcp_port(self) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = json.loads((self.root / "address.json").read_text())
            if kept["port"] != SOCKET_PORT and _free(kept["port"]):
                return int(kept["port"])
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            return int(trial.getsockname()[1])

    def _start_server(self) -> None:
        """Start until it answers: after a kill -9 the first tries fail while old backends leave."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old"))
        said = ""
        for _ in _until(START_SECONDS):
            with self.log.open("ab") as log:
                begin = log.tell()
                self.child = self._spawn(log.fileno())
            if self._answers():
                return
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            if not any(passing in said for passing in PASSING):
                break
        raise self._refusal(said)

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        """The server as our child, in a session of its own: Ctrl-C is for the parent, who stops all in order.

        On Linux the kernel ends it (fast, but cleanly) when the parent is killed; elsewhere the next
        start does (`_end_leftover`).
        """
        options = [f"-c{name}={value}" for name, value in (self.settings | self.listening).items()]
        return subprocess.Popen(
            [self.programs.folder / "postgres", "-D", self.data, *options],
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
            **self.account.options,  # type: ignore[call-overload]
        )

    def _answers(self) -> bool:
        """Wait for the server's own word, the eighth line of postmaster.pid; False when it ended instead."""
        assert self.child is not None
        for _ in _until(RECOVERY_SECONDS, pause=0.02):
            if self.child.poll() is not None:
                return False
            with contextlib.suppress(FileNotFoundError):
                lines = (self.data / "postmaster.pid").read_text().split("\n")
                if lines[0] == str(self.child.pid) and len(lines) > 7 and lines[7].strip() == "ready":
                    return True
        return False

    def _refusal(self, said: str) -> Refusal:
        """What the server said, as one sentence with what to do."""
        if "No space left on device" in said:
            return Refusal(
                f"The disk that holds {self.root} is full. Free some space and start again.", code=74
            )
        if "Permission denied" in said:
            return Refusal(f"PostgreSQL may not write in {self.root}. Check who owns the folder.", code=77)
        lines = [line for line in said.splitlines() if "FATAL" in line or "error:" in line or "PANIC" in line]
        reason = (lines or said.strip().splitlines() or ["it ended without a word"])[-1].strip()
        return Refusal(f"The embedded PostgreSQL did not start: {reason} (see {self.log})", code=69)


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _die_with_parent() -> Callable[[], None] | None:
    if not Path("/proc/self").exists():
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT) and None


def _short_folder(root: Path, account: Account) -> Path | None:
    """A private folder with a short path for the socket, None when none can be had."""
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or ("/run" if account.drop else tempfile.gettempdir()))
    folder = base / f"deskbell-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"
    if len(os.fsencode(folder / f".s.PGSQL.{SOCKET_PORT}")) > LONGEST_SOCKET:
        return None
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        account.own(folder)
        found = folder.lstat()
    except OSError:
        return None
    # a stranger may have made the folder first, in /tmp
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077
    return folder if ours and account.reaches(folder) else None


def _free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _until(seconds: float, pause: float = 0.2) -> Iterator[None]:
    """Go round until `seconds` have passed, with a pause after each turn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(pause)
