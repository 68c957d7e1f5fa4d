"""sync_msg: wake-up tokens of ten minutes, cursors of one account, pages of any size, and messages that come twice."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.kfaccount import Account
from assistant.wecom.simulator.world import ApiError, World

RETENTION = timedelta(days=3)
TOKEN_VALID = timedelta(minutes=10)
CURSOR_BYTES = 64


class Pulling:
    """``token`` makes one for a callback; ``sync`` is the API verb."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[str, datetime] = {}
        self._tokenless: list[datetime] = []

    def token(self) -> str:
        token, now = self._world.new_id("ENC"), self._world.now()
        self._tokens = {old: until for old, until in self._tokens.items() if until >= now}
        self._tokens[token] = now + TOKEN_VALID
        return token

    def sync(self, account: Account, body: dict[str, Any]) -> dict[str, Any]:
        self._check_token(str(body.get("token") or ""))
        start, limit = self._position(account, str(body.get("cursor") or "")), body.get("limit") or 1000
        if not isinstance(limit, int) or not 1 <= limit <= 1000:
            raise ApiError(40058, "invalid limit")
        oldest, knobs = self._world.now() - RETENTION, self._world.knobs
        first = next((place for place, (at, _) in enumerate(account.log) if at >= oldest), len(account.log))
        start = max(start, first)
        if knobs.kf_empty_pages > 0:
            knobs.kf_empty_pages -= 1
            return {"next_cursor": self._cursor(account, start), "has_more": 1, "msg_list": []}
        if knobs.kf_short_pages and limit > 1:
            limit = self._world.chance.randrange(1, limit)
        end = min(len(account.log), start + limit)
        again = max(first, start - knobs.kf_overlap)
        page = [item for _, item in account.log[again:end]]
        return {"next_cursor": self._cursor(account, end), "has_more": int(end < len(account.log)), "msg_list": page}

    def _check_token(self, token: str) -> None:
        now = self._world.now()
        if token:
            if now > self._tokens.get(token, now - timedelta(seconds=1)):
                raise ApiError(95007, "invalid msg token")
            return
        self._tokenless = [at for at in self._tokenless if now - at < timedelta(minutes=1)]
        if len(self._tokenless) >= self._world.knobs.kf_tokenless_per_minute:
            raise ApiError(45009, "api freq out of limit without token")
        self._tokenless.append(now)

    def _log_name(self, account: Account) -> str:
        """Of this account and this run: a cursor of an earlier run points into a log that is gone."""
        return f"{self._world.born:x}{account.open_kfid[-12:]}"

    def _cursor(self, account: Account, position: int) -> str:
        return base64.urlsafe_b64encode(f"{self._log_name(account)}:{position}".encode()).decode()

    def _position(self, account: Account, cursor: str) -> int:
        if not cursor:
            return 0
        if len(cursor.encode()) > CURSOR_BYTES:
            raise ApiError(40058, "cursor is longer than 64 bytes")
        try:
            name, _, position = base64.urlsafe_b64decode(cursor).decode().rpartition(":")
            if name == self._log_name(account) and 0 <= int(position) <= len(account.log):
                return int(position)
        except ValueError:
            pass
        raise ApiError(60268, "invalid cursor")
