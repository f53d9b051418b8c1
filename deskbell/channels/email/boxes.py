"""A folder of a mail server, by IMAP or by POP3, as the fetcher sees it.

Nothing here writes to the database, and nothing but `settle` changes the folder.
"""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

from django.utils.translation import gettext as _
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from deskbell.channels.email.accounts import Account
from deskbell.channels.email.sasl import Bearer
from deskbell.kit.network import told, trusted

#: seconds within which a server has to answer
PATIENCE = 60
#: seconds after which somebody who waits looks whether he is to stop
GLANCE = 1
#: mails whose sizes are asked for, or that are settled, in one command
AT_ONCE = 200
#: a line of a POP3 answer; poplib's own limit of 2,048 is shorter than lines that real mails have
poplib._MAXLINE = 1_000_000  # type: ignore[attr-defined]


class BoxError(Exception):
    """The server cannot be fetched from now; the message holds its own words."""


class SignInRefused(BoxError):
    """The server does not take this sign-in: trying often gets an account locked."""


class MailUnreadable(Exception):
    """The server cannot hand out one mail; the others it can."""


@dataclass(frozen=True)
class Listed:
    """A mail that is new in the folder."""

    uid: str
    size: int


@dataclass(frozen=True)
class Look:
    """What a look at a folder shows, without changing anything there."""

    mails: int
    folders: tuple[str, ...] = ()
    #: the server tells at once when something comes in
    pushes: bool = False


class Box(Protocol):
    """An open folder."""

    uidvalidity: int

    def new(self, *, after: int, since: date | None, known: set[str]) -> Iterator[list[Listed]]:
        """What lies there with a higher UID than `after` and is not `known`, oldest first, in portions."""

    @property
    def highest(self) -> int:
        """The highest UID that was given out when the folder was opened."""

    @property
    def there(self) -> list[str]:
        """The ids of all that lies there, where they alone tell what is new (POP3)."""

    def raw(self, uid: str) -> bytes | None:
        """The whole mail; None when it is gone. Raises MailUnreadable."""

    def head(self, uid: str) -> bytes | None:
        """Its header block alone. Raises MailUnreadable."""

    def settle(self, uids: list[str], *, after: str, moved_to: str) -> None:
        """Mark, move or delete what was stored."""

    def wait(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        """Until something came in, at most `seconds`, or we are stopped; False if the server cannot tell."""

    def close(self) -> None: ...


def open_box(account: Account, folder: str) -> Box:
    """Sign in and open `folder`. Raises BoxError."""
    return ImapBox(account, folder) if account.protocol == "imap" else Pop3Box(account)


def look(account: Account, folder: str) -> Look:
    """Sign in and look without changing anything. Raises BoxError."""
    if account.protocol == "imap":
        return ImapBox.look(account, folder)
    box = Pop3Box(account)
    try:
        return Look(len(box.sizes))
    finally:
        box.close()


@contextlib.contextmanager
def _in_words(host: str) -> Iterator[None]:
    """What libraries and networks raise, as BoxError."""
    try:
        yield
    except BoxError:
        raise
    except OSError as error:
        raise BoxError(told(error, host)) from None
    except (imaplib.IMAP4.error, poplib.error_proto, EOFError) as error:
        raise BoxError(_said(error)) from None


def _said(error: BaseException) -> str:
    """What the server said."""
    words = error.args[0] if error.args else ""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(error)
    return text.strip()[:400] or type(error).__name__


def _sign_in(account: Account) -> IMAPClient:
    context = trusted("imap")
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.security == "tls",
        ssl_context=context if account.security == "tls" else None,
        timeout=PATIENCE,
    )
    bearer = None
    try:
        if account.security == "starttls":
            client.starttls(context)
        if account.with_token:
            bearer = Bearer(account, _mechanisms(client))
            client.sasl_login(bearer.mechanism, bearer)
        else:
            client.login(account.username, account.password)
    except LoginError as error:
        _hang_up(client)
        said = " ".join(filter(None, [_said(error), bearer.reason if bearer else ""]))
        raise SignInRefused(_("The server refused the sign-in: %(said)s") % {"said": said}) from None
    except BaseException:
        _hang_up(client)
        raise
    return client


def _mechanisms(client: IMAPClient) -> list[str]:
    names = (name.decode("ascii", "replace").upper() for name in client.capabilities())
    return [name.removeprefix("AUTH=") for name in names if name.startswith("AUTH=")]


