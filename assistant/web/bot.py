"""What an AI bot's callback is answered with: the answer as far as it is there, and each time WeCom asks again, as far as it is then."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from assistant import telemetry
from assistant.base.clock import stopwatch
from assistant.base.errors import Invalid
from assistant.channels import media as kept
from assistant.channels import outbox, streams
from assistant.channels.bot_parts import carried
from assistant.channels.media import Folder
from assistant.channels.message import InboundMessage
from assistant.channels.waiting import ME, Waiters
from assistant.flows import bot_events
from assistant.flows.receive import RECEIVER, Intake
from assistant.store import Store
from assistant.wecom import cards, stream_body, with_options

FIRST_SECONDS = 3.0
"""WeCom cuts the line after 5 s. Until then the first reply waits for something to show."""

LOOK = 0.5
"""The answer may be thought in another process, which wakes nobody here: so often the first reply looks by itself."""

Body = dict[str, Any]


async def answer(
    store: Store, waiters: Waiters, intake: Intake, message: InboundMessage, patience: float = FIRST_SECONDS, media: Folder | None = None
) -> Body | None:
    """The passive reply to what a bot was told, None for an empty one. A message is on disk before it is answered.

    ``media``: where the pictures lie that an answer may end with.
    """
    if message.event == "stream_refresh":
        return await _refreshed(store, message.reply_to["stream_id"], media)
    if message.kind == "event":
        told: Body | None = await store.write(bot_events.hear, message, RECEIVER)
        return told
    await intake.accept([message])
    return await _first(store, waiters, message.reply_to["stream_id"], patience, media)


async def _refreshed(store: Store, number: str, media: Folder | None) -> Body:
    """One read, and one write in the life of an answer: when its end is handed out."""
    return await _body(number, await _ended(store, await store.read(streams.get, number)), store, media)


async def _first(store: Store, waiters: Waiters, number: str, patience: float, media: Folder | None) -> Body | None:
    """The whole answer if it comes soon, else its beginning or a word that it is coming. A callback told again gets the same."""
    until = stopwatch() + patience
    found = await store.read(streams.get, number)
    while found is not None and found.state == "open" and not found.text and (left := until - stopwatch()) > 0:
        await waiters.wait(number, min(left, LOOK))
        found = await store.read(streams.get, number)
    if found is not None and found.state == "final" and not found.outbox:
        # Nothing has been shown yet, so there is nothing to point away from.
        await store.write(streams.shown, number, ME)
        return None
    return await _body(number, await _ended(store, found), store, media, feedback_id=number)


async def _ended(store: Store, found: streams.Stream | None) -> streams.Stream | None:
    """The answer as it stands after its end, if that is what it is at, has been put down as handed out."""
    if found is None or found.state != "final":
        return found
    ended: streams.Stream | None = await store.write(streams.shown, found.id, ME)
    if found.outbox:
        telemetry.delivered("bot", "sent")
    return ended


async def _body(number: str, found: streams.Stream | None, store: Store, media: Folder | None, feedback_id: str = "") -> Body:
    frame = streams.frame(found, store.clock.now())
    text, pictures = frame.text, list[bytes]()
    if frame.finish and found is not None and found.outbox and media is not None:
        pictures, missing = await _pictures(store, media, found.outbox)
        text = f"{text}\n（有 {missing} 张图片没能附上。）" if missing else text
    if not cards.fits(frame.options):
        text = with_options(text, frame.options)
        return stream_body(number, text, finish=frame.finish, feedback_id=feedback_id, pictures=pictures)
    card = cards.choices(number, frame.options)
    return stream_body(number, text, finish=frame.finish, feedback_id=feedback_id, card=card, pictures=pictures)


async def _pictures(store: Store, folder: Folder, row_id: str) -> tuple[list[bytes], int]:
    """The pictures that the answer ends with, and how many of them cannot be read."""
    row = await store.read(outbox.get, row_id)
    wanted = carried(row.message, pictures=True).pictures if row is not None else ()
    found = []
    for one in wanted:
        known = await store.read(kept.get, one.media)
        with contextlib.suppress(Invalid):
            if known is not None and known.kind == "image":
                found.append(await asyncio.to_thread(folder.read, known))
    return found, len(wanted) - len(found)
