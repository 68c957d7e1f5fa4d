"""What a claim's state is called when talking to the member: one sentence each, with what to do where something is to be done."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import SHANGHAI
from assistant.base.money import format_yuan
from assistant.domain.cashback.model import RebateClaim

NEUTRAL = "没有找到能返现的这个订单，请核对订单号；刚下的单可能要过一会儿才能查到"
"""Said alike of numbers that do not exist, belong to others, or are not yet anybody's."""

_SAY = {
    "waiting_receipt": "还在等您确认收货哦，收货满 7 天后就能返 {amount} 元",
    "due": "已经满足返现条件，{amount} 元正在等工作人员审核",
    "approved": "审核通过了，{amount} 元马上为您打款",
    "paying": "{amount} 元正在打款，请稍等",
    "wait_user_confirm": "{amount} 元已经发起转账，请在 24 小时内到微信里点“确认收款”",
    "unknown": "{amount} 元的打款结果正在和微信核对，不会少给您，请稍等",
    "void": "这个订单已退款或关闭，返现也就取消了",
    "expired": "这个订单一直没有确认收货，返现申请已过期",
}


def say_state(claim: RebateClaim) -> str:
    """Where the claim stands, as one sentence for its member."""
    amount = format_yuan(claim.payable_fen)
    if claim.state == "waiting_window" and claim.ripe_at is not None:
        day = claim.ripe_at.astimezone(SHANGHAI)
        return f"已确认收货，{day.month}月{day.day}日退货期结束后就能返 {amount} 元"
    if claim.state == "paid":
        return _paid(claim)
    if claim.state == "clawed_back":
        return f"订单有退款，之前返的 {format_yuan(claim.clawed_fen)} 元会从您以后的返现里抵扣，不会另外向您收取"
    if claim.state == "rejected":
        return f"这笔返现没有通过：{claim.reason}" if claim.reason else "这笔返现没有通过审核，有疑问可以找我们的工作人员"
    if claim.state == "due" and claim.attempt > 1:
        return f"上次转账没有成功，{amount} 元还在，正在等工作人员重新审核"
    return _SAY.get(claim.state, "正在处理，请稍等").format(amount=amount)


def _paid(claim: RebateClaim) -> str:
    if claim.recovered_fen and not claim.paid_fen:
        return f"这笔返现 {format_yuan(claim.recovered_fen)} 元已用来抵扣之前退款订单的返现"
    if claim.recovered_fen:
        return f"{format_yuan(claim.paid_fen)} 元已到账，另有 {format_yuan(claim.recovered_fen)} 元抵扣了之前退款订单的返现"
    return f"{format_yuan(claim.paid_fen)} 元已到账，请到微信零钱查看"


def again_in(outcome: str) -> timedelta:
    """When to ask the payer again after this answer."""
    return timedelta(minutes=10) if outcome == "wait_user" else timedelta(minutes=1)
