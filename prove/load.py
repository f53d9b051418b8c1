"""Writers that open tickets and reply through the API, and remember what was acknowledged."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter

from prove import Failed, require
from prove.desk import Api, say

PAUSE = 0.05


class Writers:
    """`count` threads; each write has a key of its own and is sent until it is acknowledged."""

    def __init__(self, api: Api, count: int = 4) -> None:
        self.api = api
        self.stopped = threading.Event()
        #: subject → number, of tickets acknowledged; body → number, of messages acknowledged
        self.tickets: dict[str, int] = {}
        self.messages: dict[str, int] = {}
        self.sent: set[str] = set()
        self.refused: list[str] = []
        self.repeated = 0
        self.threads = [threading.Thread(target=self._write, args=(number,)) for number in range(count)]

    def __enter__(self) -> Writers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The writes under way are still brought to an end: without that none is known to be lost."""
        self.stopped.set()
        for thread in self.threads:
            thread.join(180)

    @property
    def acknowledged(self) -> int:
        return len(self.tickets) + len(self.messages)

    def _write(self, writer: int) -> None:
        turn = 0
        while not self.stopped.is_set():
            turn += 1
            name = f"proof {writer}-{turn}"
            number = self._until_acknowledged(
                "/tickets", {"subject": name, "body": f"Body of {name}"}, name, self.tickets
            )
            if number and turn % 2:
                words = f"answer {writer}-{turn}"
                body = {"body": words, "visibility": "internal"}
                self._until_acknowledged(f"/tickets/{number}/messages", body, words, self.messages)
            time.sleep(PAUSE)

    def _until_acknowledged(
        self, path: str, body: dict[str, str], name: str, kept: dict[str, int]
    ) -> int | None:
        self.sent.add(name)
        end = time.monotonic() + 150
        while time.monotonic() < end:
            try:
                status, answer = self.api.call("POST", path, body, key=name, seconds=20)
            except (OSError, http.client.HTTPException, ValueError):
                self.repeated += 1
                time.sleep(0.2)
                continue
            if status == 201:
                kept[name] = int(answer.get("number") or answer["ticket"])
                return kept[name]
            if status < 500:
                self.refused.append(f"POST {path}: {status} {answer}")
                return None
            self.repeated += 1
            time.sleep(0.2)
        self.refused.append(f"POST {path}: never acknowledged")
        return None


def check(api: Api, writers: Writers) -> None:
    """Every acknowledged write is there, once; nothing is there twice; nothing that was not sent."""
    if writers.refused:
        raise Failed(f"{len(writers.refused)} writes were refused, the first: {writers.refused[0]}")
    tickets = [(each["subject"], each["number"]) for each in api.every("/tickets", sort="created")]
    ours = [(subject, number) for subject, number in tickets if subject.startswith("proof ")]
    _once("tickets", [subject for subject, _ in ours], writers.tickets, writers.sent)
    wrong = [subject for subject, number in ours if writers.tickets.get(subject, number) != number]
    require(not wrong, f"{len(wrong)} tickets have another number than was acknowledged: {wrong[:3]}")
    texts = [each["text"] for each in api.every("/messages")]
    _once("messages", [text for text in texts if text.startswith("answer ")], writers.messages, writers.sent)
    bodies = Counter(text for text in texts if text.startswith("Body of proof "))
    require(
        bodies == Counter(f"Body of {subject}" for subject, _ in ours),
        "tickets and their first messages do not match",
    )
    say(
        f"{len(writers.tickets)} tickets and {len(writers.messages)} notes acknowledged, "
        f"all there, none twice; {writers.repeated} requests had to be sent again"
    )


def _once(what: str, found: list[str], acknowledged: dict[str, int], sent: set[str]) -> None:
    counted = Counter(found)
    twice = [name for name, times in counted.items() if times > 1]
    require(not twice, f"{len(twice)} {what} are there twice: {twice[:3]}")
    lost = acknowledged.keys() - counted.keys()
    require(not lost, f"{len(lost)} acknowledged {what} are lost: {sorted(lost)[:3]}")
    strange = counted.keys() - sent
    require(not strange, f"{len(strange)} {what} were never sent: {sorted(strange)[:3]}")
