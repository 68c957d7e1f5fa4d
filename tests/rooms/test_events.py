"""Behaviour: told in Segment's format, kept once, bound to who did it, and never worth anything from a key that anybody can read."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import app, triggers
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, LaoyouError
from assistant.base.principal import Principal, system
from assistant.domain import audience, events, members, points
from assistant.flows import behaviour, segment
from assistant.store import Store
from tests.browser.web_house import House, open_house
from tests.conftest import NOON
from tests.rooms.points_help import put_live

ME = system("test")
SERVER, PAGE = "wk_server_0123456789", "wk_page_0123456789abc"
OWNER = Principal("operator", "operator_song", ("owner",))


class Watched(Store):
    """A store that notes how many events each of its writes takes."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        super().__init__(url, clock, triggers.REACTIONS)
        self.sizes: list[int] = []

    async def write(self, verb: Any, request: Any, principal: Principal, *, cause: str = "") -> Any:
        if isinstance(request, events.Told):
            self.sizes.append(len(request.events))
        return await super().write(verb, request, principal, cause=cause)


@pytest.fixture
def store(database: str, clock: ManualClock) -> Any:
    opened = Watched(database, clock)
    opened.do(
        events.add_sources,
        [
            events.AddSource("s1", "shop_server", "商城服务器", SERVER, "", True),
            events.AddSource("s2", "shop_page", "商城网页", PAGE, "unionid", False),
        ],
        OWNER,
    )
    yield opened
    opened.close()


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


def member(store: Store, key: str, *identities: members.Identity) -> str:
    found: str = store.do(members.register, [members.Register(f"r:{key}", key, identities, members.Profile(nickname=key))], ME)[0].member_id
    return found


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


async def post(house: House, kind: str, body: Any, key: str = SERVER, **options: Any) -> tuple[int, dict[str, Any]]:
    answer = await house.session.post(f"{house.base}/v1/{kind}", json=body, headers=basic(key), **options)
    return answer.status, await answer.json()


