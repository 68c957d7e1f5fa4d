"""The planner's sentences: short, warm, and with figures only from tool results."""

from __future__ import annotations

from typing import Any

UNKNOWN = "这个我不太确定，怕答错耽误您。要不要帮您转人工同事看看？回复“人工”就行。"
GREETING = "您好呀，我在的～想查积分、订单、返现，或者问面料洗护、退换货，直接告诉我就好。"
THANKS = "不客气呀，有需要随时找我～"
NOTHING_WAITS = "现在没有等您确认的事哦。想兑换、返现或者查什么，直接告诉我就好～"
WHO = "我是店里的智能小助手，不是真人哦～查积分、订单、返现，问洗护尺码都可以找我；想找同事聊，回复“人工”就行。"
OTHERS = "只有本人才能查自己的积分、订单和返现哦，请 Ta 用自己的微信来问我，我马上帮 Ta 看。"
SMALL_TALK = {"greeting": GREETING, "thanks": THANKS, "who_are_you": WHO, "others": OTHERS}
PERSONAL = "这个涉及您的个人信息，群里不方便说，点我头像私聊我，我一对一帮您查哦。"
ONE_BY_ONE = "剩下那件等这件办好再跟我说一声，我接着帮您办。"
NEED_ORDER = "好的，把订单号发给我，我帮您看看能不能返现。"
NEED_CLAIM = "好的，把订单号发给我，我帮您把这一单的积分记上。"
NEED_ITEM = "想换哪一件呢？回复“积分能换什么”可以看看商城里有的。"
NEED_WISH = "好呀，想要什么直接说，比如“许愿：想要一条薄荷绿的睡裙”，我帮您记下来。"
NEED_CODE = "把朋友给您的邀请码发给我就行，比如“邀请码 ABCD2345”。"
NEED_PREFERENCE = "好呀，告诉我您的生日（比如 5 月 20 日）、尺码，或者方便联系的时间，我记下来。"


def answer(name: str, data: dict[str, Any]) -> str:
    """The reply to a tool's result; a ready ``say`` wins, then an error's own sentence."""
    if data.get("say"):
        return str(data["say"])
    if "error" in data:
        return str(data["error"])
    make = _ANSWERS.get(name)
    return make(data) if make else UNKNOWN


def _points(data: dict[str, Any]) -> str:
    text = f"您现在有 {data['available']} 积分可以用。"
    if data["pending"]:
        text += f"还有 {data['pending']} 积分待生效，过了退换期就能用啦。"
    if data.get("held"):
        text += f"另有 {data['held']} 积分正在兑换中，先帮您留着。"
    if data["expiring_soon"]:
        text += f"其中 {data['expiring_soon']} 积分快到期了，最早 {data['expiring_on']}，记得用掉哦。"
    return text


def _lots(data: dict[str, Any]) -> str:
    if not data["lots"]:
        return "您现在没有可用的积分批次，下单或签到就能攒起来啦。"
    lines = [f"· 剩 {lot['remaining']} 分，{lot['expires_on'] + ' 到期' if lot['expires_on'] else '长期有效'}" for lot in data["lots"]]
    return "您的积分是这样分批到期的：\n" + "\n".join(lines)


def _history(data: dict[str, Any]) -> str:
    if not data["entries"]:
        return "您的账上还没有积分变动。"
    lines = [f"· {entry['date']}  {entry['change'] + '  ' if entry['change'] else ''}{entry['reason']}" for entry in data["entries"]]
    return "最近的积分变动都在这儿：\n" + "\n".join(lines)


def _rules(data: dict[str, Any]) -> str:
    return "现在这样赚积分：\n" + "\n".join(f"· {rule}" for rule in data["rules"])


def _profile(data: dict[str, Any]) -> str:
    text = f"您现在是{data['tier']}会员，成长值 {data['growth']}。"
    if data.get("next_tier"):
        text += f"再有 {data['growth_needed']} 成长值就升到{data['next_tier']}啦。"
    if data.get("tier_until"):
        short = f"，保级还差 {data['keep_needed']} 成长值" if data["keep_needed"] else "，保级已经够啦"
        text += f"等级在 {data['tier_until']} 复核{short}。"
    if data.get("paid_plan"):
        text += f"您的{data['paid_plan']}到 {data['paid_until']}。"
    return text


def _stored_value(data: dict[str, Any]) -> str:
    if not data["lines"]:
        return "您现在没有储值余额。"
    text = f"您的储值还有 {data['total_yuan']} 元，其中本金 {data['principal_yuan']} 元、赠送 {data['bonus_yuan']} 元。"
    lines = [f"· {one['date']} {one['kind']} {one['principal_yuan']} 元（赠送 {one['bonus_yuan']} 元）" for one in data["lines"]]
    return text + "最近的明细：\n" + "\n".join(lines)


def _orders(data: dict[str, Any]) -> str:
    if not data["orders"]:
        return "还没有查到您的订单。如果是在别的平台买的，把订单号发给我试试。"
    lines = [f"· {one['date']} {one['shop']} {one['order_no']}：{one['paid_yuan']} 元，{one['status']}" for one in data["orders"]]
    return "您最近的订单：\n" + "\n".join(lines)


def _cashback(data: dict[str, Any]) -> str:
    parts = []
    if data["claims"]:
        parts.append(
            "返现进度：\n" + "\n".join(f"· 订单 {one['order_no']}：{one['amount_yuan']} 元，{one['say']}" for one in data["claims"])
        )
    if data["cards"]:
        parts.append(
            "您手上的返现卡：\n" + "\n".join(f"· {one['name']}（{one['rule']}），{one['valid_until']} 前有效" for one in data["cards"])
        )
    return "\n".join(parts) or "您现在没有返现卡，也没有进行中的返现。"


def _mall(data: dict[str, Any]) -> str:
    if not data["items"]:
        return "积分商城暂时在补货，过几天再来看看吧。"
    lines = [f"· {one['title']}：{one['points']} 积分{'' if one['stock'] else '（暂时换完了）'}" for one in data["items"]]
    return "积分可以换这些：\n" + "\n".join(lines) + "\n想换哪一件，直接跟我说。"


def _check_in(data: dict[str, Any]) -> str:
    if data["already"]:
        return f"今天已经签过到啦，连续 {data['streak']} 天，明天再来～"
    return f"签到成功，+{data['points']} 积分，已连续 {data['streak']} 天！"


def _knowledge(data: dict[str, Any]) -> str:
    passages = data["passages"]
    return str(passages[0]["text"]) if passages else UNKNOWN


_ANSWERS = {
    "my_points": _points,
    "my_point_lots": _lots,
    "my_points_history": _history,
    "points_rules": _rules,
    "my_profile": _profile,
    "my_stored_value": _stored_value,
    "my_orders": _orders,
    "my_cashback": _cashback,
    "mall_items": _mall,
    "check_in": _check_in,
    "search_knowledge": _knowledge,
}
