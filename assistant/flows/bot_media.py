"""What people send to the bot beside words is fetched beside the turn, within its five minutes, and its outcome written down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from assistant.base.errors import Transient
from assistant.base.principal import system
from assistant.channels import inbox, received
from assistant.channels.media import Folder
from assistant.channels.message import InboundMessage
from assistant.channels.received import Expected, Outcome, Received
from assistant.jobs import Handler, Job
from assistant.store import Store, View, Work
from assistant.store import inbox as inbox_rows
from assistant.wecom.bot_media import MediaFetcher, Unfetched, offered

ME = system("media")
FETCH, CLEAN = "bot.media", "received.clean"
VALID = timedelta(minutes=5)
"""So long after the message WeCom hands its media out."""


def expect(work: Work, messages: Sequence[InboundMessage], rows: Sequence[str]) -> None:
    """Makes the fetching of whatever came with these messages due; ``rows`` are theirs in the inbox."""
    things = [
        Expected(row_id, number, message.address.conversation, one.kind)
        for message, row_id in zip(messages, rows, strict=True)
        if message.address.channel == "bot" and message.kind != "event"
        for number, one in enumerate(offered(message.raw))
    ]
    if things:
        received.expect(work, FETCH, things)


def fetching(store: Store, fetcher: MediaFetcher, folder: Folder) -> Handler:
    """The handler of ``bot.media`` jobs. What is away is tried again until its five minutes are over."""

    async def handle(job: Job) -> None:
        row, message = await store.read(_asked, job.key)
        if row is None or message is None or row.state != "waiting":
            return
        await store.write(received.settle, await _fetch(store, fetcher, folder, row, message), ME)

    return handle


async def _fetch(store: Store, fetcher: MediaFetcher, folder: Folder, row: Received, message: InboundMessage) -> Outcome:
    if store.clock.now() - row.at > VALID:
        return Outcome(row.id, "expired")
    found = offered(message.raw)
    if row.number >= len(found):
        return Outcome(row.id, "unreadable")
    try:
        data = await fetcher.fetch(found[row.number])
    except Unfetched as unfetched:
        return Outcome(row.id, unfetched.state)
    except Transient as away:
        away.retry_at = store.clock.now() + timedelta(seconds=5)
        raise
    return Outcome(row.id, "kept", await asyncio.to_thread(folder.put_any, data), len(data))


def cleaning(store: Store, folder: Folder) -> Handler:
    """The handler of ``received.clean`` jobs: rows of thirty days ago, and files that no row names (any more)."""

    async def handle(_job: Job) -> None:
        files = await asyncio.to_thread(folder.names)
        unneeded: list[str] = await store.write(received.forget, files, ME)
        await asyncio.to_thread(folder.drop, unneeded)

    return handle


def _asked(view: View, row_id: str) -> tuple[Received | None, InboundMessage | None]:
    row = received.get(view, row_id)
    told = view.scalar(sa.select(inbox_rows.c.message).where(inbox_rows.c.id == row.message)) if row is not None else None
    return row, inbox.from_json(told) if told is not None else None
