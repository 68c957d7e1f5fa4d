"""What people send to the bot beside words: fetched from WeCom's places only, decrypted, kept, or with a word on why not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import TestServer

from assistant.base.clock import ManualClock
from assistant.channels import media, received
from assistant.channels.media import Folder
from assistant.channels.message import Address, Attachment, OutboundMessage
from assistant.dialogue import conversation
from assistant.flows import bot_media
from assistant.jobs import EmbeddedRunner
from assistant.store import Store
from assistant.wecom.bot_media import MediaFetcher, Offered, PublicOnly, Unfetched, offered
from tests.support import databases
from tests.support.bot_house import CONFIG, KEY, ME, House, bot_house

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture
def book(tmp_path: Path, clock: ManualClock) -> Iterator[Store]:
    opened = Store(databases.sqlite(tmp_path), clock)
    yield opened
    opened.close()


@pytest.fixture(name="house")
async def on_sqlite(book: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with bot_house(book, clock, Folder(tmp_path / "media")) as house:
        await house.line()
        await house.connected()
        yield house


def came(house: House) -> list[received.Received]:
    ids = [row[0] for row in house.rows("SELECT id FROM inbox")]
    return [one for many in house.store.look(received.of_messages, ids).values() for one in many]


async def fetched(house: House, folder: Folder) -> received.Received:
    fetcher = MediaFetcher(house.url.replace("ws", "http", 1), KEY)
    runner = EmbeddedRunner(house.store, {bot_media.FETCH: bot_media.fetching(house.store, fetcher, folder)})
    await house.until(lambda: came(house), "the message")
    await runner.run_until_idle()
    await fetcher.close()
    return came(house)[0]


async def test_a_picture_is_fetched_decrypted_and_kept_and_the_turn_does_not_wait(house: House, tmp_path: Path) -> None:
    await house.simulator.bot.shows("lin", "image", PNG, wait=False)
    await house.until(house.heard, "the answer of the turn")
    one = await fetched(house, Folder(tmp_path / "in"))
    assert (one.kind, one.state, one.size) == ("image", "kept", len(PNG))
    assert Folder(tmp_path / "in").path_of(one.sha).read_bytes() == PNG
    line = house.store.look(conversation.lines, one.conversation)[0]
    assert (line.text, line.files) == ("[图片]（已保存）", (one.id,))


async def test_what_has_expired_says_so_to_whoever_looks(house: House, tmp_path: Path) -> None:
    await house.simulator.bot.shows("lin", "file", PNG, wait=False)
    await house.until(lambda: came(house), "the message")
    house.clock.advance(timedelta(minutes=6))
    one = await fetched(house, Folder(tmp_path / "in"))
    assert one.state == "expired"
    assert "已过期" in house.store.look(conversation.lines, one.conversation)[0].text


async def test_what_is_thirty_days_old_is_forgotten_with_its_file(house: House, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "in")
    await house.simulator.bot.shows("lin", "image", PNG, wait=False)
    one = await fetched(house, folder)
    clean = bot_media.cleaning(house.store, folder)
    await clean(None)  # type: ignore[arg-type]
    assert folder.path_of(one.sha).exists()
    house.clock.advance(received.KEPT + timedelta(seconds=1))
    await clean(None)  # type: ignore[arg-type]
    assert not folder.path_of(one.sha).exists()
    assert came(house) == []


FOREIGN = [
    "https://evil.example/a",
    "http://x.myqcloud.com/a",
    "https://x.myqcloud.com:8443/a",
    "https://myqcloud.com.evil.example/a",
    "https://evilmyqcloud.com/a",
    "https://x.myqcloud.com@evil.example/a",
    "https://u:p@x.myqcloud.com/a",
    "https://169.254.169.254/latest",
    "https://[::1]/a",
    "https://2130706433/a",
    "file:///etc/passwd",
    "//x.myqcloud.com/a",
    "",
    "https://",
]


@pytest.mark.parametrize("url", FOREIGN)
async def test_a_foreign_address_is_not_asked(url: str) -> None:
    fetcher = MediaFetcher("https://qyapi.weixin.qq.com", KEY)
    with pytest.raises(Unfetched, match="refused"):
        await fetcher.fetch(Offered("image", url, ""))


class Inward(AbstractResolver):
    """A name server that leads inside."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0} for address in ("127.0.0.1", "10.0.0.8")
        ]

    async def close(self) -> None:
        pass


async def test_a_good_name_that_leads_inside_leads_nowhere() -> None:
    with pytest.raises(OSError, match="no public address"):
        await PublicOnly(Inward()).resolve("x.myqcloud.com")


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [(302, b"", "refused"), (404, b"", "expired"), (200, b"x" * 64, "unreadable"), (200, b"x" * 300, "too_large")],
)
async def test_what_the_place_answers_has_its_outcome(status: int, body: bytes, state: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else {})

    app = web.Application()
    app.router.add_get("/a", answer)
    async with TestServer(app) as server:
        fetcher = MediaFetcher(str(server.make_url("")), KEY, most=128)
        try:
            with pytest.raises(Unfetched, match=state):
                await fetcher.fetch(Offered("image", str(server.make_url("/a")), ""))
        finally:
            await fetcher.close()


def test_all_pictures_of_a_mixed_message_are_offered() -> None:
    items = [
        {"msgtype": "text", "text": {"content": "看"}},
        {"msgtype": "image", "image": {"url": "u1"}},
        3,
        {"msgtype": "image", "image": 5},
    ]
    assert offered({"msgtype": "mixed", "mixed": {"msg_item": items}}) == [Offered("image", "u1", "")]
    assert offered(json.loads('{"msgtype": "mixed", "mixed": {"msg_item": 1}}')) == []


async def test_a_picture_of_ours_goes_up_in_pieces_and_is_shown(house: House, tmp_path: Path) -> None:
    await house.asks()
    await house.hears("您说：在吗。")
    big = PNG + bytes(700_000)
    one = Folder(tmp_path / "media").put("image", "海报.png", big)
    await house.store.write(media.keep, [one], ME)
    await house.says(
        OutboundMessage("a1", Address("bot", CONFIG.bot.aibotid, "lin"), "看看", "t", attachments=(Attachment("image", media=one.key),))
    )
    await house.until(lambda: any(bubble.kind == "image" for bubble in house.simulator.staff_phone("lin")), "the picture")
    assert len([call for call in house.simulator.calls if call.path == "aibot_upload_media_chunk"]) == 2
    await house.until(lambda: house.scalar("SELECT count(*) FROM outbox WHERE state = 'sent'") == 2, "both to be settled")
