"""Forms over rules and activities: sent back as they were they change nothing; each field lands where it belongs; mistakes are named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import activities, membership, points, stored_value
from assistant.flows import demo_activities, demo_membership
from assistant.store import Store
from assistant.web import activity_form, membership_form, points_form
from assistant.web.fields import Group
from tests.browser.web_house import HOSTILE, House, open_house
from tests.conftest import NOON
from tests.support import databases

RULES = points.rules_from(
    {
        "tiers": {"金卡": 150},
        "rates": [{"id": "sleep", "title": "睡衣", "per_hundred": 300, "where": {"categories": ["睡衣"]}}],
        "campaigns": [{"id": "eleven", "title": "双11", "times_percent": 200, "starts": "2026-11-01T00:00:00+08:00"}],
        "caps": [{"id": "day", "title": "每天", "points": 500}],
    }
).model_dump(mode="json")
TIERS = membership.rules_to(membership.rules_from(demo_membership.RULES))
STEPS = stored_value.rules_to(stored_value.rules_from(demo_membership.STORED_VALUE))
NAMES = (["银卡", "金卡"], ["年卡"])


def form_of(groups: Iterable[Group]) -> dict[str, str]:
    """What a browser sends for an untouched form: unticked boxes are not sent."""
    return {one.name: one.value for group in groups for one in group.fields if one.value or one.kind != "flag"}


def test_forms_sent_back_as_they_were_change_nothing() -> None:
    sent = form_of(points_form.groups(RULES, *NAMES))
    assert points.rules_from(points_form.document_of(RULES, *NAMES, sent)) == points.rules_from(RULES)
    sent = form_of(membership_form.tier_groups(TIERS))
    assert membership.rules_from(membership_form.tiers_of(TIERS, sent)) == membership.rules_from(TIERS)
    sent = form_of(membership_form.step_groups(STEPS))
    assert stored_value.rules_from(membership_form.steps_of(STEPS, sent)) == stored_value.rules_from(STEPS)


@pytest.mark.parametrize("described", demo_activities.described(NOON), ids=lambda one: one["kind"])
def test_each_kind_of_activity_sent_back_as_it_was_is_the_same(described: dict[str, Any]) -> None:
    before = activities.activity_from(described)
    plain = activities.plain(before)
    after = activities.activity_from(activity_form.definition_of(plain, False, form_of(activity_form.groups(plain, False))))
    assert activities.plain(after) == plain


ROWS = {
    "lottery": {"prizes.1.title": "袜子", "prizes.1.odds": "5", "prizes.1.stock": "10", "prizes.1.gives": "goods"},
    "tasks": {"tasks.0.title": "下一单"},
    "survey": {"questions.0.text": "喜欢哪种面料", "questions.0.lines": "纯棉 = 偏爱棉质\n真丝"},
    "koc": {"asks.orders": "8"},
}
"""Kind → the least that its rows need."""


def test_every_kind_of_activity_has_a_form() -> None:
    assert activity_form.FORMED == activities.KINDS


@pytest.mark.parametrize("kind", sorted(activity_form.FORMED))
def test_a_form_alone_begins_an_activity_of_its_kind(kind: str) -> None:
    begun = activity_form.begun(kind, NOON)
    sent = form_of(activity_form.groups(begun, True)) | {"name": "fresh", "title": "新活动", "given.rewards": "20", "budget_fen": "100"}
    sent |= ROWS.get(kind, {})
    made = activities.activity_from(activity_form.definition_of(begun, True, sent))
    assert (made.kind, made.name, made.title, made.budget_fen) == (kind, "fresh", "新活动", 10000)
    assert list(made.rewards) == ([] if kind in ("check_in", "lottery", "tasks") else [{"kind": "points", "points": 20}])


def test_points_rows_are_added_changed_and_taken_out() -> None:
    changes = {
        "tiers.金卡": "", "plans.年卡": "200", "rates.0.title": "", "campaigns.1.title": "双12", "campaigns.1.starts": "2026-12-12T00:00",
        "campaigns.1.min_fen": "99.50", "caps.0.points": "300", "per_hundred": "120", "expiry.mode": "never",
    }  # fmt: skip
    made = points_form.document_of(RULES, *NAMES, form_of(points_form.groups(RULES, *NAMES)) | changes)
    rules = points.rules_from(made)
    assert (dict(rules.tiers), dict(rules.plans), rules.rates, rules.per_hundred, rules.expiry.mode) == (
        {},
        {"年卡": 200},
        (),
        120,
        "never",
    )
    assert [(one.id, one.title, one.min_fen) for one in rules.campaigns] == [("eleven", "双11", 0), ("c1", "双12", 9950)]
    assert rules.campaigns[1].starts is not None
    assert rules.campaigns[1].starts.isoformat() == "2026-12-12T00:00:00+08:00"
    assert [(one.id, one.points) for one in rules.caps] == [("day", 300)]


def test_tiers_plans_and_gifts_of_points_are_changed_and_other_gifts_stay() -> None:
    card = {"name": "黑金卡", "when": "entry", "benefit": {"kind": "coupon", "name": "券", "value_fen": 100}}
    before = membership.rules_to(membership.rules_from(TIERS | {"tiers": [*TIERS["tiers"][:3], TIERS["tiers"][3] | {"gifts": [card]}]}))
    groups = membership_form.tier_groups(before)
    assert "tiers.3.given.entry" not in form_of(groups)
    new = {
        "tiers.4.name": "钻石",
        "tiers.4.growth": "20000",
        "tiers.1.given.monthly": "30",
        "tiers.1.given.birthday": "",
        "plans.0.name": "",
    }
    made = membership.rules_from(membership_form.tiers_of(before, form_of(groups) | new))
    assert [tier.name for tier in made.tiers] == ["普通", "银卡", "金卡", "黑金", "钻石"]
    assert [(gift.when, gift.benefit["points"]) for gift in made.tiers[1].gifts] == [("entry", 50), ("monthly", 30)]
    assert made.tiers[3].gifts[0].benefit["kind"] == "coupon"
    assert [plan.id for plan in made.plans] == ["year"]
    sent = form_of(membership_form.step_groups(STEPS)) | {"steps.0.pay_fen": "", "steps.3.pay_fen": "2000", "steps.3.bonus_fen": "300"}
    assert [step.pay_fen for step in stored_value.rules_from(membership_form.steps_of(STEPS, sent)).steps] == [50000, 100000, 200000]


@pytest.mark.parametrize(
    ("name", "value"),
    [("per_hundred", "１００"), ("per_hundred", ""), ("wait_days", "-1"), ("expiry.mode", "x"), ("campaigns.0.starts", "明天")],
)
def test_a_field_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(Invalid, match="“"):
        points_form.document_of(RULES, *NAMES, form_of(points_form.groups(RULES, *NAMES)) | {name: value})


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the rooms' own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        await opened.login("song")
        yield opened


async def sent(house: House, path: str, form: dict[str, str], page: str) -> tuple[int, str]:
    answer = await house.post(path, form | {"csrf": await house.csrf(page)})
    return answer.status, unescape(await answer.text())


async def test_the_pages_of_members_and_rules_stand_beside_each_other(house: House) -> None:
    for path in ("/members", "/linking", "/membership", "/points", "/orders", "/events"):
        text = await (await house.get(path)).text()
        assert f'<a href="{path}" aria-current="page">' in text
        assert text.count('aria-current="page"') == 2, "the tab and 会员 in the menu"
        assert all(f'href="{other}"' in text for other in ("/members", "/membership", "/points", "/orders", "/events"))
    assert "/points" not in await (await house.get("/settings")).text()


async def test_points_rules_are_changed_by_the_form_and_a_mistake_keeps_what_was_written(house: House) -> None:
    form = form_of(points_form.groups(points.Rules().model_dump(mode="json"), ["普通", "银卡", "金卡", "黑金"], [])) | {
        "seen": "0",
        "note": "试",
    }
    status, text = await sent(house, "/points/form", form | {"per_hundred": HOSTILE}, "/points")
    assert (status, "“每消费 100 元得多少积分”请写整数" in text) == (422, True)
    answer = await house.post("/points/form", form | {"per_hundred": HOSTILE, "csrf": await house.csrf("/points")})
    assert "<script>alert" not in await answer.text()
    assert (await sent(house, "/points/form", form | {"per_hundred": "150", "tiers.金卡": "120"}, "/points"))[0] == 303
    found = house.store.look(points.rule_versions)[0]
    assert (found.rules.per_hundred, dict(found.rules.tiers), found.note, found.state) == (150, {"金卡": 120}, "试", "draft")
    assert (await sent(house, "/points/form", form | {"seen": "7"}, "/points"))[0] == 422
    assert (await house.post("/points/form", form | {"csrf": "no"})).status == 403


async def test_tiers_and_steps_are_saved_by_the_form_only_over_what_was_seen(house: House) -> None:
    form = form_of(membership_form.tier_groups(membership.rules_to(membership.DEFAULT_RULES))) | {"seen": "0"}
    plan = {"plans.0.name": "年卡", "plans.0.id": "year", "plans.0.price_fen": "199", "plans.0.given.entry": "500", "plans.0.tier": "金卡"}
    assert (await sent(house, "/membership/tiers/form", form | plan, "/membership"))[0] == 303
    version, rules = house.store.look(membership.rules)
    assert (version, rules.plans[0].price_fen, rules.plans[0].gifts[0].benefit["points"]) == (1, 19900, 500)
    status, text = await sent(house, "/membership/tiers/form", form | plan, "/membership")
    assert (status, "规则刚刚换过一版" in text) == (422, True)
    steps = form_of(membership_form.step_groups(stored_value.rules_to(stored_value.DEFAULT_RULES))) | {"seen": "0"}
    assert (await sent(house, "/membership/stored/form", steps | {"steps.0.pay_fen": "x"}, "/membership"))[0] == 422
    paid = {"steps.0.pay_fen": "500", "steps.0.bonus_fen": "50"}
    assert (await sent(house, "/membership/stored/form", steps | paid, "/membership"))[0] == 303
    assert [step.bonus_fen for step in house.store.look(stored_value.rules)[1].steps] == [5000]
    assert (await house.post("/membership/tiers/form", form | {"csrf": "no"})).status == 403


async def test_an_activity_is_begun_and_changed_by_the_form(house: House) -> None:
    begun = activity_form.begun("flash_sale", NOON)
    form = form_of(activity_form.groups(begun, True)) | {"kind": "flash_sale", "name": "night_sale", "title": "夜场秒杀", "stock": "7"}
    page = "/activities?kind=flash_sale"
    assert (await sent(house, "/activities/form", form | {"name": "Bad Name"}, page))[0] == 422
    assert (await sent(house, "/activities/form", form, page))[0] == 303
    status, text = await sent(house, "/activities/form", form, page)
    assert (status, "请换一个编号" in text) == (422, True)
    one = house.store.look(activities.activity, "night_sale")
    assert one is not None
    assert (one.state, one.activity.title, one.version) == ("draft", "夜场秒杀", 1)
    shown = form_of(activity_form.groups(activities.plain(one.activity), False)) | {"seen": "1"}
    assert (await sent(house, "/activities/night_sale/form", shown | {"points": "88"}, "/activities/night_sale"))[0] == 303
    changed = house.store.look(activities.activity, "night_sale")
    assert changed is not None
    assert (changed.activity.points, changed.version) == (88, 2)
    assert (await sent(house, "/activities/night_sale/form", shown, "/activities/night_sale"))[0] == 422
    assert (await sent(house, "/activities/form", form | {"kind": "lottery"}, page))[0] == 422
    assert (await house.post("/activities/form", form | {"csrf": "no"})).status == 403
