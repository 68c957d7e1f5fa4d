"""The 客服 accounts that customers write to: which we may manage, who receives there, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.store import Fact, Instant, View, Work, metadata, upsert

ANYBODY = "department:"
"""Beginning of the name of a whole department: there are people, but nobody in particular."""

kf_account = sa.Table(
    "kf_account",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("managed", sa.Boolean, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("pulled_at", Instant),
    sa.Column("trouble", sa.String(300), nullable=False),
    sa.Column("trouble_at", Instant),
)

kf_servicer = sa.Table(
    "kf_servicer",
    metadata,
    sa.Column("account", sa.String(64), primary_key=True),
    sa.Column("userid", sa.String(120), primary_key=True),
    sa.Column("receiving", sa.Boolean, nullable=False),
    sa.Column("at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Account:
    """``managed``: we may speak there. ``trouble`` is what a person should look at, empty where all is well."""

    id: str
    name: str
    managed: bool
    pulled_at: datetime | None
    trouble: str
    trouble_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as the platform lists it."""

    id: str
    name: str
    managed: bool


@dataclass(frozen=True, slots=True)
class Receives:
    """Whether somebody receives customers at an account."""

    account: str
    userid: str
    receiving: bool


def keep(work: Work, listed: Sequence[Listed], *, whole: bool) -> None:
    """Writes what is known of accounts; ``whole``: what is not listed is not ours any more. Each change of rights is a fact."""
    before = {row.id: row.managed for row in work.all(sa.select(kf_account))}
    rows = [
        {
            "id": one.id,
            "name": one.name[:100],
            "managed": one.managed,
            "seen_at": work.now,
            "pulled_at": None,
            "trouble": "",
            "trouble_at": None,
        }
        for one in listed
    ]
    upsert(work, kf_account, rows, ["id"], ["managed", "seen_at", *(["name"] if whole else [])])
    now = {one.id: one.managed for one in listed}
    if whole:
        now |= {known: False for known in before if known not in now}
        gone = kf_account.update().where(kf_account.c.id.not_in([one.id for one in listed]))
        work.execute(gone.values(managed=False))
    for account, managed in now.items():
        if before.get(account) is not managed:
            work.record(Fact("kf.account_ours" if managed else "kf.account_lost", f"kf:{account}", {"account": account}))


def note_receiving(work: Work, found: Sequence[Receives]) -> None:
    """Who has begun or stopped to receive."""
    rows = [{"account": one.account, "userid": one.userid, "receiving": one.receiving, "at": work.now} for one in found]
    upsert(work, kf_servicer, rows, ["account", "userid"], ["receiving", "at"])


def set_receiving(work: Work, account: str, found: Sequence[Receives]) -> None:
    """These and nobody else are servicers of the account."""
    work.execute(kf_servicer.delete().where(kf_servicer.c.account == account))
    note_receiving(work, found)


def note_pulled(work: Work, account: str) -> None:
    """The account could be read; trouble of reading it is over, a notice about a lost place stays for a person to see."""
    values = {"id": account, "name": "", "managed": True, "seen_at": work.now, "pulled_at": work.now, "trouble": "", "trouble_at": None}
    upsert(work, kf_account, [values], ["id"], ["pulled_at"])
    healed = sa.and_(kf_account.c.id == account, kf_account.c.trouble.not_like(f"{LOST}%"))
    work.execute(kf_account.update().where(healed).values(trouble="", trouble_at=None))


def read_since(view: View, account: str, since: datetime) -> bool:
    """Whether it was noted after ``since`` that the account could be read, and no trouble has been noted."""
    row = view.one(_account(), {"mine": account})
    return row is not None and not row.trouble and row.pulled_at is not None and row.pulled_at > since


@cache
def _account() -> sa.Select[Any]:
    return sa.select(kf_account).where(kf_account.c.id == sa.bindparam("mine"))


LOST = "翻页位置"
"""Beginning of the notice that our place in the messages of an account was lost."""


def note_trouble(work: Work, account: str, trouble: str) -> None:
    """What a person should look at; told again it keeps its first instant."""
    trouble = trouble[:300]
    known = work.scalar(sa.select(kf_account.c.trouble).where(kf_account.c.id == account))
    if known == trouble:
        return
    row = {
        "id": account,
        "name": "",
        "managed": True,
        "seen_at": work.now,
        "pulled_at": None,
        "trouble": trouble,
        "trouble_at": work.now,
    }
    upsert(work, kf_account, [row], ["id"], ["trouble", "trouble_at"])
    work.record(Fact("kf.trouble", f"kf:{account}", {"account": account, "say": trouble}))


def seen(work: Work, account: str) -> None:
    """A person has read the notice."""
    work.execute(kf_account.update().where(kf_account.c.id == account).values(trouble="", trouble_at=None))


def every(view: View) -> list[Account]:
    """All accounts we have heard of, by id."""
    rows = view.all(sa.select(kf_account).order_by(kf_account.c.id))
    return [Account(row.id, row.name, row.managed, row.pulled_at, row.trouble, row.trouble_at) for row in rows]


def names(view: View) -> dict[str, str]:
    return {one.id: one.name for one in every(view)}


def troubled(view: View) -> list[Account]:
    """Those a person should look at."""
    return [one for one in every(view) if one.trouble]


def receiver(view: View, account: str, wanted: Iterable[str]) -> str | None:
    """Who takes over at an account: the first of ``wanted`` who receives, else empty for whoever is free; None where nobody works."""
    rows = view.all(sa.select(kf_servicer).where(kf_servicer.c.account == account))
    free = {row.userid for row in rows if row.receiving}
    named = next((userid for userid in wanted if userid in free), "")
    return named or ("" if rows else None)
