"""A real directory: slapd as an ordinary process, on ports and in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3
import pytest

from bench.machine import free_port
from tests.support.certificate import self_signed
from tests.support.desk import open_folder

BASE = "dc=lanternfield,dc=example"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
ROOT, ROOT_SECRET = f"cn=root,{BASE}", "the root secret"
READER, READER_SECRET = f"cn=reader,{BASE}", "a secret, of the desk: ü"
PASSWORD = "a secret kept elsewhere: ß*)("

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/pid
argsfile {folder}/args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
database mdb
suffix "{base}"
rootdn "{root}"
rootpw "{root_secret}"
directory {folder}/data
maxsize 10485760
dbnosync
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
"""


@dataclass
class LdapServer:
    """People and groups, as `person` and `group` put them there. Only READER may search."""

    folder: Path
    port: int
    tls_port: int
    authority: str

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @contextlib.contextmanager
    def root(self) -> Iterator[ldap3.Connection]:
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE)
        with ldap3.Connection(server, ROOT, ROOT_SECRET, raise_exceptions=True) as connection:
            yield connection

    def renew(self) -> None:
        """Nobody is in it but READER."""
        with self.root() as root, contextlib.suppress(ldap3.core.exceptions.LDAPNoSuchObjectResult):
            root.search(BASE, "(objectClass=*)", attributes=["1.1"])
            for dn in sorted((each["dn"] for each in root.response), key=len, reverse=True):
                root.delete(dn)
        with self.root() as root:
            root.add(BASE, ["dcObject", "organization"], {"dc": "lanternfield", "o": "Lanternfield"})
            for unit in (PEOPLE, GROUPS):
                root.add(unit, ["organizationalUnit"])
            root.add(READER, ["person"], {"cn": "reader", "sn": "reader", "userPassword": READER_SECRET})

    def person(self, uid: str, *, unit: str = PEOPLE, password: str = PASSWORD, **more: Any) -> str:
        """The DN of somebody who is put there: `mail`, `cn`, …"""
        values = {
            "cn": uid.title(),
            "sn": uid,
            "mail": f"{uid}@example.com",
            "userPassword": password,
            **more,
        }
        dn = f"uid={ldap3.utils.dn.escape_rdn(uid)},{unit}"
        values = {name: value for name, value in values.items() if value}
        with self.root() as root:
            root.add(dn, ["inetOrgPerson"], values)
        return dn

    def group(self, name: str, *members: str, unit: str = GROUPS) -> str:
        with self.root() as root:
            root.add(f"cn={name},{unit}", ["groupOfNames"], {"member": list(members)})
        return f"cn={name},{unit}"

    def change(self, dn: str, **values: Any) -> None:
        changes = {name: [(ldap3.MODIFY_REPLACE, value)] for name, value in values.items()}
        with self.root() as root:
            root.modify(dn, changes)

    def rename(self, dn: str, uid: str) -> None:
        with self.root() as root:
            root.modify_dn(dn, f"uid={uid}")

    def remove(self, dn: str) -> None:
        with self.root() as root:
            root.delete(dn)

    def asked(self) -> list[tuple[str, str]]:
        """Every operation so far: its kind, and all that slapd says of it but names of people."""
        said = (self.folder / "log").read_text(errors="replace")
        found = re.findall(r"conn=\d+ op=\d+ (BIND dn=|SRCH base=|EXT oid=|UNBIND|RESULT)(.*)", said)
        return [(kind.split()[0], more) for kind, more in found]


@contextlib.contextmanager
def ldap_server() -> Iterator[LdapServer]:
    """One server until the end of the block."""
    program = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/libexec")
    if program is None:
        pytest.skip("slapd is missing: sudo apt install slapd")
    with open_folder() as folder:
        certificate = self_signed(folder)
        authority = certificate.read_text().split("-----BEGIN PRIVATE KEY")[0]
        port = free_port()
        server = LdapServer(folder, port, free_port(port), authority)
        process = _start(program, server, certificate)
        try:
            server.renew()
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _start(program: str, server: LdapServer, certificate: Path) -> subprocess.Popen[bytes]:
    configuration = server.folder / "slapd.conf"
    names = {"base": BASE, "root": ROOT, "root_secret": ROOT_SECRET, "reader": READER}
    configuration.write_text(_CONFIGURATION.format(folder=server.folder, certificate=certificate, **names))
    (server.folder / "data").mkdir()
    process = subprocess.Popen(
        [program, "-d", "stats", "-f", str(configuration), "-h", f"{server.url} {server.tls_url}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(server.folder / "log").open("wb"),
    )
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.tls_port), 1).close()
            return process
        time.sleep(0.02)
    process.terminate()
    raise RuntimeError(f"slapd did not start: {(server.folder / 'log').read_text()}")


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """The address of one that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"ldap://127.0.0.1:{listening.getsockname()[1]}"