def _named(client: IMAPClient, folder: str) -> str:
    """`a/b` as this server writes it: some have a dot between the parts of a folder's name."""
    if "/" not in folder:
        return folder
    sign = next((sign for _flags, sign, _name in client.list_folders("", "")), b"/")
    return folder.replace("/", sign.decode() if sign else "/")


class ImapBox:
    """A folder on an IMAP server (RFC 9051), found again by UIDs."""

    def __init__(self, account: Account, folder: str, *, readonly: bool = False) -> None:
        self.host, self.folder = account.host, folder
        with _in_words(account.host):
            self.client = _sign_in(account)
            try:
                status = self.client.select_folder(_named(self.client, folder), readonly=readonly)
            except imaplib.IMAP4.error as error:
                text = _("The folder “%(folder)s” cannot be opened: %(reason)s")
                self.close()
                raise BoxError(text % {"folder": folder, "reason": _said(error)}) from None
        self.uidvalidity = int(status.get(b"UIDVALIDITY", 1))
        self.exists = int(status.get(b"EXISTS", 0))
        self.next_uid = int(status.get(b"UIDNEXT", 0))
        self.pushes = self.client.has_capability("IDLE")

    @classmethod
    def look(cls, account: Account, folder: str) -> Look:
        box = cls(account, folder, readonly=True)
        try:
            with _in_words(account.host):
                folders = tuple(str(name) for _flags, _sign, name in box.client.list_folders())
            return Look(box.exists, folders, box.pushes)
        finally:
            box.close()

    #: UIDs of this folder rise: the highest tells enough
    there: list[str] = []

    @property
    def highest(self) -> int:
        return max(self.next_uid - 1, 0)

    def new(self, *, after: int, since: date | None, known: set[str]) -> Iterator[list[Listed]]:
        criteria: list[object] = ["UID", f"{after + 1}:*"]
        if since:
            criteria += ["SINCE", since]
        with _in_words(self.host):
            # `n:*` always answers with the last mail, however low its UID is
            found = sorted(uid for uid in self.client.search(criteria) if uid > after)
        uids = [uid for uid in found if str(uid) not in known]
        for start in range(0, len(uids), AT_ONCE):
            portion = uids[start : start + AT_ONCE]
            with _in_words(self.host):
                sizes = self.client.fetch(portion, ["RFC822.SIZE"])
            yield [Listed(str(uid), int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))) for uid in portion]

    def raw(self, uid: str) -> bytes | None:
        return self._fetch(uid, "BODY.PEEK[]", b"BODY[]")

    def head(self, uid: str) -> bytes | None:
        return self._fetch(uid, "BODY.PEEK[HEADER]", b"BODY[HEADER]")

    def _fetch(self, uid: str, what: str, key: bytes) -> bytes | None:
        with _in_words(self.host):
            try:
                answer = self.client.fetch([int(uid)], [what])
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise MailUnreadable(_said(error)) from None
        content = answer.get(int(uid), {}).get(key)
        return bytes(content) if content is not None else None

    def settle(self, uids: list[str], *, after: str, moved_to: str) -> None:
        numbers = [int(uid) for uid in uids]
        with _in_words(self.host):
            if after == "seen":
                self.client.add_flags(numbers, [b"\\Seen"], silent=True)
            elif after == "move":
                self._move(numbers, moved_to)
            elif after == "delete":
                self._delete(numbers)

    def _move(self, numbers: list[int], target: str) -> None:
        target = _named(self.client, target)
        if not self.client.folder_exists(target):
            self.client.create_folder(target)
        self.client.add_flags(numbers, [b"\\Seen"], silent=True)
        if self.client.has_capability("MOVE"):
            self.client.move(numbers, target)
            return
        self.client.copy(numbers, target)
        self._delete(numbers)

    def _delete(self, numbers: list[int]) -> None:
        """Only these: a plain EXPUNGE would take what others have marked as well."""
        self.client.delete_messages(numbers, silent=True)
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge(numbers)

    def wait(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        """By IDLE (RFC 2177), where the server has it."""
        if not self.pushes:
            return False
        end = time.monotonic() + seconds
        with _in_words(self.host):
            self.client.idle()
            while not stopped() and (left := end - time.monotonic()) > 0:
                if self.client.idle_check(timeout=min(left, GLANCE)):
                    break
            self.client.idle_done()
        return True

    def close(self) -> None:
        _hang_up(self.client)


def _hang_up(client: IMAPClient) -> None:
    with contextlib.suppress(OSError, imaplib.IMAP4.error, EOFError):
        client.logout()
    with contextlib.suppress(OSError, imaplib.IMAP4.error, AttributeError):
        client.shutdown()


class SentBox:
    """The folder for sent mails: `folder`, or the one that the server marks as such (RFC 6154), or “Sent”."""

    def __init__(self, account: Account, folder: str = "") -> None:
        self.host = account.host
        with _in_words(account.host):
            self.client = _sign_in(account)
            try:
                self.folder = self._found(folder)
                self.client.select_folder(self.folder, readonly=True)
            except BaseException:
                self.close()
                raise

    def _found(self, folder: str) -> str:
        if not folder:
            marked = (str(name) for flags, _sign, name in self.client.list_folders() if b"\\Sent" in flags)
            if found := next(marked, ""):
                return found
        name = _named(self.client, folder or "Sent")
        if not self.client.folder_exists(name):
            self.client.create_folder(name)
            self.client.subscribe_folder(name)
        return name

    def put(self, message_id: str, content: bytes) -> None:
        """Append a mail that was read, unless one with its Message-ID lies there. Raises BoxError."""
        with _in_words(self.host):
            self.client.noop()  # what came in since the folder was opened is found as well
            if not self.client.search(["HEADER", "Message-ID", message_id]):
                self.client.append(self.folder, content, flags=[b"\\Seen"])

    def close(self) -> None:
        _hang_up(self.client)


class Pop3Box:
    """A mailbox on a POP3 server (RFC 1939). Its list of unique ids is the only memory there is."""

    uidvalidity = 0
    highest = 0
    pushes = False

    def __init__(self, account: Account) -> None:
        self.host = account.host
        with _in_words(account.host):
            self.client = self._sign_in(account)
            self.sizes = dict(self._pairs(self.client.list()[1]))
            ids = self._pairs(self.client.uidl()[1], whole=True)
        self.numbers = {str(uid): number for number, uid in ids}
        self.there = list(self.numbers)

    @staticmethod
    def _sign_in(account: Account) -> poplib.POP3:
        context = trusted("pop3")
        client: poplib.POP3
        if account.security == "tls":
            client = poplib.POP3_SSL(account.host, account.port, timeout=PATIENCE, context=context)
        else:
            client = poplib.POP3(account.host, account.port, timeout=PATIENCE)
        if account.security == "starttls":
            client.stls(context)
        try:
            client.user(account.username)
            client.pass_(account.password)
        except poplib.error_proto as error:
            raise SignInRefused(
                _("The server refused the sign-in: %(said)s") % {"said": _said(error)}
            ) from None
        return client

    @staticmethod
    def _pairs(lines: list[bytes], *, whole: bool = False) -> Iterator[tuple[int, object]]:
        for line in lines:
            number, _space, value = line.partition(b" ")
            yield int(number), value.decode("ascii", "replace") if whole else int(value)

    def new(self, *, after: int, since: date | None, known: set[str]) -> Iterator[list[Listed]]:
        """`after` and `since` mean nothing to POP3: all that is not known is new."""
        listed = [
            Listed(uid, cast(int, self.sizes.get(number, 0)))
            for uid, number in sorted(self.numbers.items(), key=lambda pair: pair[1])
            if uid not in known
        ]
        for start in range(0, len(listed), AT_ONCE):
            yield listed[start : start + AT_ONCE]

    def raw(self, uid: str) -> bytes | None:
        return self._fetch(uid, lambda number: self.client.retr(number)[1])

    def head(self, uid: str) -> bytes | None:
        return self._fetch(uid, lambda number: self.client.top(number, 0)[1])

    def _fetch(self, uid: str, ask: object) -> bytes | None:
        if uid not in self.numbers:
            return None
        with _in_words(self.host):
            try:
                lines = ask(self.numbers[uid])  # type: ignore[operator]
            except poplib.error_proto as error:
                raise MailUnreadable(_said(error)) from None
        return b"\r\n".join(lines) + b"\r\n"

    def settle(self, uids: list[str], *, after: str, moved_to: str) -> None:
        """Deleting is carried out by the server when we hang up."""
        if after != "delete":
            return
        with _in_words(self.host):
            for uid in uids:
                if uid in self.numbers:
                    self.client.dele(self.numbers[uid])

    def wait(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        return False

    def close(self) -> None:
        with contextlib.suppress(OSError, poplib.error_proto, EOFError):
            self.client.quit()