def track(message_id: str, name: str = "看直播", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": message_id, "event": name, "userId": "m1", "timestamp": NOON.isoformat(), **fields}


def names(store: Store, member_id: str) -> list[str]:
    return [one.name for one in store.look(events.of_member, member_id)]


async def test_an_event_told_three_times_is_kept_once_and_the_first_word_holds(house: House) -> None:
    owner = member(house.store, "m1")
    for room in ("a", "b", "c"):
        assert (await post(house, "track", track("1", properties={"room": room}))) == (200, {"success": True, "accepted": 1})
    found = house.store.look(events.of_member, owner)
    assert [(one.name, one.properties) for one in found] == [("看直播", {"room": "a"})]


async def test_late_and_out_of_order_events_keep_their_own_time(house: House) -> None:
    owner = member(house.store, "m1")
    early, late = (NOON - timedelta(days=40)).isoformat(), (NOON - timedelta(hours=1)).isoformat()
    await post(house, "batch", {"batch": [track("2", "后", timestamp=late), track("1", "先", timestamp=early)]})
    assert names(house.store, owner) == ["后", "先"]


async def test_a_sender_with_a_wrong_clock_is_corrected_by_when_it_sent(house: House) -> None:
    owner = member(house.store, "m1")
    sent, happened = NOON + timedelta(days=2), NOON + timedelta(days=2) - timedelta(minutes=3)
    await post(house, "track", track("1", timestamp=happened.isoformat(), sentAt=sent.isoformat()))
    await post(house, "track", track("2", timestamp=(NOON + timedelta(days=9)).isoformat()))
    assert [one.occurred_at for one in house.store.look(events.of_member, owner)] == [NOON, NOON - timedelta(minutes=3)]


async def test_what_a_browser_did_before_its_owner_was_named_becomes_his(house: House) -> None:
    owner = member(house.store, "m1", members.Identity("unionid", "u1"))
    anonymous = {"type": "page", "anonymousId": "browser-1", "name": "睡衣"}
    await post(house, "page", {**anonymous, "messageId": "p1"}, PAGE)
    assert names(house.store, owner) == []
    await post(house, "identify", {"messageId": "i1", "anonymousId": "browser-1", "userId": "u1"}, PAGE)
    await post(house, "page", {**anonymous, "messageId": "p2"}, PAGE)
    assert sorted(names(house.store, owner)) == ["identify", "page", "page"]


async def test_a_browser_keeps_its_first_owner(house: House) -> None:
    first, second = (member(house.store, f"m{n}", members.Identity("unionid", f"u{n}")) for n in (1, 2))
    for number in (1, 2):
        await post(house, "identify", {"messageId": f"i{number}", "anonymousId": "shared", "userId": f"u{number}"}, PAGE)
    await post(house, "page", {"messageId": "p", "anonymousId": "shared"}, PAGE)
    assert (sorted(names(house.store, first)), names(house.store, second)) == (["identify", "page"], ["identify"])


async def test_events_of_a_stranger_wait_and_find_him_when_his_identity_appears(house: House) -> None:
    await post(house, "track", track("1", "收藏", userId="u7", anonymousId="b7"), PAGE)
    await post(house, "page", {"messageId": "2", "anonymousId": "b7"}, PAGE)
    assert house.store.look(events.waiting) == 2
    owner = member(house.store, "m7", members.Identity("unionid", "u7"))
    house.store.do(lambda work, _: events.match(work, [owner]), None, ME)
    assert (sorted(names(house.store, owner)), house.store.look(events.waiting)) == (["page", "收藏"], 0)


async def test_a_wrong_or_closed_write_key_is_refused_and_nothing_is_kept(house: House) -> None:
    owner = member(house.store, "m1")
    assert (await post(house, "track", track("1"), "wk_wrong_0123456789"))[0] == 401
    house.store.do(events.close_sources, [events.CloseSource("c", "shop_server")], OWNER)
    assert (await post(house, "track", track("1"))) == (401, {"success": False, "message": "写入密钥不对或已停用"})
    assert names(house.store, owner) == []


BAD = [
    (track("1", ""), "track 事件需要 event（事件名）"),
    ({**track("1"), "userId": None}, "事件需要 userId 或 anonymousId"),
    (track("1", timestamp="2026-11-22T12:00:00"), "字段 timestamp 需要带时区的时间，例如 2026-11-22T10:00:00+08:00"),
    (track("1", properties=[1]), "properties 或 traits 需要是一个对象"),
    (track("1", "x" * 121), "字段 event 需要是 120 字以内的文字"),
    (track("1", "a\x00b"), "字段 event 需要是 120 字以内的文字"),
    (track("1", properties={"a": "x" * 40_000}), "一个事件最多 32 KB"),
    ({**track("1"), "type": "delete"}, "不认识的事件类型“delete”，可用：track、page、screen、identify、group、alias"),
    (["no"], "事件需要是一个对象"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
async def test_a_bad_event_is_told_with_its_place_and_its_neighbours_are_kept(house: House, bad: Any, reason: str) -> None:
    owner = member(house.store, "m1")
    status, told = await post(house, "batch", {"batch": [track("0"), bad]})
    assert (status, told["accepted"], told["rejected"]) == (200, 1, [{"number": 2, "reason": reason}])
    assert names(house.store, owner) == ["看直播"]
    found = house.store.look(events.refusals)
    assert [(one.source, one.count, one.reasons) for one in found] == [("shop_server", 1, (f"第 2 个：{reason}",))]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"a":NaN}', b"[" * 100_000, b""])
async def test_a_body_that_is_no_object_is_refused_in_words(house: House, body: bytes) -> None:
    answer = await house.session.post(f"{house.base}/v1/track", data=body, headers=basic(SERVER))
    assert (answer.status, (await answer.json())["message"]) == (400, "请求体必须是一个 JSON 对象（UTF-8）")


async def test_a_packed_batch_of_ten_thousand_is_kept_in_small_commits(house: House) -> None:
    owner = member(house.store, "m1")
    body = gzip.compress(json.dumps({"batch": [track(str(number)) for number in range(10_000)]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await house.session.post(f"{house.base}/v1/batch", data=body, headers={**headers, **basic(SERVER)})
    assert (answer.status, (await answer.json())["accepted"]) == (200, 10_000)
    assert isinstance(house.store, Watched)
    assert (max(house.store.sizes), sum(house.store.sizes), len(house.store.look(events.of_member, owner, 20_000))) == (200, 10_000, 10_000)


async def test_a_page_of_another_site_may_post(house: House) -> None:
    answer = await house.session.options(f"{house.base}/v1/track")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    answer = await house.session.post(f"{house.base}/v1/track", data=json.dumps({**track("1"), "writeKey": SERVER}))
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_each_event_is_heard_once_and_only_from_a_trusted_source(store: Store) -> None:
    member(store, "m1", members.Identity("unionid", "m1"))
    heard: list[str] = []
    listeners = (lambda _work, found: heard.extend(one.id for one in found),)
    for key in (SERVER, PAGE):
        source = store.look(events.source_of, key)
        assert source is not None
        told = [events.Incoming(source.name, str(number), "track", "看直播", NOON, "m1") for number in range(450)]
        store.do(events.take, events.Told(source, tuple(told)), ME)
    while store.do(lambda work, _: behaviour.hear(work, listeners), None, ME):
        pass
    assert (len(heard), len(set(heard))) == (450, 450)


def test_history_that_is_imported_is_kept_and_heard_by_nobody(store: Store) -> None:
    owner = member(store, "m1")
    told = events.Told(events.IMPORTED, (events.Incoming("import", "1", "track", "看直播", NOON, "m1"),), history=True)
    assert store.do(events.take, told, ME) == events.Taken(1, 1)
    assert (store.do(lambda work, _: behaviour.hear(work), None, ME), names(store, owner)) == (0, ["看直播"])


def test_members_are_selected_by_what_they_did(store: Store) -> None:
    app.know_features()
    owner, other = member(store, "m1"), member(store, "m2")
    source = store.look(events.source_of, SERVER)
    assert source is not None
    told = [events.Incoming("s", str(n), "track", "看直播", NOON - timedelta(days=n), "m1" if n % 2 else "m2") for n in range(1, 6)]
    store.do(events.take, events.Told(source, tuple(told)), ME)
    rule = {"kind": "compare", "feature": "event_count", "op": "gte", "value": 2, "arguments": {"event": "看直播", "within_days": 3}}
    frozen = store.do(audience.freeze, audience.Freeze("f", rule), ME)
    assert frozen.count == 1
    assert other != owner


@pytest.mark.parametrize(
    "wanted",
    [
        events.AddSource("k", "two words", "名称", "x" * 20),
        events.AddSource("k", "import", "名称", "x" * 20),
        events.AddSource("k", "good", " ", "x" * 20),
        events.AddSource("k", "good", "名称", "short"),
        events.AddSource("k", "good", "名称", "x" * 20, "a b"),
        events.AddSource("k", "shop_page", "名称", "x" * 20),
        events.AddSource("k", "good", "名称", PAGE),
    ],
)
def test_a_bad_source_is_refused_in_words(store: Store, wanted: events.AddSource) -> None:
    with pytest.raises(Invalid, match="来源|密钥|身份"):
        store.do(events.add_sources, [wanted], OWNER)
    assert len(store.look(events.sources)) == 2


def test_a_source_needs_the_right_to_change_settings(store: Store) -> None:
    with pytest.raises(LaoyouError, match="权限"):
        store.do(events.close_sources, [events.CloseSource("k", "shop_page")], Principal("operator", "he", ("operator",)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids),
)
FIELDS = [
    "type",
    "messageId",
    "event",
    "userId",
    "anonymousId",
    "timestamp",
    "sentAt",
    "properties",
    "traits",
    "batch",
    "name",
    "previousId",
]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(["track", "identify", "batch", "page"]))
def test_whatever_is_posted_is_read_or_refused_in_words(body: dict[str, Any], kind: str) -> None:
    try:
        call = segment.opened(body, kind, NOON)
    except Invalid:
        return
    good, bad = segment.read_all(call.items, "s", NOON, call.late)
    assert len(good) + len(bad) == len(call.items)
    assert all(one.user_id or one.anonymous_id for one in good)
    assert all(one.reason for one in bad)


def test_behaviour_earns_by_a_live_rule_once_and_never_with_a_key_that_anybody_can_read(store: Store) -> None:
    owner = member(store, "m1", members.Identity("unionid", "m1"))
    put_live(store, {"behaviours": [{"id": "live", "title": "看直播", "event": "看直播", "points": 5}]})
    ahead = NOON + timedelta(minutes=4)
    for key in (SERVER, PAGE, SERVER):
        source = store.look(events.source_of, key)
        assert source is not None
        store.do(events.take, events.Told(source, (events.Incoming(source.name, "1", "track", "看直播", ahead, "m1"),)), ME)
        store.do(lambda work, _: behaviour.hear(work), None, ME)
    assert store.look(points.balance, [owner])[owner].available == 5
