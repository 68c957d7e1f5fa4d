"""Asking for, giving and refusing approval: what was seen is what is signed, and its budget is set aside in the same commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from assistant import access
from assistant.base.clock import parse_instant
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.domain import benefits, ledger
from assistant.operations import store
from assistant.operations.previewing import sending_time
from assistant.operations.values import Approve, Changed, Reject, Stored, Submit
from assistant.store import Due, Work, once

VALID_FOR = timedelta(days=7)
ASSET = benefits.BUDGET_ASSET
BRAND = ledger.Account("brand:marketing", ASSET)
OPEN = ("previewed", "awaiting_approval")


def submit(work: Work, requests: Sequence[Submit]) -> list[Changed]:
    """Puts previewed plans before an approver. Raises Refused if a text may not be sent as it is.

    Who may edit asks for approval; who may approve may do so straight away.
    """
    if not access.allowed(work.principal, "plan:approve"):
        access.require(work.principal, "plan:edit")
    return once(work, "plan.submit", requests, Changed, _submit)


def _submit(work: Work, requests: list[Submit]) -> list[Changed]:
    return [_ask(work, store.locked(work, request.plan_id)) for request in requests]


def _ask(work: Work, stored: Stored) -> Changed:
    if stored.state not in OPEN:
        raise Refused("先预览，再提交审批", code="not_previewed", state=stored.state)
    if stored.progress.get("blocked"):
        raise Refused("文案没有通过检查：" + "；".join(stored.progress["done"]["warnings"]), code="text_blocked")
    if stored.state == "previewed":
        store.change(work, stored, state="awaiting_approval", expires_at=work.now + VALID_FOR)
    return Changed(stored.id, "awaiting_approval")


def approve(work: Work, requests: Sequence[Approve]) -> list[Changed]:
    """Approves plans: the digest must be that of the preview, the person must have the right, and above the limit not be the maker.

    Raises Forbidden, Conflict(code="digest_changed"), Refused for a plan that is not waiting, has expired, or whose time is past.
    """
    return once(work, "plan.approve", requests, Changed, _approve)


def _approve(work: Work, requests: list[Approve]) -> list[Changed]:
    access.require(work.principal, "plan:approve")
    return [_approve_one(work, request) for request in requests]


def _approve_one(work: Work, request: Approve) -> Changed:
    stored = store.locked(work, request.plan_id)
    shown = stored.preview
    if stored.state != "awaiting_approval" or shown is None:
        raise Refused("这个方案不在等待审批", code="not_waiting", state=stored.state)
    if request.digest != stored.digest:
        raise Conflict("方案在您查看之后有了变化，请重新查看再批准", code="digest_changed", plan=stored.id)
    if stored.expires_at is not None and work.now >= stored.expires_at:
        raise Refused("审批已过期，请重新预览", code="approval_expired")
    start = sending_time(stored.plan, work.now)
    if stored.plan.schedule.by and start >= parse_instant(stored.plan.schedule.by):
        raise Refused("已经过了方案的截止时间", code="too_late")
    if shown.second_person and work.principal.label == stored.maker:
        raise Forbidden("这个方案超过了限额，要由另一个人批准", code="second_person")
    hold_id = _reserve(work, stored, shown.worst_fen)
    store.change(work, stored, state="approved", decided_by=work.principal.label, hold_id=hold_id, expires_at=None)
    work.due(Due("plan.chunk", f"{stored.id}:0", start, {"plan": stored.id, "chunk": 0}, order_key=f"plan:{stored.id}"))
    return Changed(stored.id, "approved")


def _reserve(work: Work, stored: Stored, amount: int) -> str:
    """Moves the worst case from the brand's marketing money to the plan's budget and holds it; without costs there is no hold."""
    if amount == 0:
        return ""
    account = ledger.Account(f"budget:{stored.id}", ASSET)
    ledger.post(work, [ledger.Posting(f"plan:{stored.id}:budget", BRAND, account, amount, stored.plan.title)])
    return ledger.hold(work, [ledger.Hold(f"plan:{stored.id}", account, amount)])[0].id


def release(work: Work, stored: Stored) -> int:
    """Gives what was not spent back to the brand; returns fen."""
    if not stored.hold_id:
        return 0
    left = ledger.release_hold(work, [ledger.ReleaseHold(f"plan:{stored.id}:release", stored.hold_id)])[0].amount
    if left:
        account = ledger.Account(f"budget:{stored.id}", ASSET)
        ledger.post(work, [ledger.Posting(f"plan:{stored.id}:return", account, BRAND, left, stored.plan.title)])
    return left


def reject(work: Work, requests: Sequence[Reject]) -> list[Changed]:
    """Refuses plans that are previewed or waiting; a reason is needed."""
    return once(work, "plan.reject", requests, Changed, _reject)


def _reject(work: Work, requests: list[Reject]) -> list[Changed]:
    access.require(work.principal, "plan:approve")
    done = []
    for request in requests:
        stored = store.locked(work, request.plan_id)
        if not request.reason.strip():
            raise Invalid("请写明不批准的原因", code="reason_needed")
        if stored.state not in OPEN:
            raise Refused("这个方案不在等待审批", code="not_waiting", state=stored.state)
        values = {"state": "rejected", "decided_by": work.principal.label, "reason": request.reason.strip(), "ended_at": work.now}
        store.change(work, stored, **values)
        done.append(Changed(stored.id, "rejected"))
    return done


def expire_plans(work: Work) -> int:
    """Closes plans that nobody approved in time; returns how many. At most 200 a run."""
    gone = 0
    for plan in store.list_plans(work, ["awaiting_approval"], 200):
        stored = store.locked(work, plan.id)
        if stored.state == "awaiting_approval" and stored.expires_at is not None and work.now >= stored.expires_at:
            store.change(work, stored, state="expired", reason="七天内没有人批准", ended_at=work.now)
            gone += 1
    return gone
