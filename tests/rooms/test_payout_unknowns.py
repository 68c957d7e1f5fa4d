"""What nobody can know about a payout goes to a person and is never paid again; a fault of our set-up stops them all with one task."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken, Conflict, Forbidden, Invalid, Refused, Transient
from assistant.base.principal import Principal
from assistant.domain import cashback, members, staff
from assistant.domain.cashback import AskAgain, GoOn, PaidByHand, RebateClaim, Rule
from assistant.flows import payout
from assistant.flows.reconciling import Reconciler
from assistant.payments import Answer
from assistant.store import Store, due
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, approved, ripened, sound, state_of, told, wallet

MATE = Principal("operator", "mei", frozenset({"approver"}))
VIEWER = Principal("operator", "lu", frozenset({"viewer"}))


@dataclass
class Payer:
    """Answers as it is told and keeps what it was asked; an answer that is an error is raised."""

    on_query: Answer | Exception = field(default_factory=lambda: Answer("not_found"))
    on_pay: Answer | Exception = field(default_factory=lambda: Answer("paid"))
    app: str = "wx1"
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "") -> Answer:
        return self._said("pay", bill_no, self.on_pay)

    async def query(self, bill_no: str) -> Answer:
        return self._said("query", bill_no, self.on_query)

    async def cancel(self, bill_no: str) -> Answer:
        return self._said("cancel", bill_no, Answer("accepted"))

    def _said(self, what: str, bill_no: str, answer: Answer | Exception) -> Answer:
        self.asked.append((what, bill_no))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def calls(self) -> list[str]:
        return [what for what, _ in self.asked]


SILENT = Transient("没有回应", code="payer_silent")
WRONG = Broken("签名不对", code="payer_setup")


def ready(store: Store, clock: ManualClock, number: str = "T1", fen: int = 995) -> str:
    wallet(store)
    claim_id = ripened(store, clock, number, Rule(fixed_fen=fen), f"fixed{fen}")
    approved(store, claim_id)
    if fen > 10_000:
        store.do(cashback.approve, [cashback.Approve(f"mate:{claim_id}", claim_id)], MATE)
    return claim_id


def one(store: Store, claim_id: str) -> RebateClaim:
    return store.look(cashback.claims_by_id, [claim_id])[claim_id]


async def differences(store: Store, payer: Payer, night: str) -> list[str]:
    """What a night finds about payouts."""
    return [found.kind for found in (await Reconciler(store, payer).run(night)).found if found.kind.startswith("payout")]


def due_at(store: Store, claim_id: str) -> object:
    return store.look(lambda view: view.scalar(sa.select(due.c.due_at).where(due.c.kind == "payout", due.c.key == claim_id)))


def tasks(store: Store) -> list[str]:
    return [ticket.title for ticket in store.look(staff.open_tickets)]


async def test_a_bill_not_found_within_the_time_of_answers_is_paid_by_the_same_number(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=SILENT)
    assert await payout.carry(store, payer, claim_id, "1") == "unknown"
    clock.advance(timedelta(days=28))
    payer.on_pay = Answer("paid")
    assert await payout.carry(store, payer, claim_id, "2") == "paid"
    assert (payer.calls, len({number for _, number in payer.asked})) == (["pay", "query", "pay"], 1)


async def test_an_old_bill_not_found_is_never_paid_again_but_asked_of_a_person(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=SILENT)
    await payout.carry(store, payer, claim_id, "1")
    clock.advance(timedelta(days=31))
    for turn in "23":
        assert await payout.carry(store, payer, claim_id, turn) == "unknown"
    assert payer.calls == ["pay", "query", "query"]
    assert "31 天前" in one(store, claim_id).attention
    assert tasks(store) == ["返现打款要人工核对：T1"]
    assert [claim.id for claim in store.look(cashback.needs_person)] == [claim_id]
    assert "正在和微信核对" in told(store, claim_id)


async def test_a_number_that_was_refused_long_ago_is_asked_about_before_it_is_shown_again(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=Answer("refused", "忙"))
    assert await payout.carry(store, payer, claim_id, "1") == "due"
    clock.advance(timedelta(days=31))
    approved(store, claim_id, "again")
    payer.on_pay = Answer("paid")
    assert await payout.carry(store, payer, claim_id, "2") == "unknown"
    assert payer.calls == ["pay", "query", "query"]


@pytest.mark.parametrize(
    "held", [Answer("paid", amount_fen=9_950), Answer("paid", amount_fen=995, payee="somebody"), Answer("closed", amount_fen=1)]
)
async def test_a_bill_the_payer_holds_otherwise_is_neither_paid_nor_free(store: Store, clock: ManualClock, held: Answer) -> None:
    claim_id, payer = ready(store, clock), Payer(on_query=held, on_pay=SILENT)
    await payout.carry(store, payer, claim_id, "1")
    assert await payout.carry(store, payer, claim_id, "2") == "unknown"
    assert "请核对" in one(store, claim_id).attention
    assert tasks(store) == ["返现打款要人工核对：T1"]
    payer.on_query = Answer("paid", amount_fen=995, payee="open-anna")
    assert await payout.carry(store, payer, claim_id, "3") == "paid"
    assert (one(store, claim_id).attention, store.look(cashback.needs_person)) == ("", [])
    assert sound(store)


async def test_a_duplicate_with_another_amount_is_seen_through_the_refusal(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = Payer(on_pay=Answer("refused", "单号已存在"), on_query=Answer("paid", amount_fen=1, payee="open-anna"))
    assert await payout.carry(store, payer, claim_id, "1") == "unknown"
    assert "0.01 元" in one(store, claim_id).attention


async def test_only_the_openid_of_the_payers_app_is_paid(store: Store, clock: ManualClock) -> None:
    others = (
        members.Identity("openid:wx2", "open-other"),
        members.Identity("openid", "open-bare"),
        members.Identity("wecom_external", "wm1"),
    )
    store.do(members.register, [members.Register("anna", "shop-anna", others)], ME)
    claim_id, payer = ripened(store, clock), Payer()
    approved(store, claim_id)
    for turn in "12":
        assert await payout.carry(store, payer, claim_id, turn) == "approved"
    assert (payer.calls, one(store, claim_id).attention) == ([], "会员还没有小程序或公众号 wx1 的 openid，绑定后会自动打款")
    store.do(members.bind, [members.Bind("b", ANNA, members.Identity("openid:wx1", "open-anna"))], ME)
    assert await payout.carry(store, payer, claim_id, "3") == "paid"
    assert one(store, claim_id).payee == "open-anna"


async def test_a_fault_of_our_set_up_stops_all_payouts_with_one_task_and_the_claims_wait(store: Store, clock: ManualClock) -> None:
    first, second = ready(store, clock, "T1"), ready(store, clock, "T2")
    payer = Payer(on_pay=WRONG, on_query=WRONG)
    assert await payout.carry(store, payer, first, "1") == "unknown"
    for turn in "23":
        assert await payout.carry(store, payer, second, turn) == "approved"
        assert await payout.carry(store, payer, first, f"first{turn}") == "unknown"
    assert (payer.calls, tasks(store)) == (["pay"], ["返现打款已暂停"])
    assert store.look(cashback.halted_why) == "签名不对"
    assert {claim.id for claim in store.look(cashback.needs_person)} == {first, second}
    assert due_at(store, first) == due_at(store, second) == clock.now() + timedelta(hours=1)
    with pytest.raises(Refused):
        store.do(cashback.ask_again, [AskAgain("a", first)], BOSS)
    with pytest.raises(Forbidden):
        store.do(cashback.go_on, [GoOn("g")], VIEWER)
    store.do(cashback.go_on, [GoOn("g2")], BOSS)
    assert due_at(store, first) == due_at(store, second) == clock.now()
    payer.on_pay, payer.on_query = Answer("paid"), Answer("not_found")
    for claim_id in (first, second):
        assert await payout.carry(store, payer, claim_id, f"later{claim_id}") == "paid"
    assert payer.calls == ["pay", "query", "pay", "pay"]
    assert sound(store)


async def test_what_nobody_confirms_and_the_payer_does_not_close_is_taken_back(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=Answer("wait_user", package_info="open-me"))
    assert await payout.carry(store, payer, claim_id, "1") == "wait_user_confirm"
    assert one(store, claim_id).package_info == "open-me"
    payer.on_query = Answer("wait_user", amount_fen=995, payee="open-anna")
    clock.advance(timedelta(hours=25))
    assert await payout.carry(store, payer, claim_id, "2") == "wait_user_confirm"
    clock.advance(timedelta(hours=2))
    assert await payout.carry(store, payer, claim_id, "3") == "wait_user_confirm"
    assert payer.calls == ["pay", "query", "query", "cancel"]
    payer.on_query = Answer("closed", "撤销", amount_fen=995, payee="open-anna")
    assert await payout.carry(store, payer, claim_id, "4") == "due"
    assert (one(store, claim_id).package_info, one(store, claim_id).attempt) == ("", 2)


async def test_the_page_to_confirm_on_is_asked_for_again_when_its_answer_was_lost(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=SILENT, on_query=Answer("wait_user", amount_fen=995, payee="open-anna"))
    await payout.carry(store, payer, claim_id, "1")
    payer.on_pay = Answer("wait_user", package_info="open-me")
    assert await payout.carry(store, payer, claim_id, "2") == "wait_user_confirm"
    assert one(store, claim_id).package_info == "open-me"
    assert (payer.calls, len({number for _, number in payer.asked})) == (["pay", "query", "pay"], 1)


async def test_a_person_asks_again_or_notes_what_was_paid_by_hand(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=SILENT, on_query=SILENT)
    with pytest.raises(Refused):
        store.do(cashback.paid_by_hand, [PaidByHand("early", claim_id, "VOUCHER-1")], BOSS)
    await payout.carry(store, payer, claim_id, "1")
    assert store.do(cashback.ask_again, [AskAgain("again", claim_id)], BOSS)[0].state == "unknown"
    with pytest.raises(Forbidden):
        store.do(cashback.paid_by_hand, [PaidByHand("v", claim_id, "VOUCHER-1")], VIEWER)
    with pytest.raises(Invalid):
        store.do(cashback.paid_by_hand, [PaidByHand("empty", claim_id, " ")], BOSS)
    for _ in range(2):
        assert store.do(cashback.paid_by_hand, [PaidByHand("hand", claim_id, "VOUCHER-1")], BOSS)[0].state == "paid"
    with pytest.raises(Conflict):
        store.do(cashback.paid_by_hand, [PaidByHand("hand", claim_id, "VOUCHER-2")], BOSS)
    payer.on_query = Answer("not_found")
    assert await payout.carry(store, payer, claim_id, "2") == "paid"
    assert payer.calls == ["pay"]
    assert (one(store, claim_id).reason, one(store, claim_id).hand_by) == ("人工打款，凭证号 VOUCHER-1", "operator:he")
    assert sound(store)
    assert await differences(store, payer, "n1") == []
    payer.on_query = replace(Answer("paid"), amount_fen=995, payee="open-anna")
    assert await differences(store, payer, "n2") == ["payout_by_hand"]


async def test_a_large_payout_by_hand_needs_two_people_with_the_same_voucher(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock, fen=15_000)
    await payout.carry(store, Payer(on_pay=SILENT), claim_id, "1")
    assert store.do(cashback.paid_by_hand, [PaidByHand("a", claim_id, "VOUCHER-1")], BOSS)[0].needs_second
    with pytest.raises(Refused, match="另一位"):
        store.do(cashback.paid_by_hand, [PaidByHand("b", claim_id, "VOUCHER-1")], BOSS)
    with pytest.raises(Refused, match="不一样"):
        store.do(cashback.paid_by_hand, [PaidByHand("c", claim_id, "VOUCHER-2")], MATE)
    assert state_of(store, claim_id) == "unknown"
    assert store.do(cashback.paid_by_hand, [PaidByHand("d", claim_id, "VOUCHER-1")], MATE)[0].state == "paid"
    assert sound(store)


async def test_a_bill_whose_carrier_died_for_good_is_listed_and_carried_on_when_a_person_asks(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer()

    def die(stage: str) -> None:
        if stage == "payout.asked":
            raise RuntimeError(stage)

    with pytest.raises(RuntimeError):
        await payout.carry(store, payer, claim_id, "1", die)
    assert store.look(cashback.needs_person) == []
    clock.advance(timedelta(minutes=16))
    assert [claim.id for claim in store.look(cashback.needs_person)] == [claim_id]
    store.do(cashback.ask_again, [AskAgain("again", claim_id)], BOSS)
    payer.on_query = Answer("paid", amount_fen=995, payee="open-anna")
    assert await payout.carry(store, payer, claim_id, "2") == "paid"
    assert payer.calls == ["pay", "query"]


async def test_a_claim_is_found_by_the_number_of_its_present_bill_only(store: Store, clock: ManualClock) -> None:
    claim_id, payer = ready(store, clock), Payer(on_pay=SILENT, on_query=Answer("closed", amount_fen=995))
    await payout.carry(store, payer, claim_id, "1")
    number = one(store, claim_id).bill_no
    assert number.isascii()
    assert number.isalnum()
    assert len(number) <= 32
    found = store.look(cashback.by_bill_no, number)
    assert found is not None
    assert (found.id, found.member_id) == (claim_id, ANNA)
    assert await payout.carry(store, payer, claim_id, "2") == "due"
    assert store.look(cashback.by_bill_no, number) is None
