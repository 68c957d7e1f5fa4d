"""The demo brand 棉语 MIANYU: an underwear and homewear shop, made from a seed as import lines. Invented people only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from assistant.base.chance import SeededChance
from assistant.base.clock import SHANGHAI

MEMBERS = 3000
ORDERS = 6000
SEED = 20261122
APPID = "wxdemo0000000001"
"""The app whose openids the demo's members have."""

STAFF = (
    ("lin", "林晓", "guide"),
    ("chen", "陈默", "guide"),
    ("zhao", "赵敏敏", "guide"),
    ("wu", "吴桐", "service"),
    ("he", "何运营", "operator"),
    ("song", "宋经理", "manager"),
)
GUIDES = ("lin", "chen", "zhao")
GROUPS = (
    ("wr_office", "棉语·上班族姐妹群", "lin", "上班族"),
    ("wr_mother", "棉语·宝妈互助群", "chen", "年轻妈妈"),
    ("wr_single", "棉语·一个人的家", "zhao", "独居"),
    ("wr_vip", "棉语·黑金老友群", "lin", "VIP"),
)
CITIES = ("上海", "上海", "上海", "杭州", "杭州", "北京", "北京", "广州", "深圳", "成都", "南京", "苏州", "武汉", "西安", "长沙", "重庆")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (
    "小满",
    "一诺",
    "可可",
    "思远",
    "若曦",
    "佳宁",
    "雨桐",
    "安然",
    "梓涵",
    "静怡",
    "晓彤",
    "亦菲",
    "木子",
    "青青",
    "悠悠",
    "阿宁",
    "多多",
    "米粒",
    "初夏",
    "知秋",
)
PRODUCTS = (
    ("S101", "精梳棉睡衣套装", "睡衣", 19900, "cotton"),
    ("S102", "凉感丝睡裙", "睡衣", 16900, "cool_silk"),
    ("S103", "桑蚕丝吊带睡裙", "睡衣", 45900, "silk"),
    ("S104", "法兰绒家居服", "家居服", 23900, "flannel"),
    ("S105", "精梳棉家居裤", "家居服", 9900, "cotton"),
    ("B201", "无钢圈软支撑文胸", "文胸", 12900, "modal"),
    ("B202", "蕾丝薄杯文胸", "文胸", 15900, "lace"),
    ("B203", "哺乳文胸", "文胸", 13900, "cotton"),
    ("P301", "莫代尔内裤三条装", "内裤", 6900, "modal"),
    ("P302", "精梳棉内裤五条装", "内裤", 8900, "cotton"),
    ("P303", "男士莫代尔平角裤三条装", "内裤", 8900, "modal"),
    ("K401", "中筒纯棉袜五双装", "袜子", 3900, "cotton"),
    ("K402", "珊瑚绒地板袜", "袜子", 2900, "fleece"),
    ("T501", "德绒保暖内衣套装", "保暖", 25900, "thermal"),
)
SHOPS = (
    ("taobao", "棉语旗舰店"),
    ("taobao", "棉语旗舰店"),
    ("douyin", "棉语抖音直播间"),
    ("douyin", "棉语抖音直播间"),
    ("jd", "棉语京东自营"),
    ("youzan", "棉语会员商城"),
)
PREFERENCE = {"cotton": "偏爱棉质", "cool_silk": "偏爱凉感丝", "silk": "偏爱真丝", "modal": "偏爱莫代尔"}
TEMPLATES = (
    {
        "key": "tpl_newcomer",
        "name": "新人首单返现卡",
        "ratio_bp": 1000,
        "cap_fen": 2000,
        "valid_days": 60,
        "uses": 1,
        "stock": 5000,
        "budget_fen": 5000000,
    },
    {
        "key": "tpl_live",
        "name": "直播间专享返现卡",
        "fixed_fen": 800,
        "floor_fen": 9900,
        "valid_days": 45,
        "uses": 1,
        "stock": 3000,
        "budget_fen": 2000000,
        "sources": ["douyin"],
    },
    {
        "key": "tpl_birthday",
        "name": "生日返现卡",
        "ratio_bp": 1500,
        "cap_fen": 3000,
        "valid_days": 30,
        "uses": 1,
        "stock": 5000,
        "budget_fen": 5000000,
    },
)


ONE_PHONE = (8, 40)
"""Two members whose profiles tell the same phone: a pair for somebody to look at."""


def lines(now: datetime, members: int = MEMBERS, orders: int = ORDERS) -> Iterator[dict[str, Any]]:
    """Import lines for the whole brand as seen at ``now``; the same ``now`` gives the same lines."""
    chance = SeededChance(SEED)
    yield from ({"kind": "staff", "userid": userid, "name": name, "role": role} for userid, name, role in STAFF)
    people = [_member(chance, now, number) for number in range(members)]
    yield from people
    for chatid, name, owner, persona in GROUPS:
        inside = [person["key"] for person in people if chatid in person["groups"]]
        yield {"kind": "group", "chatid": chatid, "name": name, "owner": owner, "persona": persona, "members": inside[:500]}
    placed = list(_orders(chance, now, people, orders))
    yield from placed
    yield from _refunds(chance, now, placed)
    yield from _opening(chance, now, people)
    yield from _cards(chance, now, people, placed)
    yield from _brought(people)
    yield from _tags(people, placed)
    yield from _contacts(chance, now, people)
    yield from _events(chance, now, people)


