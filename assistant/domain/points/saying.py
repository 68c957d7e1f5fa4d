"""Rules and their effects in words, for members and operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from assistant.base.clock import SHANGHAI
from assistant.base.money import format_yuan
from assistant.domain.points.rules import BASE, PLAN, TIER, Cap, Expiry, Rules, Where, Window

EVERY = {"day": "每天", "month": "每月", "year": "每年", "ever": "一共"}
WHO = {"member": "每位会员", "household": "每个家庭", "all": "全部会员合计"}


def breakdown(rules: Rules, held: str, parts: Mapping[str, int], cut: Sequence[str]) -> str:
    """Which rule gave what, in brackets; empty where the base rate gave all of it."""
    said = []
    if set(parts) - {BASE}:
        titles = rules.titles | ({TIER: f"{held} {_times(rules.tiers[held])}"} if held in rules.tiers else {})
        titles |= {PLAN: f"{held} {_times(rules.plans[held])}"} if held in rules.plans else {}
        said = [f"{titles.get(name, name)} +{part}" for name, part in parts.items()]
    if cut:
        said.append("已到上限：" + "、".join(cut))
    return f"（{'，'.join(said)}）" if said else ""


def in_words(rules: Rules, now: datetime | None = None) -> list[str]:
    """How points are earned and how long they last, a sentence each; with ``now`` windows that are over are left out."""
    said = [_rate(rules.per_hundred)]
    said += [f"{one.title}：{_scope(one.where)}{_rate(one.per_hundred)}" for one in rules.rates]
    said += [f"{name}会员下单积分 {_times(percent)}" for name, percent in rules.tiers.items()]
    said += [f"{name}（付费会员）下单积分 {_times(percent)}" for name, percent in rules.plans.items()]
    for campaign in (one for one in rules.campaigns if _ahead(one, now)):
        gives = [_times(campaign.times_percent) + "积分"] if campaign.times_percent > 100 else []
        gives += [f"加送 {campaign.bonus} 积分"] if campaign.bonus else []
        least = f"满 {format_yuan(campaign.min_fen)} 元" if campaign.min_fen else ""
        said.append(f"{campaign.title}：{_span(campaign)}{_scope(campaign.where)}下单{least}，{'，'.join(gives) or '没有加送'}")
    said += [f"{one.title}：{_span(one)}每次得 {one.points} 积分" for one in rules.behaviours if _ahead(one, now)]
    said += [_cap(rules, cap) for cap in rules.caps]
    said.append(f"订单的积分在确认收货 {rules.wait_days} 天后生效" if rules.wait_days else "订单的积分在确认收货后生效")
    said.append(_expiry(rules.expiry))
    return said


def _cap(rules: Rules, cap: Cap) -> str:
    what = "、".join(f"「{rules.titles[name]}」" for name in cap.rules) or "消费和行为"
    return f"{cap.title}：{WHO[cap.who]}{EVERY[cap.every]}最多从{what}得 {cap.points} 积分"


def _expiry(expiry: Expiry) -> str:
    if expiry.mode == "never":
        return "积分长期有效"
    if expiry.mode == "fixed":
        unit = "年" if expiry.unit == "year" else "个月"
        when = f"生效后第 {expiry.after} {unit}" if expiry.after else f"生效当{'年' if expiry.unit == 'year' else '月'}"
        return f"积分在{when}的{'年' if expiry.unit == 'year' else '月'}底到期"
    if expiry.mode == "inactivity":
        return f"连续 {expiry.days} 天没有下单或互动，积分就会到期；每次下单或互动都会重新计算"
    return f"积分生效后 {expiry.days} 天到期"


def _ahead(window: Window, now: datetime | None) -> bool:
    return now is None or window.ends is None or window.ends > now


def _rate(per_hundred: int) -> str:
    whole, rest = divmod(per_hundred, 100)
    return f"每消费 100 元得 {per_hundred} 积分" if rest else f"每消费 1 元得 {whole} 积分" if whole else "不积分"


def _times(percent: int) -> str:
    whole, rest = divmod(percent, 100)
    if not rest:
        return "双倍" if whole == 2 else f"{whole} 倍"
    return f"{whole}.{rest:02d}".rstrip("0") + " 倍"


def _scope(where: Where) -> str:
    named = [*where.categories, *where.shops, *where.live_rooms, *where.sources]
    if where.skus:
        named.append("指定商品")
    return f"（{'、'.join(named)}）" if named else ""


def _span(window: Window) -> str:
    days = [f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else "" for at in (window.starts, window.ends)]
    return f"{days[0] or '现在'} 到 {days[1] or '长期'}，" if any(days) else ""
