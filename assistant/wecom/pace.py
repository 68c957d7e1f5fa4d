"""How fast we may call each API of WeCom: counted in memory, one process its share, and closed where WeCom said "too many"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from assistant.base.errors import Transient
from assistant.channels.windows import Meter, Window

PER_API = (Window(10_000, 60), Window(150_000, 3600, 60))
"""Per corp and API. A row in the database for each would be written ten thousand times a minute, so every process counts its own share."""

BY_ITS_OWN = frozenset({"kf/sync_msg"})
"""Refused without the token of a callback, taken with it: "too many" says nothing about the next call."""


class Pace:
    """``processes``: how many processes share the limits of this corp."""

    def __init__(self, processes: int = 1, windows: Sequence[Window] = PER_API) -> None:
        self._windows = tuple(replace(window, most=max(1, window.most // processes)) for window in windows)
        self._meters: dict[str, Meter] = {}

    def take(self, path: str, now: datetime) -> None:
        """Counts one call; raises Transient where it must wait, and nothing was counted."""
        meter = self._meters.setdefault(path, Meter())
        until = meter.fits_at(self._windows, now, 1)
        if until != now:
            raise Transient("企业微信的调用次数已到上限，请稍后再试。", retry_at=until, code="wecom_rate", path=path, ours=True)
        meter.add(self._windows, now, 1, now)

    def refused(self, path: str, now: datetime, *, read: bool) -> datetime | None:
        """WeCom answered 45009: no call of this API until then. Reads come by themselves, so they only ever wait the minute."""
        if path in BY_ITS_OWN:
            return None
        meter = self._meters.setdefault(path, Meter())
        meter.close(now, strikes=1 if read else 4)
        return meter.closed_until
