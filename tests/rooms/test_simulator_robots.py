"""Group robots of the simulator: what arrives in the group, and what is refused."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import aiohttp
import pytest

from assistant.wecom.simulator import SimulatorError
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def _send(bench: Bench, key: str, kind: str, part: dict[str, Any]) -> int:
    async with bench.http.post(f"{bench.base}/cgi-bin/webhook/send", params={"key": key}, json={"msgtype": kind, kind: part}) as response:
        return int((await response.json())["errcode"])


async def _upload(bench: Bench, key: str, data: bytes, kind: str = "file") -> dict[str, Any]:
    form = aiohttp.FormData()
    form.add_field("media", data, filename="日报.xlsx")
    async with bench.http.post(f"{bench.base}/cgi-bin/webhook/upload_media", params={"key": key, "type": kind}, data=form) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_robot_writes_into_its_group_until_it_is_taken_out(bench: Bench) -> None:
    robot = bench.simulator.robots.add("g1", "值班")
    assert await _send(bench, robot.key, "text", {"content": "有一单待办", "mentioned_list": ["@all"]}) == 0
    (bubble,) = bench.simulator.group_phone("g1")
    assert (bubble.text, bubble.sender, bubble.via, bubble.body["mentioned_list"]) == ("有一单待办", "robot:值班", "robot", ["@all"])
    assert await _send(bench, "nobody", "text", {"content": "谁"}) == 93000
    robot.disabled = True
    assert await _send(bench, robot.key, "text", {"content": "停了"}) == 93004
    bench.simulator.robots.remove(robot.key)
    assert await _send(bench, robot.key, "text", {"content": "走了"}) == 93000
    assert robot.key not in str([call.to_json() for call in bench.simulator.calls])


async def test_twenty_messages_a_minute(bench: Bench) -> None:
    key = bench.simulator.robots.add("g1").key
    assert [await _send(bench, key, "text", {"content": "早"}) for _ in range(21)] == [0] * 20 + [45009]
    bench.simulator.advance(60)
    assert await _send(bench, key, "text", {"content": "早"}) == 0


@pytest.mark.parametrize(
    ("kind", "part", "code"),
    [
        ("text", {"content": "长" * 683}, 40058),
        ("text", {"content": "长" * 682}, 0),
        ("markdown", {"content": "长" * 1366}, 40058),
        ("markdown_v2", {"content": "| 表 |"}, 0),
        ("text", {"content": ""}, 93017),
        ("news", {"articles": []}, 40058),
        ("news", {"articles": [{"title": "新品", "url": "https://example.com/"}]}, 0),
        ("template_card", {"card_type": "button_interaction", "task_id": "t", "main_title": {"title": "批准"}}, 40058),
        (
            "template_card",
            {"card_type": "text_notice", "main_title": {"title": "看"}, "card_action": {"type": 1, "url": "https://e.cn"}},
            0,
        ),
        ("hologram", {"content": "?"}, 40008),
        ("image", {"base64": base64.b64encode(PNG).decode(), "md5": "0" * 32}, 301019),
        ("image", {"base64": base64.b64encode(PNG).decode(), "md5": hashlib.md5(PNG).hexdigest()}, 0),
        ("image", {"base64": base64.b64encode(b"GIF89a").decode(), "md5": hashlib.md5(b"GIF89a").hexdigest()}, 40009),
    ],
)
async def test_each_kind_is_held_to_its_limits(bench: Bench, kind: str, part: dict[str, Any], code: int) -> None:
    assert await _send(bench, bench.simulator.robots.add("g1").key, kind, part) == code
    assert len(bench.simulator.group_phone("g1")) == int(code == 0)


async def test_a_file_belongs_to_the_robot_that_uploaded_it_for_three_days(bench: Bench) -> None:
    mine, other = bench.simulator.robots.add("g1").key, bench.simulator.robots.add("g1").key
    media = {"media_id": (await _upload(bench, mine, b"PK" + bytes(100)))["media_id"]}
    assert [await _send(bench, key, "file", media) for key in (other, mine)] == [40007, 0]
    assert (await _upload(bench, mine, b"PK"))["errcode"] == 40006
    assert (await _upload(bench, mine, b"not amr at all", "voice"))["errcode"] == 40005
    bench.simulator.advance(3 * 86400)
    assert await _send(bench, mine, "file", media) == 40007


async def test_a_robot_is_not_added_to_a_group_with_customers(bench: Bench) -> None:
    bench.simulator.world.add_group("g2", "客户群", ["wang", "wmA"])
    with pytest.raises(SimulatorError, match="内部群"):
        bench.simulator.robots.add("g2")
