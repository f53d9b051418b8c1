"""A real IMAP and POP3 server: Dovecot as an ordinary process, on ports and in a folder of its own."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.support.desk import free_port, open_folder

#: mail is stored under this user when the tests run as root: Dovecot never does so as root
NOBODY = 65534
PASSWORD = "secret"

_CONFIGURATION = """
protocols = imap pop3
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
first_valid_gid = 0
ssl = {tls}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
mail_max_userip_connections = 50
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
{tokens}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  mailbox Gesendet {{
    special_use = \\Sent
  }}
}}
"""
_TLS = """yes
ssl_cert = <{file}
ssl_key = <{file}
"""
_TOKENS = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_ASKED = """
introspection_mode = post
introspection_url = {url}
force_introspection = yes
active_attribute = active
active_value = true
username_attribute = username
"""


@dataclass
class MailServer:
    """Any user has a mailbox here, with the password PASSWORD, or a token if `introspection` is an address
    that tells whose it is (RFC 7662). With a `certificate` and its key in one file it encrypts.
    """

    folder: Path
    imap: int
    pop3: int
    introspection: str = ""
    mechanisms: str = "xoauth2 oauthbearer"
    certificate: Path | None = None
    #: ports that encrypt from the first byte; 0 without a certificate
    imaps: int = 0
    pop3s: int = 0

    def url(self, address: str, *, protocol: str = "imap", folder: str = "") -> str:
        """As `deskbell channel add` takes it."""
        port = self.imap if protocol == "imap" else self.pop3
        return f"{protocol}://{address.replace('@', '%40')}:{PASSWORD}@127.0.0.1:{port}/{folder}"

    @contextlib.contextmanager
    def client(self, address: str, folder: str = "INBOX") -> Iterator[IMAPClient]:
        """Somebody else who looks into the mailbox, such as a phone."""
        client = IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=20)
        client.login(address, PASSWORD)
        client.select_folder(folder)
        try:
            yield client
        finally:
            client.logout()

    def put(self, address: str, *mails: bytes, folder: str = "INBOX") -> None:
        with self.client(address, folder) as client:
            for mail in mails:
                client.append(folder, mail)

    def flags(self, address: str, folder: str = "INBOX") -> dict[int, set[str]]:
        """UID → flags of what lies in a folder."""
        with self.client(address, folder) as client:
            found = client.fetch(client.search("ALL"), ["FLAGS"]) if client.search("ALL") else {}
        return {uid: {flag.decode() for flag in data[b"FLAGS"]} - {"\\Recent"} for uid, data in found.items()}

    def renumber(self, address: str) -> None:
        """Give the folder another UIDVALIDITY, as a server does whose index was lost."""
        folder = self.folder / "mail" / address
        version, validity, *_rest = (folder / "dovecot-uidlist").read_text().split()
        (folder / "dovecot-uidlist").write_text(f"{version} V{int(validity[1:]) + 1} N1\n")
        for path in folder.glob("dovecot.*index*"):
            path.unlink()


@contextlib.contextmanager
def mail_server(**more: Any) -> Iterator[MailServer]:
    """One server until the end of the block."""
    with open_folder() as folder:
        ports = [free_port()]
        for _ in range(3):
            ports.append(free_port(*ports))
        server = MailServer(folder, ports[0], ports[1], **more)
        if server.certificate:
            server.imaps, server.pop3s = ports[2:]
        process = _start(server)
        try:
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _start(server: MailServer) -> subprocess.Popen[bytes]:
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("Dovecot is missing: sudo apt install dovecot-imapd dovecot-pop3d")
    root = os.geteuid() == 0
    me = pwd.getpwuid(os.geteuid()).pw_name
    uid, gid = (NOBODY, NOBODY) if root else (os.geteuid(), os.getegid())
    configuration = server.folder / "dovecot.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=server.folder,
            internal="dovecot" if root else me,
            group="dovecot" if root else grp.getgrgid(os.getegid()).gr_name,
            login="dovenull" if root else me,
            uid=uid,
            gid=gid,
            password=PASSWORD,
            imap=server.imap,
            pop3=server.pop3,
            mechanisms="plain login" + (f" {server.mechanisms}" if server.introspection else ""),
            imaps=server.imaps,
            pop3s=server.pop3s,
            tls=_TLS.format(file=server.certificate) if server.certificate else "no",
            tokens=_TOKENS.format(folder=server.folder) if server.introspection else "",
        )
    )
    (server.folder / "oauth2.conf").write_text(_ASKED.format(url=server.introspection))
    (server.folder / "mail").mkdir()
    os.chown(server.folder / "mail", uid, gid)
    process = subprocess.Popen(
        [program, "-F", "-c", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=(server.folder / "out").open("wb"),
        stderr=subprocess.STDOUT,
    )
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.imap), 1).close()
            return process
        time.sleep(0.02)
    process.terminate()
    log = server.folder / "log"
    said = [path.read_text() for path in (server.folder / "out", log) if path.exists()]
    raise RuntimeError(f"Dovecot did not start: {said}")
