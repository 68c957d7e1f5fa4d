"""From a sentence to a report through the API and the console: who may, what was seen is what is signed, everybody on the list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.domain import audience, cashback, members, membership, orders, outreach, points
from assistant.store import Store, Work
from tests.browser.web_house import HOSTILE, House, open_house

GOAL = "给上海的女性会员每人发 50 积分，预算 500 元"
FIELDS_REFUSED: tuple[dict[str, Any], ...] = (
    {"holdout_percent": 20},
    {"holdout_percent": 99},
    {"nobody": 1},
    {"kind": "care"},
    {"questions": []},
    {"segment": {"kind": "compare", "feature": "password", "op": "eq", "value": "x"}},
    {"schedule": {"send_at": "2001-01-01T10:00:00+08:00"}},
    {"schedule": {"send_at": "2100-01-02T10:00:00+08:00", "by": "2100-01-01T10:00:00+08:00"}},
    {"steps": [{"kind": "message", "template": "五星好评返现5元"}]},
    {"steps": []},
)
FEATURES = (members, orders, audience, membership, points, cashback, outreach)


def seed(work: Work, _nothing: None) -> None:
    """Sixty members, half of them in Shanghai, some opted out, one with a hostile name."""
    requests = []
    for number in range(60):
        profile = members.Profile(
            nickname=HOSTILE[:60] if number == 1 else f"小{number}",
            phone=f"138{number:08d}",
            city="上海" if number % 2 else "北京",
            gender="female",
            joined_at=work.now - timedelta(days=100),
            owner_staff="lin",
            opted_out=number % 10 == 3,
        )
        identity = members.Identity("wecom_external", f"wm_m{number:05d}")
        requests.append(members.Register(f"m{number}", f"M{number:05d}", (identity,), profile))
    members.register(work, requests)
    bought = work.now - timedelta(days=12)
    order = orders.OrderUpdate(
        "o1", "taobao", "棉语旗舰店", "T1", bought, "paid", 19900, 19900, member_id=members.find(work, "M00005") or "", paid_at=bought
    )
    orders.intake(work, [order])


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    audience.use([feature for room in FEATURES for feature in room.FEATURES])
    await store.write(seed, None, system("test"))
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def asked(house: House, method: str, path: str, who: str = "song", **options: object) -> tuple[int, Any]:
    answer = await house.api(method, path, who, **options)
    return answer.status, await answer.json()


async def previewed(house: House) -> Any:
    status, plan = await asked(house, "POST", "/goals", "he", json={"text": GOAL})
    assert status == 201
    status, plan = await asked(house, "POST", f"/plans/{plan['id']}/preview", "he", json={})
    assert status == 200, plan
    return plan


async def test_a_goal_becomes_a_plan_that_tells_people_money_and_samples(house: House) -> None:
    plan = await previewed(house)
    shown = plan["preview"]
    assert plan["state"] == "previewed"
    assert shown["people"] == 30
    counted = sum(line["value"] for name in ("routes", "exclusions", "later") for line in shown[name])
    assert shown["holdout"] + counted == shown["people"]
    assert 0 < shown["worst_fen"] <= shown["budget_fen"] == 50000
    assert len(shown["samples"]) == 3


async def test_the_same_goal_with_the_same_key_is_one_plan(house: House) -> None:
    ids = set()
    for _ in range(2):
        _, plan = await asked(house, "POST", "/goals", "he", json={"text": GOAL}, headers={"Idempotency-Key": "goal-1"})
        ids.add(plan["id"])
    assert len(ids) == 1


async def test_everybody_is_on_the_list_with_a_reason(house: House) -> None:
    plan = await previewed(house)
    found: list[Any] = []
    after = ""
    while True:
        _, page = await asked(house, "GET", f"/plans/{plan['id']}/people?limit=7&after={after}")
        found += page["people"]
        after = page["next_after"]
        if not after:
            break
    assert len(found) == len({one["member_id"] for one in found}) == 30
    assert all(one["reason"] for one in found if one["state"] in ("out", "later"))
    assert sum(one["included"] for one in found) == plan["preview"]["reachable"]


async def test_only_the_digest_that_was_seen_can_be_approved_and_only_by_who_may(house: House) -> None:
    plan = await previewed(house)
    path = f"/plans/{plan['id']}"
    assert (await asked(house, "POST", f"{path}/approve", "he", json={"digest": plan["digest"]}))[0] == 403
    status, told = await asked(house, "POST", f"{path}/approve", json={"digest": "other"})
    assert (status, told["error"]["code"]) == (409, "digest_changed")
    assert (await asked(house, "PATCH", path, "he", json={"text": "预算改成300元"}))[1]["state"] == "draft"
    assert (await asked(house, "POST", f"{path}/approve", json={"digest": plan["digest"]}))[0] == 409
    plan = (await asked(house, "POST", f"{path}/preview", "he", json={}))[1]
    status, plan = await asked(house, "POST", f"{path}/approve", json={"digest": plan["digest"]})
    assert (status, plan["state"]) == (200, "approved")
    assert (await asked(house, "POST", f"{path}/pause", json={}))[1]["state"] == "paused"
    assert (await asked(house, "POST", f"{path}/resume", json={}))[1]["state"] == "running"
    assert (await asked(house, "POST", f"{path}/stop", json={}))[1]["state"] == "stopped"
    assert (await asked(house, "GET", f"{path}/report"))[1]["funnel"][0]["value"] == 0


async def test_fields_change_the_plan_like_a_sentence_and_bad_ones_are_one_sentence(house: House) -> None:
    plan = await previewed(house)
    path = f"/plans/{plan['id']}"
    _, other = await asked(house, "PATCH", path, json={"fields": {"holdout_percent": 20}, "version": plan["version"]})
    assert (other["id"], other["state"], other["version"], other["digest"]) == (plan["id"], "draft", plan["version"] + 1, "")
    assert other["content"]["holdout_percent"] == 20
    assert not [line for line in other["assumptions"] if line.startswith("默认留")]
    status, told = await asked(house, "PATCH", path, json={"fields": {"channel": "kf"}, "version": plan["version"]})
    assert (status, told["error"]["code"]) == (409, "plan_changed")
    for fields in FIELDS_REFUSED:
        status, told = await asked(house, "PATCH", path, json={"fields": fields})
        assert status in (400, 409), told
        assert told["error"]["code"] != "broken"
    assert (await asked(house, "PATCH", path, json={}))[0] == 400
    assert (await asked(house, "GET", path))[1]["version"] == other["version"]


async def test_the_last_to_change_a_large_plan_cannot_approve_it_alone(house: House) -> None:
    plan = await previewed(house)
    path = f"/plans/{plan['id']}"
    assert plan["preview"]["second_person"]
    await asked(house, "PATCH", path, "song", json={"text": "预算改成400元"})
    plan = (await asked(house, "POST", f"{path}/preview", json={}))[1]
    status, told = await asked(house, "POST", f"{path}/approve", json={"digest": plan["digest"]})
    assert (status, told["error"]["code"]) == (403, "second_person")


async def test_the_pages_of_a_plan_and_a_member_open_and_are_safe(house: House) -> None:
    plan = await previewed(house)
    await house.login("song")
    for path in (
        "/goals",
        f"/plans/{plan['id']}",
        f"/plans/{plan['id']}/people",
        f"/plans/{plan['id']}/report",
        "/members/M00001",
        "/members?q=script",
    ):
        answer = await house.get(path)
        text = await answer.text()
        assert answer.status == 200, path
        assert "<script>alert" not in text, path


async def test_a_plan_goes_from_the_form_to_approval(house: House) -> None:
    await house.login("song")
    csrf = await house.csrf("/goals")
    path = (await house.post("/goals", {"csrf": csrf, "text": GOAL})).headers["Location"]
    assert (await house.post(f"{path}/preview", {"csrf": csrf})).status == 303
    page = await (await house.get(path)).text()
    digest = page.split('name="digest" value="', 1)[1].split('"', 1)[0]
    answer = await house.post(f"{path}/approve", {"csrf": csrf, "digest": digest})
    assert answer.status in (303, 403)
    assert ("另一个人" in await answer.text()) == (answer.status == 403)


async def test_a_member_is_found_by_number_tail_order_and_nickname_and_the_phone_stays_masked(house: House) -> None:
    for words in ("M00005", "0005", "T1", "小5", "13800000005"):
        _, found = await asked(house, "GET", f"/members?q={words}")
        assert "138****0005" in [one["phone"] for one in found["members"]], words
        assert "13800000005" not in str(found)
    _, book = await asked(house, "GET", "/members/M00005/book")
    assert [order["order_no"] for order in book["orders"]] == ["T1"]
    assert (await asked(house, "GET", "/members/nobody"))[0] == 400


def skip_one(work: Work, cause: str) -> None:
    """A plan passed over M00005."""
    candidate = outreach.Candidate(members.find(work, "M00005") or "", "marketing", "", "auto")
    outreach.keep_skips(work, [outreach.KeepSkip(cause, outreach.Skip(candidate, "quiet", "最近联系得够多了"))])


async def test_a_member_s_page_tells_why_nothing_was_sent_and_for_which_plan(house: House) -> None:
    plan = await previewed(house)
    await house.store.write(skip_one, plan["id"], system("test"))
    _, book = await asked(house, "GET", "/members/M00005/book")
    told = [(one["state"], one["reason"], one["cause"], one["because"]) for one in book["touches"]]
    assert told == [("skipped", "最近联系得够多了", plan["id"], GOAL)]
    await house.login("song")
    page = await (await house.get("/members/M00005")).text()
    assert "最近联系得够多了" in page
    assert f"/plans/{plan['id']}" in page
