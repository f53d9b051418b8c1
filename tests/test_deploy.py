"""Units, image, compose file and docs/go-live.md speak of commands, settings and files that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deskbell.cli import main
from deskbell.config.variables import VARIABLES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/go-live.md"
PLACES = [PAGE, ROOT / "Dockerfile", ROOT / "compose.yaml", *sorted((ROOT / "deploy").iterdir())]
PROGRAM = "/opt/deskbell/.venv/bin/deskbell"
#: settings of others that stand beside ours
OTHERS = {"POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB"}


def commands() -> list[tuple[str, list[str]]]:
    """(where, arguments) of every deskbell command named."""
    found = []
    for place in PLACES:
        for line in place.read_text().splitlines():
            for part in re.findall(r"(?:^|[ `=])(?:\S*/bin/)?deskbell ((?:[a-z]|--)[^`|#]*)", line):
                if line.startswith(("#", "alias", "deskbell unix")) and PROGRAM not in line:
                    continue
                if re.match(
                    r"(backup|check|channel|mail|migrate|restore|up|user|web|worker|--data-dir) ?", part
                ):
                    found.append((place.name, _words(part)))
    compose = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    for words in re.findall(r'(?:command: |CMD )\[("[^\]]*")\]', compose):
        if '"python"' not in words and '"CMD-SHELL"' not in words:
            found.append(("container", re.findall(r'"([^"]*)"', words)))
    return found


def _words(text: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', text.rstrip(".,; "))]


def test_every_command_is_one() -> None:
    found = commands()
    assert {arguments[0] for _, arguments in found} >= {
        "up", "web", "worker", "migrate", "backup", "restore", "check", "user", "channel",
    }  # fmt: skip
    for where, arguments in found:
        try:
            main._parse(arguments if len(arguments) > 1 else [*arguments, *_needed(arguments[0])])
        except SystemExit:
            pytest.fail(f"{where}: deskbell {' '.join(arguments)}")


def _needed(command: str) -> list[str]:
    """A sentence may name a command alone."""
    return {"backup": ["FILE"], "restore": ["FILE"]}.get(command, [])


def test_every_setting_is_one() -> None:
    known = {variable.name for variable in VARIABLES}
    known |= {f"{name}_FILE" for name in known} | OTHERS
    for place in PLACES:
        named = set(re.findall(r"\b(?:DESKBELL|DATABASE|EMAIL|POSTGRES)_[A-Z_]+\b", place.read_text()))
        assert named - known == set(), place.name


def test_every_file_named_is_there() -> None:
    text = PAGE.read_text()
    links = {PAGE.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", text)}
    deployed = {
        ROOT / name for name in re.findall(r"/opt/deskbell/((?:bin|deploy)/[\w.-]+\w)(?![\w*])", text)
    }
    assert [path for path in links | deployed if not path.exists() and "*" not in path.name] == []
    for unit in re.findall(r"deskbell[\w-]*\.(?:service|timer)", text):
        assert (ROOT / "deploy" / unit).exists(), unit


def test_the_proxies_let_an_upload_and_a_stream_through() -> None:
    nginx, caddy = ((ROOT / "deploy" / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    assert "client_max_body_size 60m;" in nginx
    assert re.search(r"location = /live \{[^}]*proxy_buffering off;", nginx)
    assert "max_size 60MB" in caddy
    assert "flush_interval -1" in caddy


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = [path for path in PLACES if path.suffix in (".service", ".timer")]
    for unit in units:
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / unit.name for unit in units)],
        capture_output=True,
        text=True,
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "deskbell" in line] == []
