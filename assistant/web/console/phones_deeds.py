"""What one can do on the phones of the simulator beyond talking: forms as data, each a verb of the simulator's control face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.base.errors import Invalid
from assistant.wecom.simulator import Simulator
from assistant.wecom.simulator.adversary import FORMS
from assistant.wecom.simulator.appevents import EVENTS as APP_EVENTS
from assistant.wecom.simulator.faults import MODES
from assistant.wecom.simulator.oddities import EVENTS, TEXTS
from assistant.wecom.simulator.orders import LIVES
from assistant.wecom.simulator.personas import SCRIPTS

MOST = 60
Kind = Literal["text", "number", "list", "choice"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. ``of`` names where the choices come from: a key of ``options``, or nothing."""

    name: str
    word: str
    kind: Kind = "text"
    of: str = ""
    value: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """One form: ``place`` is the verb on the control face, ``me`` the field that the phone's owner goes into, ``fixed`` is sent along."""

    word: str
    place: str
    me: str = ""
    fields: tuple[Field, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    method: str = "POST"


TEXT = Field("text", "内容")
STAFF, CUSTOMER = Field("userid", "员工", "choice", "staff"), Field("customer", "顾客", "choice", "customers")

DEEDS: Mapping[str, Mapping[str, Deed]] = {
    "customer": {
        "picture": Deed("发图片", "/say", "who", (), {"channel": "kf", "kind": "image", "text": "picture"}),
        "enter": Deed("打开客服会话", "/enter", "who", (Field("scene", "场景值", optional=True),), {"channel": "kf"}),
        "recall": Deed("撤回消息", "/recall", "who", (Field("msgid", "哪一条", "choice", "mine"),)),
        "scan": Deed("扫码加好友或进群", "/scan", "customer", (Field("code", "二维码", "choice", "codes"),)),
        "add": Deed("加员工为好友", "/friend", "customer", (STAFF, Field("state", "来源", optional=True)), {"action": "add"}),
        "half": Deed("加了还没通过", "/friend", "customer", (STAFF,), {"action": "half"}),
        "chat": Deed("和员工私聊", "/friend", "customer", (Field("userid", "好友", "choice", "friends"), TEXT), {"action": "chat"}),
        "delete": Deed("删除员工", "/friend", "customer", (Field("userid", "好友", "choice", "friends"),), {"action": "delete"}),
    },
    "staff": {
        "bot": Deed("问机器人", "/say", "who", (TEXT,), {"channel": "bot"}),
        "rate": Deed(
            "评价机器人的回答",
            "/rate",
            "who",
            (Field("msgid", "哪一条", "choice", "answers"), Field("rating", "评价", "choice", "ratings")),
        ),
        "take": Deed("接待排队的顾客", "/servicer", "userid", (CUSTOMER,), {"action": "take"}),
        "answer": Deed("在客服里回答", "/servicer", "userid", (CUSTOMER, TEXT)),
        "end": Deed("结束客服会话", "/servicer", "userid", (Field("customer", "接待中", "choice", "served"),), {"action": "end"}),
        "hand": Deed(
            "转给同事",
            "/servicer",
            "userid",
            (Field("customer", "接待中", "choice", "served"), Field("to", "同事", "choice", "staff")),
            {"action": "transfer"},
        ),
        "publish": Deed("发表朋友圈", "/publish", "userid", (Field("moment_id", "朋友圈", "choice", "moments"),)),
        "accept": Deed("通过好友", "/friend", "userid", (Field("customer", "顾客", "choice", "half"),), {"action": "confirm"}),
        "edit": Deed(
            "改标签和备注",
            "/friend",
            "userid",
            (
                Field("customer", "顾客", "choice", "friends"),
                Field("add_tags", "加标签", "list", "tags", optional=True),
                Field("remove_tags", "去标签", "list", "tags", optional=True),
                Field("remark", "备注", optional=True),
            ),
            {"action": "edit"},
        ),
        "chat": Deed(
            "和顾客私聊", "/friend", "userid", (Field("customer", "顾客", "choice", "friends"), TEXT), {"action": "chat", "by": "staff"}
        ),
        "delete": Deed(
            "删除顾客", "/friend", "userid", (Field("customer", "顾客", "choice", "friends"),), {"action": "delete", "by": "staff"}
        ),
        "leave": Deed("离职", "/employee", "userid", (), {"action": "leave"}),
    },
    "group": {
        "talk": Deed("不@机器人，只在群里说", "/group", "chatid", (Field("who", "谁", "choice", "inside"), TEXT), {"action": "say"}),
        "join": Deed("进群", "/group", "chatid", (Field("people", "谁", "list", "outside"),), {"action": "join"}),
        "leave": Deed("退群", "/group", "chatid", (Field("people", "谁", "list", "inside"),), {"action": "leave"}),
        "rename": Deed("改群名", "/group", "chatid", (Field("name", "新名字"),), {"action": "rename"}),
    },
    "stage": {
        "clock": Deed("拨快时钟", "/clock", "", (Field("seconds", "秒数", "number", value="3600"),)),
        "knob": Deed("拧旋钮", "/knobs", "", (Field("name", "旋钮", "choice", "knobs"), Field("value", "值"))),
        "fault": Deed(
            "制造故障",
            "/faults",
            "",
            (
                Field("path", "接口", value="kf/send_msg"),
                Field("mode", "方式", "choice", "modes"),
                Field("errcode", "错误码", "number", value="45009"),
                Field("times", "次数（0 为一直）", "number", value="1"),
                Field("rate", "比例", "number", value="1"),
                Field("seconds", "延迟秒数", "number", value="0"),
            ),
        ),
        "mend": Deed("清除故障", "/faults", method="DELETE"),
        "revoke": Deed("令牌全部失效", "/revoke"),
        "redeliver": Deed("重发一个事件", "/redeliver", "", (Field("number", "第几个（负数从最后数）", "number", value="-1"),)),
        "attack": Deed(
            "伪造一个请求", "/attack", "", (Field("form", "手法", "choice", "attacks"), Field("channel", "入口", "choice", "channels"))
        ),
        "event": Deed(
            "应用的其他事件", "/event", "", (Field("event", "事件", "choice", "events"), Field("who", "员工", "choice", "staff"))
        ),
        "bot": Deed("机器人的接入方式", "/bot", "", (Field("mode", "方式", "choice", "modes_of_bot"),)),
        "drop": Deed("机器人长连接断开", "/bot", "", (), {"action": "drop"}),
        "robot": Deed("给群加一个群机器人", "/robot", "", (Field("chatid", "群", "choice", "groups"),)),
        "odd": Deed("发一个怪事件", "/odd", "", (Field("form", "内容", "choice", "odd"), STAFF, CUSTOMER)),
        "order": Deed(
            "店铺下一单",
            "/orders",
            "",
            (
                Field("shop", "平台", "choice", "shops"),
                Field("life", "经历", "choice", "lives"),
                Field("paid_fen", "实付（分）", "number", value="19900"),
                Field("buyer", "买家编号", optional=True),
            ),
        ),
        "persona": Deed(
            "请角色上场", "/personas", "", (Field("persona", "角色", "choice", "personas"), Field("count", "人数", "number", value="1"))
        ),
        "home": Deed("角色退场", "/personas", method="DELETE"),
    },
}
"""Tab → its forms. A new verb of the control face gets its line here and nothing else."""


def body_of(deed: Deed, who: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """What the control face is asked; Invalid names the field that is missing or no number."""
    body: dict[str, Any] = dict(deed.fixed)
    if deed.me:
        body[deed.me] = who
    for one in deed.fields:
        given = str(form.get(one.name) or "").strip()
        if not given:
            if not one.optional:
                raise Invalid(f"请填写{one.word}", code="empty_field")
            continue
        body[one.name] = _typed(one, given)
    if deed.place == "/knobs":
        return {body["name"]: _knob(body["value"])}
    return body


def _typed(one: Field, given: str) -> Any:
    if one.kind == "list":
        return [part.strip() for part in given.split(",") if part.strip()]
    if one.kind == "number":
        try:
            return float(given) if "." in given else int(given)
        except ValueError:
            raise Invalid(f"{one.word}要写数字", code="no_number") from None
    return given


def _knob(given: str) -> Any:
    if given in ("true", "false"):
        return given == "true"
    try:
        return float(given) if "." in given else int(given)
    except ValueError:
        return given


Options = Mapping[str, list[tuple[str, str]]]


def options(simulator: Simulator, tab: str, who: str) -> Options:
    """Choices of the forms of one tab: (value, word), the first ``MOST``."""
    if tab == "stage":
        return _stage(simulator)
    world = simulator.world
    staff = [(userid, person.name) for userid, person in world.staff.items() if person.active]
    customers = [(external, customer.name) for external, customer in world.customers.items()]
    found: dict[str, list[tuple[str, str]]] = {"staff": staff, "customers": customers}
    if tab == "customer" and who in world.customers:
        found |= _of_customer(simulator, who)
    if tab == "staff" and who in world.staff:
        found |= _of_staff(simulator, who)
    if tab == "group" and who in world.groups:
        members, names = set(world.groups[who].members), dict([*staff, *customers])
        found["inside"] = [(person, names.get(person, person)) for person in world.groups[who].members]
        found["outside"] = [(external, name) for external, name in customers if external not in members]
    return {key: rows[:MOST] for key, rows in found.items()}


def _of_customer(simulator: Simulator, who: str) -> dict[str, list[tuple[str, str]]]:
    world, contact = simulator.world, simulator.customer_contact
    ties = world.customers[who].relations
    ways = [(code, f"联系我 {way.body.get('remark') or way.body.get('state') or code}") for code, way in contact.ways.ways.items()]
    joins = [(code, f"进群 {way.body.get('remark') or code}") for code, way in contact.join_ways.ways.items()]
    mine = [bubble for bubble in world.customers[who].phone if bubble.sender == who and bubble.msgid and not bubble.recalled]
    return {
        "friends": [(userid, world.staff[userid].name) for userid, tie in ties.items() if not tie.gone],
        "codes": [*ways, *joins],
        "mine": [(bubble.msgid, bubble.text[:20] or bubble.kind) for bubble in reversed(mine)],
    }


def _of_staff(simulator: Simulator, who: str) -> dict[str, list[tuple[str, str]]]:
    world, contact = simulator.world, simulator.customer_contact
    known = {external: customer for external, customer in world.customers.items() if who in customer.relations}
    friends = [(external, customer.name) for external, customer in known.items() if not customer.relations[who].gone]
    half = [(external, world.customers[external].name) for external, _name in friends if not known[external].relations[who].confirmed]
    sessions = simulator.kf.accounts.the().sessions
    served = [(external, world.customers[external].name) for external, one in sessions.items() if one.state == 3 and one.servicer == who]
    moments = [
        (number, moment.text[:20])
        for number, moment in contact.moments.moments.items()
        if who in moment.audience and who not in moment.published and not moment.cancelled
    ]
    tags = [(tag.id, tag.name) for group in contact.tags.groups.values() for tag in group.tags]
    answers = [
        (bubble.msgid, bubble.text[:20])
        for bubble in reversed(world.staff[who].phone)
        if bubble.sender == simulator.bot.aibotid and bubble.body.get("feedback")
    ]
    ratings = [("accurate", "有帮助"), ("inaccurate", "没帮助"), ("cancelled", "取消")]
    found = {"friends": friends, "half": half, "served": served, "moments": moments, "tags": tags}
    return {**found, "answers": answers, "ratings": ratings}


def _stage(simulator: Simulator) -> Options:
    world = simulator.world
    staff = [(userid, person.name) for userid, person in world.staff.items() if person.active][:MOST]
    customers = [(external, customer.name) for external, customer in world.customers.items()][:MOST]
    named = {
        "knobs": vars(world.knobs),
        "modes": MODES,
        "attacks": FORMS,
        "channels": simulator.callbacks.paths,
        "odd": [*TEXTS, *EVENTS],
        "events": APP_EVENTS,
        "modes_of_bot": ("callback", "socket"),
        "shops": simulator.config.shops,
        "lives": LIVES,
        "personas": SCRIPTS,
    }
    groups = [(chatid, group.name) for chatid, group in world.groups.items()][:MOST]
    return {
        "staff": staff,
        "customers": customers,
        "groups": groups,
        **{key: [(name, name) for name in names] for key, names in named.items()},
    }
