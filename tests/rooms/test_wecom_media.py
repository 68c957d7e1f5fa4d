"""Media: kept once in a folder, uploaded once in three days by the right door, refused with a clear word before anything is sent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, Refused
from assistant.base.principal import system
from assistant.channels import media
from assistant.channels.media import MB, Folder
from assistant.channels.message import Address, Attachment, OutboundMessage
from assistant.flows import cleaning
from assistant.jobs import Job
from assistant.store import Store
from assistant.wecom import WeComSender, calls
from assistant.wecom import media as wecom_media
from assistant.wecom.media import MediaDesk
from tests.support.simulated import calls as asked
from tests.support.simulated import simulated

ME = system("test")
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


def keep(store: Store, folder: Folder, data: bytes = PNG, filename: str = "新品.png") -> str:
    one = folder.put(media.kind_of(filename), filename, data)
    return str(store.do(media.keep, [one], ME)[0])


async def test_a_picture_is_uploaded_once_for_many_and_again_only_near_its_end(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "media")
    key = keep(store, folder)
    async with simulated(clock) as (simulator, client):
        desk, second = MediaDesk(store, client, folder), MediaDesk(store, client, folder)
        first = await asyncio.gather(*(desk.media_id(key, "image") for _ in range(10)))
        assert {*first, await second.media_id(key, "image")} == {first[0]}
        file = simulator.world.media[first[0]].file
        assert (file.content, file.name) == (PNG, "新品.png")
        clock.advance(timedelta(hours=65))
        assert await desk.media_id(key, "image") == first[0]
        clock.advance(timedelta(hours=2))
        assert await desk.media_id(key, "image") != first[0]
        assert len(asked(simulator, "media/upload")) == 2


async def test_media_that_ended_early_are_uploaded_anew_once_and_the_message_arrives(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "media")
    key = keep(store, folder)
    async with simulated(clock) as (simulator, client):
        simulator.world.add_staff("wang", "小王")
        desk = MediaDesk(store, client, folder)
        sender = WeComSender(client, desk)
        message = OutboundMessage("k1", Address("app", "1000002", "wang"), "看看", "t", attachments=(Attachment("image", media=key),))
        assert (await sender.send(message)).outcome == "sent"
        clock.advance(timedelta(minutes=20))
        simulator.faults.inject("message/send", errcode=40007)
        again = await sender.send(OutboundMessage("k2", message.address, "", "t", attachments=message.attachments))
        assert (again.outcome, len(asked(simulator, "media/upload"))) == ("sent", 2)
        assert [bubble.kind for bubble in simulator.staff_phone("wang")] == ["text", "image", "image"]
        simulator.faults.inject("message/send", errcode=40007, times=2)
        gone = await sender.send(OutboundMessage("k3", message.address, "", "t", attachments=message.attachments))
        assert (gone.outcome, gone.code) == ("refused", "wecom_media_gone")
        assert len(asked(simulator, "media/upload")) == 3


async def test_mass_sends_name_media_anew_once_too(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "media")
    attachments = (Attachment("image", media=keep(store, folder)),)
    async with simulated(clock) as (simulator, client):
        simulator.world.add_staff("wang", "小王")
        simulator.world.add_customer("wmA", "阿香", ["wang"])
        desk = MediaDesk(store, client, folder)
        await desk.media_id(attachments[0].media, "image")
        simulator.world.media.clear()

        async def create(listed: list[dict[str, object]]) -> calls.MassTask:
            return await calls.add_msg_template(client, text="新品", external_userids=["wmA"], sender="wang", attachments=listed)

        assert (await wecom_media.with_media(attachments, desk, create)).msgid
        simulator.faults.inject("externalcontact/add_msg_template", errcode=40007, times=2)
        with pytest.raises(Refused):
            await wecom_media.with_media(attachments, desk, create)


async def test_each_door_keeps_its_own_name_for_the_same_picture(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "media")
    key = keep(store, folder)
    async with simulated(clock) as (simulator, client):
        desk = MediaDesk(store, client, folder)
        ids = {await desk.media_id(key, "image"), await desk.moment_id(key, "image"), await desk.moment_id(key, "image")}
        assert sorted(simulator.world.media[media_id].door for media_id in ids) == ["attachment1", "upload"]
        with pytest.raises(Invalid, match="是图片，不能当视频发"):
            await desk.media_id(key, "video")
        with pytest.raises(Invalid, match="素材库里没有"):
            await desk.media_id("media_nobody", "image")


@pytest.mark.parametrize(
    ("filename", "data", "words"),
    [
        ("大.png", PNG + b"x" * 10 * MB, "图片“大.png”有 10.0 MB，最大 10 MB"),
        ("大.mp4", b"\0\0\0\x18ftypmp42" + b"x" * 10 * MB, "最大 10 MB"),
        ("长.amr", b"#!AMR\n" + b"x" * 2 * MB, "最大 2 MB"),
        ("大.pdf", b"x" * (20 * MB + 1), "最大 20 MB"),
        ("空.pdf", b"x" * 5, "是空的或太小"),
        ("假.png", b"<script>alert(1)</script>", "要是 JPG 或 PNG 格式"),
        ("假.mp4", b"RIFF....AVI LIST", "要是 MP4 格式"),
    ],
)
def test_what_no_platform_takes_is_refused_before_a_byte_is_written(tmp_path: Path, filename: str, data: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        Folder(tmp_path / "media").put(media.kind_of(filename), filename, data)
    assert not (tmp_path / "media").exists()


async def test_a_file_that_was_lost_or_changed_is_told_and_not_sent(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "media")
    key = keep(store, folder, filename="../../etc/新品.png")
    (path,) = [found for found in (tmp_path / "media").rglob("*") if found.is_file()]
    async with simulated(clock) as (simulator, client):
        desk = MediaDesk(store, client, folder)
        path.write_bytes(b"changed")
        with pytest.raises(Invalid, match=r"“新品\.png”的文件已被改动"):
            await desk.media_id(key, "image")
        path.unlink()
        with pytest.raises(Invalid, match="不见了"):
            await desk.media_id(key, "image")
        assert asked(simulator, "media/upload") == []


async def test_what_nobody_sent_for_half_a_year_goes_with_its_file_unless_another_row_needs_it(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "media")
    old, other = keep(store, folder, filename="旧.png"), keep(store, folder, PNG + b"2", "别的.png")
    clock.advance(timedelta(days=179))
    keep(store, folder, PNG, "同图.png")
    clock.advance(timedelta(days=2))
    await cleaning.media_handler(store, folder)(Job("1", "media.clean", "k", {}, None, 1, 1, ""))
    left = store.look(lambda view: {row.id for row in view.all(sa.select(media.media))})
    assert (old in left, other in left, len(left)) == (False, False, 1)
    assert len([found for found in (tmp_path / "media").rglob("*") if found.is_file()]) == 1
