"""The few calls of the WhatsApp Cloud API that the desk makes (Graph API, developers.facebook.com)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

from deskbell.channels.whatsapp.account import Account
from deskbell.kit import http

#: bytes: the largest file WhatsApp carries
LARGEST = 100 * 1024 * 1024
#: bytes of one page of a list, and pages that are read of it
FOR_LISTS, PAGES = 4 * 1024 * 1024, 50
#: seconds for a file to come or go
FOR_FILES = 120


class GraphError(Exception):
    """The other side refused. `code` decides what it means; `text` is its own sentence, in English."""

    def __init__(self, code: int, text: str, *, subcode: int = 0, status: int = 0, wait: int = 0) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.subcode = subcode
        self.text = text
        self.status = status
        #: seconds it asks us to wait; 0 when it names none
        self.wait = wait


@dataclass(frozen=True)
class Media:
    """Where the bytes of a file lie for five minutes."""

    url: str
    mime_type: str
    #: of the content, in base64 or hexadecimal, as the other side wrote it
    sha256: str
    size: int


@dataclass(frozen=True)
class Graph:
    """Raises GraphError for a refusal, and as `kit.http.ask`."""

    account: Account

    def send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Hand a message over; the answer has `messages[0].id` and `contacts[0].wa_id`."""
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", **message}
        return self._call("POST", f"{self.account.number_id}/messages", json=body)

    def mark_read(self, message_id: str, *, typing: bool = False) -> None:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        self._call("POST", f"{self.account.number_id}/messages", json=body)

    def upload(self, content: BinaryIO, *, filename: str, mime_type: str) -> str:
        """Put a file there and get its id, good for thirty days."""
        answer = self._call(
            "POST",
            f"{self.account.number_id}/media",
            form={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": (filename, content, mime_type)},
            seconds=FOR_FILES,
        )
        return str(answer.get("id", ""))

    def media(self, media_id: str) -> Media:
        found = self._call("GET", media_id, query=f"phone_number_id={self.account.number_id}")
        size = str(found.get("file_size"))
        return Media(
            url=str(found.get("url", "")),
            mime_type=str(found.get("mime_type", "")),
            sha256=str(found.get("sha256", "")),
            size=int(size) if size.isdigit() else 0,
        )

    def download(self, url: str, into: BinaryIO, *, most: int = LARGEST) -> None:
        """The bytes behind `media().url`. The token goes only to hosts that the account names."""
        if not self.account.trusts(urlsplit(url).hostname or ""):
            raise GraphError(0, f"a file on an unknown host: {urlsplit(url).hostname}")
        answer = http.ask("GET", url, headers=self.account.headers, into=into, most=most, seconds=FOR_FILES)
        if not 200 <= answer.status < 300:
            raise GraphError(0, f"HTTP {answer.status}", status=answer.status)

    def number(self) -> dict[str, Any]:
        """What the other side knows of our number."""
        fields = (
            "verified_name,display_phone_number,quality_rating,throughput,status,name_status,platform_type"
        )
        return self._call("GET", self.account.number_id, query=f"fields={fields}")

    def subscribed_apps(self) -> list[dict[str, Any]]:
        """The apps that get the webhooks of our account; without ours nothing ever comes in."""
        data = self._call("GET", f"{self.account.waba_id}/subscribed_apps").get("data")
        return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []

    def templates(self) -> list[dict[str, Any]]:
        """Every template of the account, whatever its state."""
        fields = "name,language,status,category,rejected_reason,components"
        found: list[dict[str, Any]] = []
        after = ""
        for _page in range(PAGES):
            query = f"fields={fields}&limit=100" + (f"&after={quote(after)}" if after else "")
            answer = self._call(
                "GET", f"{self.account.waba_id}/message_templates", query=query, most=FOR_LISTS
            )
            data = answer.get("data")
            found += [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
            paging = answer.get("paging")
            paging = paging if isinstance(paging, dict) else {}
            cursors = paging.get("cursors")
            after = str(cursors.get("after", "")) if isinstance(cursors, dict) else ""
            if not (paging.get("next") and after):
                break
        return found

    def add_template(self, template: dict[str, Any]) -> dict[str, Any]:
        """Hand a template over for approval; the answer has its `id`, `status` and `category`."""
        return self._call("POST", f"{self.account.waba_id}/message_templates", json=template)

    def subscribe(self) -> None:
        self._call("POST", f"{self.account.waba_id}/subscribed_apps")

    def _call(self, method: str, path: str, *, query: str = "", **sent: Any) -> dict[str, Any]:
        url = f"{self.account.base_url}/{self.account.version}/{path}" + (f"?{query}" if query else "")
        answer = http.ask(method, url, headers=self.account.headers, **sent)
        body = answer.json()
        if 200 <= answer.status < 300 and "error" not in body:
            return body
        raise _error(answer, body)


def _error(answer: http.Answer, body: dict[str, Any]) -> GraphError:
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    text = str(details or error.get("error_user_msg") or error.get("message") or f"HTTP {answer.status}")
    wait = answer.headers.get("retry-after", "")
    return GraphError(
        _number(error.get("code")) if error else -1,
        text[:400],
        subcode=_number(error.get("error_subcode")),
        status=answer.status,
        wait=int(wait) if wait.isdigit() else 0,
    )


def _number(given: Any) -> int:
    return int(given) if isinstance(given, int) or str(given).isdigit() else 0