def _iso(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _pick(chance: SeededChance, options: Any) -> Any:
    return options[chance.below(len(options))]


def _ago(chance: SeededChance, now: datetime, most_days: int, least_days: int = 0) -> datetime:
    span = (most_days - least_days) * 86400
    return now - timedelta(days=least_days, seconds=chance.below(max(1, span)))


def _member(chance: SeededChance, now: datetime, number: int) -> dict[str, Any]:
    key = f"M{number + 1:05d}"
    male = chance.unit() < 0.12
    age = int(700 * chance.unit() ** 1.5)
    month, day = 1 + chance.below(12), 1 + chance.below(28)
    today = now.astimezone(SHANGHAI)
    if number % 30 == 0:
        soon = today + timedelta(days=number % 60 // 30)
        month, day = soon.month, min(soon.day, 28) if soon.month == 2 else soon.day
    birthday = f"{month:02d}-{day:02d}" if chance.unit() < 0.6 else f"{1975 + chance.below(30)}-{month:02d}-{day:02d}"
    group = [_pick(chance, GROUPS)[0]] if chance.unit() < 0.35 else []
    line: dict[str, Any] = {
        "kind": "member",
        "key": key,
        "nickname": _pick(chance, SURNAMES) + _pick(chance, GIVEN) if chance.unit() < 0.6 else _pick(chance, GIVEN),
        "phone": f"1{_pick(chance, ('38', '39', '50', '86', '77'))}{number:08d}",
        "gender": "male" if male else "female",
        "city": _pick(chance, CITIES),
        "birthday": birthday,
        "joined_at": _iso(now - timedelta(days=age, seconds=chance.below(80000))),
        "owner_staff": GUIDES[number % len(GUIDES)],
        "groups": group,
        "identities": [
            {"namespace": "wecom_external", "value": f"wm_{key.lower()}"},
            {"namespace": f"openid:{APPID}", "value": f"o_{key.lower()}"},
        ],
    }
    line |= {"opted_out": True} if chance.unit() < 0.03 else {}
    line |= {"blocked": True} if chance.unit() < 0.01 else {}
    line |= {"is_employee": True} if chance.unit() < 0.004 else {}
    line |= {"open_complaint": True} if chance.unit() < 0.006 else {}
    line |= {"preferred_hour": 10 + chance.below(11)} if chance.unit() < 0.4 else {}
    if number == 0:
        line |= {"nickname": "林小满", "gender": "female", "city": "上海", "groups": ["wr_office"], "opted_out": False}
    if number in ONE_PHONE:
        line |= {"phone": "13800000008"}
    return line


def _orders(chance: SeededChance, now: datetime, people: list[dict[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        # A fifth of the members place most of the orders, as field-notes.md reports of such brands.
        heavy = chance.unit() < 0.65
        index = chance.below(max(1, len(people) // 5)) if heavy else chance.below(len(people))
        if number < 4:
            index = 0
        source, shop = _pick(chance, SHOPS)
        created = _ago(chance, now, 420) if number >= 4 else now - timedelta(days=(3, 12, 40, 90)[number])
        age = (now - created).days
        status = "finished" if age > 9 else _pick(chance, ("paid", "shipped", "finished"))
        status = "closed" if chance.unit() < 0.02 and number >= 4 else status
        if number < 4:
            status = ("shipped", "finished", "finished", "finished")[number]
        items = [_item(chance) for _ in range(1 + chance.below(3))]
        paid = sum(item["paid_fen"] for item in items)
        finished = min(now, created + timedelta(days=4 + chance.below(4)))
        line: dict[str, Any] = {
            "kind": "order",
            "source": source,
            "shop": shop,
            "order_no": f"{source[0].upper()}{20260000000 + number}",
            "status": status,
            "at": _iso(finished if status == "finished" else created + timedelta(minutes=2)),
            "created_at": _iso(created),
            "total_fen": paid,
            "paid_fen": paid,
            "items": items,
        }
        # One order in fifty comes from a buyer nobody knows yet: it waits for the identity.
        line |= (
            {"member": people[index]["key"]}
            if number < 4 or chance.unit() > 0.02
            else {"buyer": {"namespace": source, "value": f"{source}_buyer_{number}"}}
        )
        line |= {"paid_at": _iso(created + timedelta(minutes=2))} if status != "closed" else {}
        line |= {"finished_at": _iso(finished)} if status == "finished" else {}
        line |= {"live_room": "小满直播间"} if source == "douyin" else {}
        yield line


def _item(chance: SeededChance) -> dict[str, Any]:
    sku, title, category, price, _material = _pick(chance, PRODUCTS)
    quantity = 1 if chance.unit() < 0.8 else 2
    return {
        "sku": sku,
        "title": title,
        "category": category,
        "qty": quantity,
        "paid_fen": price * quantity * (100 - 5 * chance.below(5)) // 100,
    }


def _refunds(chance: SeededChance, now: datetime, placed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, order in enumerate(placed):
        if number >= 4 and order["status"] == "finished" and chance.unit() < 0.06:
            whole = chance.unit() < 0.4
            part = order["paid_fen"] if whole else max(1, order["paid_fen"] * (20 + chance.below(60)) // 100)
            at = min(now, datetime.fromisoformat(order["finished_at"]) + timedelta(days=2))
            yield {
                "kind": "refund",
                "source": order["source"],
                "order_no": order["order_no"],
                "refund_no": f"R{order['order_no']}",
                "refund_fen": part,
                "at": _iso(at),
            }


def _opening(chance: SeededChance, now: datetime, people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, person in enumerate(people):
        if number == 0 or chance.unit() < 0.25:
            left = 5 + chance.below(300) if number else 20
            yield {
                "kind": "opening_balance",
                "key": f"open_{person['key']}",
                "member": person["key"],
                "points": 100 * (1 + chance.below(20)) if number else 1200,
                "granted_at": _iso(now - timedelta(days=60)),
                "expires_at": _iso(now + timedelta(days=left)),
                "reason": "旧系统转入积分",
            }


def _cards(chance: SeededChance, now: datetime, people: list[dict[str, Any]], placed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    holders: dict[str, Any] = {}
    for number, person in enumerate(people):
        if number == 0 or chance.unit() < 0.15:
            template = holders[person["key"]] = TEMPLATES[0] if number == 0 else _pick(chance, TEMPLATES)
            yield {
                "kind": "card",
                "key": f"card_{person['key']}",
                "member": person["key"],
                "template": template,
                "issued_at": _iso(now - timedelta(days=chance.below(20) + 14)),
            }
    claimed: set[str] = set()
    for order in placed[4:]:
        recent = (now - datetime.fromisoformat(order["created_at"])).days < 14
        key = order.get("member", "")
        fits = key in holders and _fits(holders[key], order)
        if recent and fits and key not in claimed and order["status"] != "closed" and len(claimed) < 60:
            claimed.add(key)
            yield {"kind": "claim", "key": f"claim_{key}", "member": key, "order_no": order["order_no"], "card": f"card_{key}"}


def _brought(people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Growth value and stored value from the old system, each kind in a row; few hold value, and no more than they can use."""
    for number, person in enumerate(people[7::20]):
        key = person["key"]
        yield {"kind": "opening_growth", "key": f"growth_{key}", "member": key, "growth": (800, 2600, 5200)[number % 3]}
    for number, person in enumerate(people[5::18]):
        key, value = person["key"], (10_000, 20_000, 50_000)[number % 3]
        yield {"kind": "opening_stored_value", "key": f"value_{key}", "member": key, "principal_fen": value, "bonus_fen": value // 20}


def _fits(template: Any, order: dict[str, Any]) -> bool:
    return order["source"] in template.get("sources", [order["source"]]) and order["paid_fen"] >= template.get("floor_fen", 0)


def _tags(people: list[dict[str, Any]], placed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What an order says about taste, as the tag rules of a later step will derive it."""
    materials = {sku: PREFERENCE.get(material) for sku, _title, _category, _price, material in PRODUCTS}
    seen: set[tuple[str, str]] = set()
    for order in placed:
        for item in order["items"]:
            tag, key = materials[item["sku"]], order.get("member")
            if tag and key and (key, tag) not in seen:
                seen.add((key, tag))
                yield {"kind": "tag", "member": key, "tag": tag, "source": "order"}


def _contacts(chance: SeededChance, now: datetime, people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for person in people:
        if chance.unit() < 0.4:
            inbound = chance.unit() < 0.5
            line = {
                "kind": "contact",
                "key": f"c_{person['key']}",
                "member": person["key"],
                "at": _iso(_ago(chance, now, 60, 2)),
                "direction": "inbound" if inbound else "outbound",
                "touchpoint": "kf",
            }
            yield line if inbound else line | {"category": _pick(chance, ("marketing", "care"))}


def _events(chance: SeededChance, now: datetime, people: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for person in people[:400]:
        yield {
            "kind": "event",
            "key": f"e_{person['key']}",
            "member": person["key"],
            "name": _pick(chance, ("Product Viewed", "Live Reserved", "Wish Added")),
            "at": _iso(_ago(chance, now, 30)),
            "properties": {"product": _pick(chance, PRODUCTS)[0]},
        }
