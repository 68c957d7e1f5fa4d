"""Two members who are one person: proved or proposed, joined by postings, and given back to each what is its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid
from assistant.base.principal import Principal
from assistant.domain import activities, cashback, ledger, members, membership, orders, outreach, points, stored_value
from assistant.domain.members import Bind, Decline, Identity
from assistant.domain.stored_value import TopUp
from assistant.flows import merging
from assistant.flows.settle import settle_orders
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.merging_help import BOSS, ME, WECHAT, bring, buy, give, join, left, merge, spend, undo, wrong
from tests.rooms.test_activities_parts import SURVEY
from tests.rooms.test_membership_plans import RULES
from tests.rooms.test_membership_windows import obey
from tests.support.fair import body, launch

UNION = Identity("unionid", "u1")
TAOBAO = Identity("taobao", "小满的店")


def same(store: Store, *refs: str) -> set[str]:
    return set(store.look(members.find_all, refs).values())


def standing(store: Store, *ids: str) -> list[membership.Standing]:
    found = store.look(membership.standings, ids)
    return [found[number] for number in ids]


def settle(store: Store, *ids: str) -> list[merging.Merged]:
    return store.do(merging.merge_strong, ids, ME)


def test_a_shared_unionid_makes_two_members_one_at_once(store: Store) -> None:
    shop = join(store, "a", Identity("taobao", "t1"), shop_key="S1", days_ago=90, city="上海")
    chat = join(store, "b", WECHAT, UNION)
    give(store, shop, 300)
    give(store, chat, 20)
    assert bring(store, {"kind": "identity", "member": "S1", "namespace": "unionid", "value": "u1"}) == []
    assert same(store, shop, chat, "S1", "unionid:u1", "taobao:t1") == {chat}
    assert left(store, chat, shop) == [320, 0]
    assert store.look(members.profiles, [chat])[chat].city == "上海"
    assert wrong(store) == []


def test_what_is_only_told_is_proposed_and_changes_nothing(store: Store) -> None:
    shop = join(store, "a", TAOBAO, shop_key="S1")
    chat = join(store, "b", WECHAT, phone="13800000001")
    family = join(store, "c", shop_key="S2", phone="13800000001")
    told = {"kind": "identity", "member": "wecom_external:wm_anna", "namespace": "taobao", "value": TAOBAO.value, "source": "questionnaire"}
    assert bring(store, told) == []
    found = store.look(members.proposals)
    reasons = {frozenset((one.one, one.other)): [reason.say for reason in one.reasons] for one in found}
    assert reasons == {frozenset((shop, chat)): ["同一个 taobao 账号"], frozenset((chat, family)): ["资料里是同一个手机号"]}
    assert len(same(store, shop, chat, family)) == 3


def test_an_account_that_was_only_told_matches_no_orders_until_it_is_proved(store: Store) -> None:
    chat = join(store, "b", WECHAT)
    store.do(members.bind, [Bind("q", chat, TAOBAO, "questionnaire")], ME)
    buy(store, "T1", "", buyer=TAOBAO)
    assert store.look(orders.of_member, chat, 10) == []
    shop = join(store, "a", TAOBAO, shop_key="S1")
    proposal = store.look(members.proposals)[0]
    assert {proposal.one, proposal.other} == {chat, shop}
    assert not proposal.reasons[0].strong


def test_naming_an_order_nobody_owns_binds_its_buyer_and_brings_the_other_orders(store: Store) -> None:
    chat = join(store, "b", WECHAT)
    for number in ("T1001", "T1002"):
        buy(store, number, "", buyer=TAOBAO)
    done = store.do(points.claim_order, [points.ClaimOrder("c", chat, "T1001")], ME)[0]
    assert done.taken
    store.do(orders.match, [chat], ME)
    assert {order.order_no for order in store.look(orders.of_member, chat, 10)} == {"T1001", "T1002"}


def test_naming_the_order_of_another_says_nothing_and_is_proposed_to_people(store: Store) -> None:
    shop = join(store, "a", TAOBAO, shop_key="S1")
    chat = join(store, "b", WECHAT)
    buy(store, "T1001", shop)
    foreign = store.do(points.claim_order, [points.ClaimOrder("c1", chat, "T1001")], ME)[0]
    unknown = store.do(points.claim_order, [points.ClaimOrder("c2", chat, "T9999")], ME)[0]
    assert (foreign.taken, foreign.say) == (False, unknown.say)
    assert settle(store, chat, shop) == []
    proposal = store.look(members.proposals)[0]
    assert ({proposal.one, proposal.other}, proposal.reasons[0].say) == ({chat, shop}, "报出了对方的订单号")


def test_naming_an_order_that_waits_for_its_known_buyer_neither_takes_it_nor_merges_the_two(store: Store) -> None:
    chat = join(store, "b", WECHAT)
    buy(store, "T1001", "", buyer=TAOBAO)
    shop = join(store, "a", TAOBAO, shop_key="S1")
    assert not store.do(points.claim_order, [points.ClaimOrder("c1", chat, "T1001")], ME)[0].taken
    assert settle(store, chat, shop) == []
    assert same(store, chat, shop) == {chat, shop}
    assert [reason.strong for reason in store.look(members.proposals)[0].reasons] == [False]
    store.do(orders.match, [shop], ME)
    assert [order.order_no for order in store.look(orders.of_member, shop, 10)] == ["T1001"]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ((WECHAT, Identity("card", "c1")), (Identity("wecom_external", "wm_bob"),), "两位都有自己的企业微信好友，是两个微信号"),
        ((UNION, Identity("card", "c1")), (Identity("unionid", "u2"),), "两位的微信 unionid 不同，是两个微信号"),
    ],
)
def test_proof_that_contradicts_itself_waits_for_a_person(
    store: Store, one: tuple[Identity, ...], other: tuple[Identity, ...], why: str
) -> None:
    first, second = join(store, "a", *one), join(store, "b", *other)
    store.do(members.bind, [Bind("x", second, Identity("card", "c1"))], ME)
    assert settle(store, first, second) == []
    assert store.look(members.proposals)[0].hindrance == why
    merge(store, first, second)
    assert len(same(store, first, second)) == 1
    assert store.look(members.proposals) == []


def test_an_employee_and_a_customer_are_not_made_one_by_the_house(store: Store) -> None:
    first, second = join(store, "a", Identity("card", "c1")), join(store, "b", is_employee=True)
    store.do(members.bind, [Bind("x", second, Identity("card", "c1"))], ME)
    assert settle(store, first, second) == []
    assert store.look(members.proposals)[0].hindrance == "其中一位是员工"


def test_a_declined_proposal_stays_closed_until_something_new_is_known(store: Store) -> None:
    first = join(store, "a", phone="13800000001")
    second = join(store, "b", shop_key="S2", phone="13800000001")
    store.do(members.decline, [Decline("d", first, second)], BOSS)
    store.do(members.register, [members.Register("again", "S2", (), members.Profile(phone="13800000001"))], ME)
    assert store.look(members.proposals) == []
    with pytest.raises(Conflict):
        store.do(members.decline, [Decline("d2", first, second)], BOSS)
    store.do(members.bind, [Bind("q", second, TAOBAO, "questionnaire"), Bind("r", first, TAOBAO)], ME)
    assert len(store.look(members.proposals)) == 1


def test_undo_gives_each_its_own_and_a_spender_owes_what_was_not_his(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", shop_key="S1")
    give(store, chat, 50)
    give(store, shop, 100)
    done = merge(store, chat, shop)
    assert (done.kept, done.absorbed) == (chat, shop)
    spent = spend(store, chat, 120, "s1")
    assert undo(store, done).points == 100
    assert left(store, chat, shop) == [-70, 100]
    assert wrong(store) == []
    store.do(points.refund_spend, [points.RefundSpend("r", spent)], ME)
    assert left(store, chat, shop) == [50, 100]
    assert wrong(store) == []


def test_later_orders_follow_the_buyer_who_placed_them(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    done = merge(store, chat, shop)
    theirs, ours = buy(store, "T1", "", 10000, buyer=TAOBAO), buy(store, "T2", chat, 5000)
    assert left(store, chat, shop) == [150, 0]
    undo(store, done)
    assert left(store, chat, shop) == [50, 100]
    owners = store.look(orders.many, [theirs, ours])
    assert (owners[theirs].member_id, owners[ours].member_id) == (shop, chat)
    assert [one.growth for one in standing(store, chat, shop)] == [50, 100]
    assert wrong(store) == []


def test_a_spend_before_the_merge_can_be_given_back_after_it_and_after_its_undo(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    give(store, shop, 100)
    first, second = spend(store, shop, 30, "s1"), spend(store, shop, 20, "s2")
    done = merge(store, chat, shop)
    store.do(points.refund_spend, [points.RefundSpend("r1", first)], ME)
    assert left(store, chat) == [80]
    undo(store, done)
    store.do(points.refund_spend, [points.RefundSpend("r2", second)], ME)
    assert left(store, chat, shop) == [0, 100]
    assert wrong(store) == []


def test_a_debt_of_one_is_paid_from_the_other_and_comes_back_with_the_undo(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    order = buy(store, "T1", shop)
    spend(store, shop, 100, "s1")
    store.do(orders.refund, [orders.Refund("r", "taobao", "T1", "R1", 10000, NOON)], ME)
    store.do(settle_orders, [order], ME)
    give(store, chat, 250)
    assert left(store, chat, shop) == [250, -100]
    done = merge(store, chat, shop)
    assert left(store, chat, shop) == [150, 0]
    assert wrong(store) == []
    undo(store, done)
    assert left(store, chat, shop) == [250, -100]
    assert wrong(store) == []


def test_money_that_was_paid_in_is_made_good_by_the_brand(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    store.do(stored_value.top_up, [TopUp("t1", shop, 10000, "wx1", 1000), TopUp("t2", chat, 3000, "wx2", 0)], ME)
    done = merge(store, chat, shop)
    store.do(stored_value.spend, [stored_value.Spend("s", chat, 9000, "O1")], ME)
    given = undo(store, done)
    assert given.made_good_fen > 0
    found = store.look(stored_value.balance, [chat, shop])
    assert (found[shop].principal_fen, found[shop].bonus_fen, found[chat].total_fen) == (10000, 1000, 0)
    assert wrong(store) == []
    store.do(stored_value.return_spend, [stored_value.Return("x", "O1", 9000)], ME)
    assert store.look(stored_value.balance, [shop])[shop].principal_fen == 10000
    assert wrong(store) == []


def test_the_higher_tier_holds_and_each_has_its_own_again(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    store.do(membership.add_growth, [membership.AddGrowth("g1", chat, 400, "x"), membership.AddGrowth("g2", shop, 1700, "x")], ME)
    before = standing(store, chat, shop)
    done = merge(store, chat, shop)
    joined = standing(store, chat)[0]
    assert (joined.growth, joined.tier) == (2100, before[1].tier)
    undo(store, done)
    assert [(one.tier, one.growth) for one in standing(store, chat, shop)] == [(one.tier, one.growth) for one in before]
    assert wrong(store) == []


def test_paid_time_of_both_runs_one_after_the_other_and_none_is_lost(store: Store, clock: ManualClock) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    obey(store, RULES)
    store.do(membership.give_days, [membership.GiveDays("d1", chat, "month", 10), membership.GiveDays("d2", shop, "month", 20)], ME)
    done = merge(store, chat, shop)
    until = store.look(membership.standings, [chat])[chat].plan_until
    assert until is not None
    assert until - clock.now() == timedelta(days=30)
    clock.advance(timedelta(days=4))
    undo(store, done)
    ends = [one.plan_until for one in standing(store, chat, shop)]
    assert [end - clock.now() for end in ends if end] == [timedelta(days=6), timedelta(days=20)]


def test_claims_go_with_their_orders_both_ways(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    assert bring(store, *CARDS) == []
    buy(store, "T1", shop, status="paid")
    store.do(cashback.claim, [cashback.Claim("c", shop, "T1")], ME)
    done = merge(store, chat, shop)
    assert [one.order_no for one in store.look(cashback.claims_of, chat)] == ["T1"]
    assert wrong(store) == []
    undo(store, done)
    assert [one.order_no for one in store.look(cashback.claims_of, shop)] == ["T1"]
    assert wrong(store) == []


CARDS = (
    {
        "kind": "card",
        "key": "c1",
        "member": "taobao:小满的店",
        "issued_at": (NOON - timedelta(days=30)).isoformat(),
        "template": {"key": "t", "name": "返十", "ratio_bp": 1000, "valid_days": 90},
    },
)


def test_a_chain_is_undone_from_its_end(store: Store) -> None:
    first, second, third = join(store, "a", TAOBAO), join(store, "b", days_ago=9), join(store, "c", WECHAT)
    for number, one in enumerate((first, second, third), 1):
        give(store, one, 10 * number)
    inner = merge(store, first, second, "m1")
    outer = merge(store, second, third, "m2")
    assert (inner.kept, outer.kept, left(store, third)) == (second, third, [60])
    assert same(store, first, second, third) == {third}
    with pytest.raises(Conflict, match="先撤销"):
        undo(store, inner)
    undo(store, outer, "u2")
    assert same(store, first, second) == {second}
    undo(store, inner)
    assert left(store, first, second, third) == [10, 20, 30]
    with pytest.raises(Conflict, match="已经撤销"):
        undo(store, inner, "u3")
    assert wrong(store) == []


def test_what_was_earned_at_the_end_of_a_chain_comes_back_through_all_of_it(store: Store) -> None:
    first, second, third = join(store, "a", TAOBAO), join(store, "b", days_ago=9), join(store, "c", WECHAT)
    for number, one in enumerate((first, second, third), 1):
        give(store, one, 10 * number)
    inner = merge(store, first, second, "m1")
    outer = merge(store, second, third, "m2")
    buy(store, "T1", "", 10000, buyer=TAOBAO)
    spend(store, third, 90, "s1")
    assert left(store, third) == [70]
    undo(store, outer, "u2")
    assert left(store, second, third) == [130, -60]
    undo(store, inner)
    assert left(store, first, second, third) == [110, 20, -60]
    assert [one.growth for one in standing(store, first, second, third)] == [100, 0, 0]
    assert wrong(store) == []


def test_who_was_parted_by_a_person_is_not_merged_again_by_the_house(store: Store) -> None:
    first, second = join(store, "a", Identity("card", "c1")), join(store, "b")
    store.do(members.bind, [Bind("x", second, Identity("card", "c1"))], ME)
    done = settle(store, first, second)[0]
    undo(store, done)
    store.do(members.bind, [Bind("y", first, Identity("card", "c2")), Bind("z", second, Identity("card", "c2"))], ME)
    assert settle(store, first, second) == []
    assert store.look(members.proposals)[0].hindrance == "以前合并过又撤销了"


def test_a_merged_member_is_written_to_once_and_found_once(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT, city="上海"), join(store, "b", TAOBAO, city="上海", opted_out=True)
    merge(store, chat, shop)
    assert [one.id for one in store.look(members.search, "")] == [chat]
    assert store.look(members.count) == 1
    decided = store.look(outreach.decide, [outreach.Candidate(one, "care", "生日") for one in (chat, shop)])
    assert [one.code for one in decided if isinstance(one, outreach.Skip)] == ["opted_out", "merged"]


def test_only_who_may_merges(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    clerk = Principal("operator", "operator_he", frozenset({"operator"}))
    with pytest.raises(Forbidden):
        store.do(merging.merge, [merging.Merge("m", chat, shop)], clerk)
    with pytest.raises(Invalid, match="找不到"):
        merge(store, chat, "nobody")
    with pytest.raises(Conflict, match="同一位"):
        merge(store, chat, chat)
    done = merge(store, chat, shop)
    assert merge(store, chat, shop) == done


def test_what_was_written_to_a_merged_member_in_the_same_moment_is_moved_after_it(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    give(store, shop, 10)
    done = merge(store, chat, shop)
    give(store, shop, 90)
    store.do(lambda work, _: merging.catch_up(work), None, ME)
    assert left(store, chat, shop) == [100, 0]
    undo(store, done)
    assert left(store, chat, shop) == [0, 100]
    assert store.look(ledger.totals)["points"] == 0
    assert wrong(store) == []


def test_two_lines_of_one_set_with_one_phone_are_a_proposal(store: Store) -> None:
    lines = [{"kind": "member", "key": f"M{n}", "nickname": f"会员{n}", "phone": "13800000001"} for n in range(2)]
    assert bring(store, *lines) == []
    assert [reason.say for reason in store.look(members.proposals)[0].reasons] == ["资料里是同一个手机号"]
    assert store.look(members.find, "phone:13800000001") == store.look(members.find, "M0")


def test_an_account_told_in_a_survey_is_proposed_and_may_be_left_out(store: Store) -> None:
    asked = {"id": "shop", "text": "您的淘宝账号", "identity": "taobao"}
    launch(store, body("survey", questions=[SURVEY["questions"][0], asked]))
    shop, chat, shy = join(store, "a", TAOBAO), join(store, "b", WECHAT), join(store, "c")
    told = {"fabric": ("纯棉",), "shop": (TAOBAO.value,)}
    store.do(activities.answer, [activities.Answer("a1", chat, "my_survey", told)], Principal("member", chat))
    store.do(activities.answer, [activities.Answer("a2", shy, "my_survey", {"fabric": ("纯棉",)})], Principal("member", shy))
    assert [{one.one, one.other} for one in store.look(members.proposals)] == [{shop, chat}]
    assert settle(store, shop, chat) == []
    with pytest.raises(Invalid, match="只写一个账号"):
        store.do(activities.answer, [activities.Answer("a3", shop, "my_survey", told | {"shop": ("a1", "b2")})], ME)
    with pytest.raises(Invalid, match="至少两个选项"):
        launch(store, body("survey", name="other", questions=[{"id": "shop", "text": "账号"}]))
