"""How long webhooks wait for an answer while many come at once, against a bare view that is asked alone."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.machine import Machine
from bench.pages import Browser, post_bare, post_webhook
from bench.prepare import Given

CLIENTS, POSTED, ALONE = 8, 2000, 300
#: how many times the bare view's median the slowest hundredth may take
BOUND = 20


@dataclass(frozen=True)
class Load:
    """Seconds."""

    bare: float
    middle: float
    slowest_hundredth: float
    rate: float


def under_load(machine: Machine, given: Given) -> Load:
    """Of a machine that runs."""
    alone = Browser(machine.port, given)
    bare = statistics.median(_timed(post_bare, alone, turn) for turn in range(ALONE))
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        each = pool.map(lambda _client: _client_s(machine, given), range(CLIENTS))
        took = [seconds for one in each for seconds in one]
    whole = time.monotonic() - began
    return Load(bare, statistics.median(took), statistics.quantiles(took, n=100)[98], len(took) / whole)


def _client_s(machine: Machine, given: Given) -> list[float]:
    browser = Browser(machine.port, given)
    return [_timed(post_webhook, browser, turn) for turn in range(POSTED // CLIENTS)]


def _timed(post, browser: Browser, turn: int) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    post(browser, turn)
    return time.perf_counter() - began
