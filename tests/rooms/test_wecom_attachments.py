"""Attachments over each face: the shapes the protocol names, what is refused unsent, and old rows of the outbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.channels import outbox
from assistant.channels.message import Address, Attachment, OutboundMessage
from assistant.store import Store
from assistant.store import outbox as rows
from assistant.wecom import WeComSender
from assistant.wecom.attachments import listed
from tests.rooms.test_wecom_fake import running

IMAGE = Attachment("image", media="m1")
LINK = Attachment(
    "link", media="m2", url="https://shop.example/a", title="新品", description="手织围巾", picture="https://shop.example/a.jpg"
)
PAGE = Attachment("miniprogram", media="m2", title="会员中心", appid="wx1", page="pages/me?id=1")
FILE = Attachment("file", media="m3")
VIDEO = Attachment("video", media="m4", title="洗护", description="怎么洗")
KF = OutboundMessage("k1", Address("kf", "wk1", "wm1"), "您看这个", "turn-1", attachments=(IMAGE, LINK, PAGE, FILE))


class Media:
    """Names every media row ``MID-<key>-<kind>``."""

    async def media_id(self, key: str, kind: str) -> str:
        return f"MID-{key}-{kind}"


async def test_over_kf_attachments_follow_the_words_each_a_part_with_its_own_id(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        delivery = await WeComSender(wecom, Media()).send(KF)
        bodies = api.bodies("kf/send_msg")
        assert delivery.outcome == "sent"
        assert [body["msgtype"] for body in bodies] == ["text", "image", "link", "miniprogram", "file"]
        assert [body["msgid"].rsplit("-", 1)[1] for body in bodies] == ["1", "2", "3", "4", "5"]
        assert bodies[1]["image"] == {"media_id": "MID-m1-image"}
        thumb = {"thumb_media_id": "MID-m2-image"}
        assert bodies[2]["link"] == {"title": "新品", "desc": "手织围巾", "url": "https://shop.example/a", **thumb}
        assert bodies[3]["miniprogram"] == {"appid": "wx1", "title": "会员中心", "pagepath": "pages/me.html?id=1", **thumb}


async def test_a_menu_stays_the_last_part_and_words_may_be_missing(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        sender = WeComSender(wecom, Media())
        await sender.send(replace(KF, options=("好", "不了"), attachments=(IMAGE,)))
        assert [body["msgtype"] for body in api.bodies("kf/send_msg")] == ["image", "msgmenu"]
        assert (await sender.send(replace(KF, key="k2", text="", attachments=(IMAGE,)))).outcome == "sent"
        assert [body["msgtype"] for body in api.bodies("kf/send_msg")[2:]] == ["image"]


async def test_over_app_media_go_as_such_and_links_as_a_card_with_or_without_a_picture(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        message = replace(
            KF, address=Address("app", "1000002", "li"), attachments=(VIDEO, LINK, PAGE, replace(LINK, picture="", description=""))
        )
        assert (await WeComSender(wecom, Media()).send(message)).outcome == "sent"
        text, video, link, page, plain = api.bodies("message/send")
        assert text["text"]["content"].startswith("您看这个")
        assert video["video"] == {"media_id": "MID-m4-video", "title": "洗护", "description": "怎么洗"}
        article = {"title": "新品", "description": "手织围巾", "url": LINK.url, "picurl": LINK.picture}
        assert link["news"]["articles"] == [article]
        assert plain["textcard"] == {"title": "新品", "description": "新品", "url": LINK.url, "btntxt": "打开"}
        assert page["news"]["articles"] == [{"title": "会员中心", "appid": "wx1", "pagepath": "pages/me?id=1"}]


async def test_welcome_messages_and_mass_sends_take_them_as_a_list() -> None:
    picture = Attachment("image", picture="https://wework.qpic.cn/x")
    assert await listed([picture, IMAGE, LINK, PAGE, VIDEO, FILE], Media()) == [
        {"msgtype": "image", "image": {"pic_url": "https://wework.qpic.cn/x"}},
        {"msgtype": "image", "image": {"media_id": "MID-m1-image"}},
        {"msgtype": "link", "link": {"title": "新品", "picurl": LINK.picture, "desc": "手织围巾", "url": LINK.url}},
        {"msgtype": "miniprogram", "miniprogram": {"title": "会员中心", "pic_media_id": "MID-m2-image", "appid": "wx1", "page": PAGE.page}},
        {"msgtype": "video", "video": {"media_id": "MID-m4-video"}},
        {"msgtype": "file", "file": {"media_id": "MID-m3-file"}},
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((Attachment("image", picture="https://evil.example/x.jpg"),), "第 1 个附件的图片要用素材"),
        ((IMAGE, Attachment("file")), "第 2 个附件没有选素材"),
        ((replace(LINK, url="javascript:alert(1)"),), "http(s) 开头"),
        ((replace(LINK, url="https://["),), "http(s) 开头"),
        ((replace(LINK, title="长" * 43),), "的标题太长，最多 128 字节"),
        ((replace(PAGE, title="长" * 22),), "的标题太长，最多 64 字节"),
        ((replace(PAGE, appid=""),), "AppID"),
        ((IMAGE,) * 10, "附件最多 9 个"),
    ],
)
async def test_what_no_face_takes_is_refused_before_anything_goes_out(bad: Any, words: str, clock: ManualClock) -> None:
    with pytest.raises(Invalid, match=words.replace("(", r"\(").replace(")", r"\)")):
        await listed(bad, Media())
    async with running(clock) as (api, wecom, _):
        delivery = await WeComSender(wecom, Media()).send(replace(KF, attachments=bad))
        assert (delivery.outcome, api.asked) == ("refused", [])
        assert words in delivery.reason


async def test_too_many_parts_no_media_and_a_link_without_its_picture_are_refused_whole(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        sender = WeComSender(wecom, Media())
        assert (await sender.send(replace(KF, attachments=(IMAGE,) * 5))).code == "too_long"
        assert (await sender.send(replace(KF, attachments=(replace(LINK, media=""),)))).code == "bad_attachment"
        assert (await WeComSender(wecom).send(KF)).code == "no_media"
        bot = replace(KF, address=Address("bot", "b1", "li"), reply_to={"response_url": "x"})
        assert (await sender.send(bot)).code == "foreign_url"
        assert api.asked == []


def test_attachments_come_back_from_the_outbox_and_rows_of_before_have_none(store: Store) -> None:
    ids = store.do(outbox.queue, [KF, replace(KF, key="k2")], system("test"))
    stored = store.look(outbox.get, ids[0])
    assert stored is not None
    assert stored.message == KF

    def age(work: Any, row_id: str) -> None:
        old = outbox.to_json(KF)
        del old["attachments"]
        work.execute(rows.update().where(rows.c.id == row_id).values(message=old))

    store.do(age, ids[1], system("test"))
    old = store.look(outbox.get, ids[1])
    assert old is not None
    assert old.message == replace(KF, attachments=())
