"""A name server of a few records, by UDP on the loopback address."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer:
    port: int
    #: (name, type) → records as zone files have them
    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    #: names at which the server fails, and such at which it says nothing at all
    broken: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str, *texts: str) -> None:
        """TXT records; a long one goes in pieces of 255 signs, as in real life."""
        pieces = [[text[at : at + 255] for at in range(0, len(text), 255)] for text in texts]
        self.zone[name, "TXT"] = [" ".join(f'"{piece}"' for piece in each) for each in pieces]

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.silent:
            return None
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.zone.get((name, kind)):
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, records))
        elif not any(known == name for known, _kind in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire(max_size=65535)


@contextlib.contextmanager
def name_server() -> Iterator[NameServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        wire.settimeout(0.1)
        server, over = NameServer(wire.getsockname()[1]), threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    query, asker = wire.recvfrom(65535)
                except TimeoutError:
                    continue
                if (answer := server.answer(query)) is not None:
                    wire.sendto(answer, asker)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            thread.join()
