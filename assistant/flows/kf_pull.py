"""Pulling what customers wrote: behind a wake-up, and now and then without one since wake-ups get lost. Page and cursor are one commit."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import accounts, inbox
from assistant.channels.message import InboundMessage
from assistant.flows.receive import Arrival, arrive
from assistant.jobs import Job
from assistant.store import Due, Store, View, Work, cursor
from assistant.wecom import WeComClient, from_kf, pull_kf

RECEIVER = system("receiver")
OLDEST = timedelta(days=1)
"""On the first pull of an account WeCom hands out three days; what is older than this was answered by people."""

SILENT = timedelta(minutes=5)
"""An account that was not read for so long is read without a wake-up."""

LOST = accounts.LOST + "失效（可能属于另一个客服账号），已从三天前重新读取：读过的不会重复处理，漏下的已补上"


class KfPull:
    """The job behind a wake-up: pages into the inbox, each page and its cursor one commit."""

    def __init__(self, store: Store, client: WeComClient, debounce: inbox.Debounce) -> None:
        self._store = store
        self._client = client
        self._debounce = debounce

    async def __call__(self, job: Job) -> None:
        """What WeCom refuses becomes the account's trouble, which a person sees; the next wake-up or sweep tries again."""
        account = job.key
        at, noted = await self._store.read(_place, account)
        try:
            async for page in pull_kf(self._client, account, str(job.payload.get("token", "")), at):
                arrival = Arrival(self._fresh(page.messages, at), self._debounce, (f"kf:{account}", page.next_cursor))
                if page.restarted:
                    await self._store.write(_trouble, (account, LOST), RECEIVER)
                await self._store.write(arrive, arrival, RECEIVER)
        except Transient:
            raise
        except LaoyouError as error:
            await self._store.write(_trouble, (account, error.say), RECEIVER)
            return
        if not noted:
            await self._store.write(_pulled, account, RECEIVER)

    def _fresh(self, items: list[dict[str, Any]], at: str) -> list[InboundMessage]:
        now = self._store.clock.now()
        messages = from_kf(items, now)
        return messages if at else [message for message in messages if now - message.sent_at <= OLDEST]


def sweep(work: Work) -> int:
    """Makes a pull due for each account of ours that has been silent; returns how many."""
    silent = [one.id for one in accounts.every(work) if one.managed and (one.pulled_at is None or one.pulled_at < work.now - SILENT)]
    for account in silent:
        work.due(Due("kf.pull", account, work.now, {"token": ""}, order_key=f"kf.pull:{account}", keep=True))
    return len(silent)


def _place(view: View, account: str) -> tuple[str, bool]:
    """How far the account was read, and whether it was noted of late that it could be, with no trouble since."""
    fresh = accounts.read_since(view, account, view.now - SILENT / 5)
    return view.scalar(_cursor(), {"mine": f"kf:{account}"}) or "", fresh


@cache
def _cursor() -> sa.Select[Any]:
    return sa.select(cursor.c.value).where(cursor.c.name == sa.bindparam("mine"))


def _trouble(work: Work, told: tuple[str, str]) -> None:
    accounts.note_trouble(work, *told)


def _pulled(work: Work, account: str) -> None:
    accounts.note_pulled(work, account)
