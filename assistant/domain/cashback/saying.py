"""What a claim's state is called when talking to the member: one sentence each, with what to do where something is to be done."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from assistant.base.clock import SHANGHAI
from assistant.base.money import format_yuan
from assistant.domain.cashback.model import RebateClaim

NEUTRAL = "没有找到能返现的这个订单，请核对订单号；刚下的单可能要过一会儿才能查到"
"""Said alike of numbers that do not exist, belong to others, or are not yet anybody's."""

SAY = {
    "issued": "返现卡已经在您的卡包里，下单后把订单号发给我就能申请",
    "bound": "订单已经记在返现卡上了，最多返 {amount} 元，正在核对订单",
    "waiting_receipt": "还在等您确认收货哦，{when}就能返 {amount} 元",
    "waiting_window": "已确认收货，{when}就能返 {amount} 元",
    "due": "已经满足返现条件，{amount} 元正在等工作人员审核",
    "approved": "审核通过了，{amount} 元马上为您打款",
    "paying": "{amount} 元正在打款，请稍等",
    "wait_user_confirm": "{amount} 元已经发起转账，请在 24 小时内到微信里点“确认收款”",
    "paid": "{paid} 元已到账，请到微信零钱查看",
    "unknown": "{amount} 元的打款结果正在和微信核对，不会少给您，请稍等",
    "void": "这个订单已退款或关闭，返现也就取消了",
    "expired": "这个订单一直没有确认收货，返现申请已过期",
    "rejected": "这笔返现没有通过审核，有疑问可以找我们的工作人员",
    "clawed_back": "订单有退款，之前返的 {clawed} 元会从您以后的返现里抵扣，不会另外向您收取",
}
"""State → the sentence where nothing more special is true."""

_ENDINGS = {
    "void": "{reason}，这笔返现也就取消了",
    "expired": "{reason}，这笔返现就结束了",
    "rejected": "这笔返现没有通过：{reason}",
    "approved": "审核通过了，{amount} 元会为您打款；{reason}",
}
"""State → the sentence where a reason is known."""


def token(package_info: str) -> str:
    """What the address of a member's page ends in: known only to whom it was given."""
    return sha256(package_info.encode()).hexdigest()[:32]


def page_of(one: RebateClaim) -> str:
    """The path of the page on which the member takes the money; empty while there is nothing to take."""
    waits = one.state == "wait_user_confirm" and one.package_info
    return f"/pay/confirm/{one.id}/{token(one.package_info)}" if waits else ""


def say_state(claim: RebateClaim) -> str:
    """Where the claim stands, as one sentence for its member."""
    return _sentence(claim).format(
        amount=format_yuan(claim.payable_fen),
        paid=format_yuan(claim.paid_fen),
        clawed=format_yuan(claim.clawed_fen),
        recovered=format_yuan(claim.recovered_fen),
        when=when_paid(claim),
        reason=claim.reason.rstrip("。"),
    )


def _sentence(claim: RebateClaim) -> str:
    if claim.state == "paid" and claim.recovered_fen:
        paid = "{paid} 元已到账，另有 {recovered} 元抵扣了之前退款订单的返现"
        return paid if claim.paid_fen else "这笔返现 {recovered} 元已用来抵扣之前退款订单的返现"
    if claim.state == "due" and claim.attempt > 1:
        return "上次转账没有成功，{amount} 元还在，正在等工作人员重新审核"
    return _ENDINGS[claim.state] if claim.reason and claim.state in _ENDINGS else SAY[claim.state]


def when_paid(claim: RebateClaim) -> str:
    """When the money may come, by the rule of the card: “收货满 7 天后”, “11月29日退货期结束后”, “审核通过后”."""
    if claim.state in ("issued", "bound", "waiting_receipt"):
        return f"收货满 {claim.window_days} 天后" if claim.window_days else "确认收货后"
    if claim.state == "waiting_window" and claim.ripe_at is not None:
        day = claim.ripe_at.astimezone(SHANGHAI)
        return f"{day.month}月{day.day}日退货期结束后"
    return "审核通过后"


def again_in(outcome: str) -> timedelta:
    """When to ask the payer again after this answer."""
    return timedelta(minutes=10) if outcome == "wait_user" else timedelta(minutes=1)
