"""The HTTP API by its contract: shapes, errors in one form, keys that make a retry safe, a description that is true."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal, system
from assistant.channels.message import Address
from assistant.dialogue import conversation
from assistant.dialogue.who import Speaker
from assistant.domain import outreach
from assistant.store import Store, Work, outbox
from assistant.web.api import ROUTES
from tests.browser.web_house import HOSTILE, House, open_house
from tests.rooms.test_operations_world import people
from tests.rooms.test_outreach_touches import write_to
from tests.support import databases

TALK = Address("kf", "wkdemo0000000001", "wm_m00001")
PATH = "/conversations/kf%3Awkdemo0000000001%3Awm_m00001"


def begin(work: Work, title: str) -> None:
    conversation.touch(work, TALK, Speaker(Principal("member", "member_1"), "member_1", title))


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: shapes and errors are the web's own; test_web_goals runs the whole way on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        await store.write(begin, HOSTILE, system("test"))
        yield opened


async def test_a_conversation_is_taken_spoken_in_and_given_back(house: House) -> None:
    listed = await (await house.api("GET", "/conversations")).json()
    assert [one["title"] for one in listed["conversations"]] == [HOSTILE]
    held = await (await house.api("POST", f"{PATH}/take", json={})).json()
    assert held["holder"]
    assert (await house.api("POST", f"{PATH}/say", json={"text": "您好，我是小宋"})).status == 200
    lines = (await (await house.api("GET", PATH)).json())["lines"]
    assert [(line["side"], line["text"]) for line in lines] == [("person", "您好，我是小宋")]
    assert (await (await house.api("POST", f"{PATH}/release", json={})).json())["holder"] == ""


async def test_a_conversation_held_by_another_is_a_conflict(house: House) -> None:
    await house.api("POST", f"{PATH}/take", "song", json={})
    answer = await house.api("POST", f"{PATH}/take", "he", json={})
    assert answer.status == 409
    assert (await answer.json())["error"]["code"] == "already_held"


async def test_who_does_not_hold_a_conversation_cannot_speak_in_it(house: House) -> None:
    answer = await house.api("POST", f"{PATH}/say", json={"text": "你好"})
    assert answer.status == 409
    assert (await answer.json())["error"]["message"] == "请先接管这个会话再回复"


async def test_the_same_key_says_it_once(house: House) -> None:
    await house.api("POST", f"{PATH}/take", json={})
    for _ in range(3):
        answer = await house.api("POST", f"{PATH}/say", json={"text": "您好"}, headers={"Idempotency-Key": "hello-1"})
        assert answer.status == 200
    assert await house.store.read(lambda view: len(view.all(outbox.select()))) == 1
    other = await house.api("POST", f"{PATH}/say", json={"text": "别的话"}, headers={"Idempotency-Key": "hello-1"})
    assert other.status == 409
    assert (await other.json())["error"]["code"] == "key_reused"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"text": 1}', b'{"text": ""}', b'{"text": "a", "by": "member_1"}', b"[" * 100_000]
)
async def test_a_malformed_body_is_one_clear_sentence(house: House, body: bytes) -> None:
    answer = await house.api("POST", f"{PATH}/say", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    error = (await answer.json())["error"]
    assert error["code"] in ("bad_json", "bad_body")
    assert re.search("[\u4e00-\u9fff]", error["message"])


async def test_an_unknown_conversation_is_a_400_and_an_unknown_path_a_404(house: House) -> None:
    assert (await house.api("GET", "/conversations/nobody")).status == 400
    answer = await house.api("GET", "/nowhere")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "not_found"


async def test_nothing_unknown_and_nothing_held_on_a_quiet_day(house: House) -> None:
    assert await (await house.api("GET", "/unknowns")).json() == {"unknowns": []}
    assert await (await house.api("GET", "/held")).json() == {"held": []}


async def test_a_mass_send_nobody_knows_about_is_listed_for_api_and_console(house: House, store: Store) -> None:
    (member_id,) = await asyncio.to_thread(people, store, 1)
    await store.write(write_to, ("plan_x", [member_id]), system("test"))
    (group,) = {touch.group for touch in await store.read(outreach.touches, "plan_x")}
    for _ in range(2):
        await store.write(outreach.claim, outreach.Claim(group), system("test"))
    (listed,) = (await (await house.api("GET", "/unknowns")).json())["unknowns"]
    assert (listed["channel"], listed["member_id"], listed["cause"]) == ("mass", member_id, "plan_x")
    await house.login("song")
    assert "新品到了" in await (await house.session.get(f"{house.base}/tickets")).text()


async def test_a_wrong_token_opens_nothing(house: House) -> None:
    for given in ("Bearer nonsense", "Bearer ", "Basic c29uZw==", "song-token"):
        answer = await house.session.get(f"{house.base}/api/v1/conversations", headers={"Authorization": given})
        assert answer.status == 401


async def test_the_console_takes_over_and_shows_a_hostile_title_as_text(house: House) -> None:
    await house.login("song")
    page = PATH.removeprefix("/conversations")
    text = await (await house.get(f"/inbox{page}")).text()
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
    csrf = await house.csrf(f"/inbox{page}")
    assert (await house.post(f"/inbox{page}/take", {"csrf": csrf})).status == 303
    assert (await house.post(f"/inbox{page}/say", {"csrf": csrf, "text": "<b>您好</b>"})).status == 303
    assert "&lt;b&gt;您好&lt;/b&gt;" in await (await house.get(f"/inbox{page}/lines")).text()


async def test_the_description_is_openapi_3_1_and_names_every_endpoint(house: House) -> None:
    document = await (await house.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    told = {(method.upper(), path) for path, entry in document["paths"].items() for method in entry}
    assert told == {(route.method, route.path) for route in ROUTES}
    names = [operation["operationId"] for entry in document["paths"].values() for operation in entry.values()]
    assert len(names) == len(set(names))
    for reference in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)):
        assert reference in document["components"]["schemas"]


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {inner for item in value.values() for inner in keys(item)}
    return {inner for item in value for inner in keys(item)} if isinstance(value, list) else set()


async def test_no_answer_carries_a_secret_field(house: House) -> None:
    document = await (await house.get("/api/v1/openapi.json")).json()
    assert not {"password", "token", "secret", "aes_key"} & keys(document["components"]["schemas"])
