"""Access tokens in the database: sealed with the secret they came for, so that processes share them and nobody else can read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import sqlalchemy as sa

from assistant.base.principal import system
from assistant.store import Instant, Store, Work, id_column, metadata, upsert
from assistant.wecom.tokens import Shelved, asked, told

ME = system("tokens")

token = sa.Table(
    "wecom_token",
    metadata,
    id_column(),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("until", Instant),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("held_until", Instant),
    sa.Column("banned_until", Instant),
    sa.Column("errcode", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
)


class TokenShelf:
    """The shelf of all processes on one database; each step locks the row of one token for a moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(self, name: str, holder: str, spoiled: int) -> Shelved:
        return await self._step(name, lambda work, state: asked(state, holder, spoiled, work.now))

    async def tell(self, name: str, holder: str, result: Shelved) -> Shelved:
        return await self._step(name, lambda _work, state: told(state, holder, result))

    async def _step(self, name: str, change: Callable[[Work, Shelved], Shelved]) -> Shelved:
        def step(work: Work, _request: None) -> Shelved:
            work.insert_missing(token, [_row(work, name, Shelved())])
            row = work.one(work.locked(sa.select(token).where(token.c.id == name)))
            if row is None:
                return Shelved()
            state = Shelved(row.sealed, row.until, row.number, row.holder, row.held_until, row.banned_until, row.errcode)
            after = change(work, state)
            if after != state:
                upsert(work, token, [_row(work, name, after)], ["id"], [*Shelved.__slots__, "at"])
            return after

        found: Shelved = await self._store.write(step, None, ME)
        return found


def _row(work: Work, name: str, state: Shelved) -> dict[str, object]:
    return {"id": name, **asdict(state), "at": work.now}
