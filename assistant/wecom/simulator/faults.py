"""Trouble on order: what the next calls of an API path will suffer."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["errcode", "lost_before", "lost_after", "latency", "bad_gateway", "truncated"]
MODES: tuple[str, ...] = get_args(Mode)


@dataclass
class Fault:
    """``times`` calls left (None: for ever); ``rate`` is the share of calls it strikes; ``seconds`` are real seconds of latency."""

    path: str
    mode: Mode
    errcode: int = -1
    times: int | None = 1
    seconds: float = 0.0
    rate: float = 1.0


class Faults:
    """Faults wait in the order they were injected; one call suffers at most one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.waiting: list[Fault] = []

    def inject(
        self, path: str, mode: Mode = "errcode", *, errcode: int = -1, times: int | None = 1, seconds: float = 0.0, rate: float = 1.0
    ) -> Fault:
        """``path`` as in ``kf/send_msg``, or ``*`` for every path.

        ``lost_before``/``lost_after`` reset the connection before or after the effect; ``errcode``, ``bad_gateway`` have no effect;
        ``truncated`` has the effect and answers half of its JSON; ``latency`` only delays.
        """
        fault = Fault(path, mode, errcode, times, seconds, rate)
        self.waiting.append(fault)
        return fault

    def take(self, path: str) -> Fault | None:
        """The fault this call suffers, counted down."""
        for fault in self.waiting:
            if fault.path not in (path, "*") or (fault.rate < 1 and self._chance.random() >= fault.rate):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()
