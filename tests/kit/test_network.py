"""Whom the desk trusts: read once in a while, and apart for each protocol."""

from __future__ import annotations

import time
from pathlib import Path

from deskbell.kit.network import KEPT, trusted
from tests.support.certificate import self_signed


def test_authorities_are_read_once_an_hour_for_each_protocol(monkeypatch):
    now = time.monotonic() // KEPT * KEPT
    monkeypatch.setattr(time, "monotonic", lambda: now)
    first = trusted("http")
    assert trusted("http") is first
    # httpcore writes into its own that HTTP is spoken, which no mail server may be offered
    assert len({id(trusted(each)) for each in ("http", "imap", "pop3", "smtp", "ldap")}) == 5
    assert trusted("http") is first
    monkeypatch.setattr(time, "monotonic", lambda: now + KEPT)
    assert trusted("http") is not first


def test_another_file_of_authorities_counts_at_once(monkeypatch, tmp_path: Path):
    before = trusted("imap")
    monkeypatch.setenv("SSL_CERT_FILE", str(self_signed(tmp_path)))
    assert trusted("imap") is not before
