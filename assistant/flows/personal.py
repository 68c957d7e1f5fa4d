"""Where the book keeps what about a person: one row a table, read by export and erasure alike. A test holds it against all tables.

A table that is not here, or a text column of it that is neither blanked, scrubbed nor declared plain, fails that test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from assistant.domain import members
from assistant.store import View, metadata


@dataclass(frozen=True, slots=True)
class Holds:
    """What a table holds of a person.

    ``by``: how the rows are found. ``title``: their heading in an export, empty where the table only repeats others. ``joins``: the rows
    get the name of whom the member is merged into, and get it back. On erasure the rows
    are dropped (``drop``), or kept under a name that leads to nobody, the columns of ``blank`` emptied and the words of the person struck
    out of those of ``scrub``. ``plain``: text columns that do not say who somebody is.
    """

    by: str
    title: str = ""
    joins: bool = False
    drop: bool = False
    blank: Mapping[str, Any] = field(default_factory=dict)
    scrub: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()


def _blank(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, "")


TABLES: dict[str, Holds] = {
    "activity_checkin": Holds("member_id", "签到", joins=True, plain=("day",)),
    "activity_entry": Holds(
        "member_id",
        "参加的活动",
        blank=_blank("said", "note"),
        scrub=("body",),
        plain=("id", "activity", "kind", "state", "item", "title", "spend_id"),
    ),
    "activity_invite": Holds("member_id", joins=True, drop=True),
    "activity_participant": Holds("member_id", plain=("activity",)),
    "activity_redemption": Holds(
        "member_id", "积分兑换", joins=True, blank=_blank("note"), plain=("id", "item", "title", "spend_id", "state")
    ),
    "activity_referral": Holds("referral", scrub=("invitee_id", "inviter_id"), plain=("activity", "state", "order_id", "reason")),
    "answer_stream": Holds("conversation", drop=True),
    "app_card": Holds("conversation", drop=True),
    "archive_agreement": Holds("member_id", "同意会话存档", joins=True, drop=True),
    "archive_message": Holds("member_id", "群里的发言", joins=True, drop=True),
    "audience_snapshot_member": Holds("member_id", drop=True),
    "audience_tag": Holds("member_id", "标签", joins=True, drop=True),
    "benefit_coupon": Holds("member_id", "优惠券", joins=True, plain=("name", "code", "grant_key")),
    "cashback_card": Holds("member_id", "返现卡", joins=True, blank=_blank("shop_key"), plain=("id", "template_id", "reason")),
    "cashback_claim": Holds(
        "member_id",
        "返现申请",
        joins=True,
        blank=_blank("payee", "reason", "package_info", "hand_reference"),
        plain=(
            *("id", "order_id", "order_no", "card_id", "state", "first_approver", "approver", "how", "signs", "hold", "released_by"),
            *("billed_no", "attention", "hand_by"),
        ),
    ),
    "confirmation": Holds("member_id", drop=True),
    "contact_group_seat": Holds("member_id", "所在的客户群", joins=True, drop=True),
    "contact_relation": Holds("member_id", "企业微信好友", joins=True, drop=True),
    "contact_transfer": Holds(
        "member_id",
        "好友转接",
        joins=True,
        blank=_blank("external"),
        plain=("id", "handover", "takeover", "message", "state", "reason", "by"),
    ),
    "contact_welcome": Holds("member_id", "欢迎语", joins=True, drop=True),
    "conversation": Holds("conversation", "会话", joins=True, drop=True),
    "customer_group_member": Holds("member_id", "所在的群", joins=True, drop=True),
    "due": Holds("work", drop=True),
    "event": Holds("member_id", "行为", joins=True, drop=True),
    "event_device": Holds("member_id", "设备", joins=True, drop=True),
    "experiment_assignment": Holds("member_id", plain=("experiment", "variant")),
    "fact": Holds("fact", scrub=("payload", "cause", "principal"), plain=("name", "subject")),
    "fraud_evidence": Holds("member_id", "反欺诈的线索", joins=True, drop=True),
    "inbox": Holds("conversation", "发来的消息", drop=True),
    "journey_enrolment": Holds("member_id", "SOP", joins=True, plain=("id", "name", "state", "reason")),
    "kf_session": Holds("conversation", "客服会话", drop=True),
    "ledger_balance": Holds("owner", "账户余额", plain=("owner", "asset", "pocket")),
    "ledger_entry": Holds("owner", "账户明细", plain=("owner", "asset", "pocket", "transaction_id")),
    "ledger_hold": Holds("owner", plain=("id", "owner", "asset", "pocket")),
    "ledger_transaction": Holds("transaction", scrub=("key", "memo", "cause"), plain=("id", "reverses")),
    "member": Holds("member", "资料", drop=True),
    "member_evidence": Holds("pair", drop=True),
    "member_merge": Holds("merge", drop=True),
    "member_merge_row": Holds("merge_row", drop=True),
    "member_proposal": Holds("pair", drop=True),
    "member_identity": Holds("member_id", "身份", joins=True, drop=True),
    "member_topic_opt_out": Holds("member_id", "不想收到的主题", joins=True, drop=True),
    "membership_gift": Holds("member_id", "等级和付费会员礼遇", joins=True, plain=("id", "slot", "source", "name", "benefit", "paid_id")),
    "membership_paid": Holds("member_id", "付费会员", joins=True, plain=("id", "plan", "payment", "stage")),
    "membership_order_growth": Holds("member_id", joins=True, plain=("order_id",)),
    "membership_tier": Holds("member_id", "会员等级", plain=("tier", "own", "floor")),
    "operations_plan_member": Holds("member_id", plain=("plan_id", "outcome")),
    "operations_plan": Holds(
        "plan",
        scrub=("preview",),
        plain=("id", "state", "body", "maker", "decided_by", "reason", "snapshot_id", "digest", "hold_id", "after"),
    ),
    "order_word": Holds("order", scrub=("body",), plain=("id", "order_id")),
    "order_wrong_number": Holds("member_id", joins=True, drop=True),
    "outbox": Holds(
        "outbox",
        "发出的消息",
        blank={**_blank("conversation", "external_id", "reason"), "message": {}},
        scrub=("key", "cause"),
        plain=("id", "channel", "state", "code"),
    ),
    "outreach_feedback": Holds("member_id", "反馈", joins=True, blank=_blank("note"), scrub=("key",)),
    "outreach_inbound": Holds("member_id", joins=True, scrub=("key",), plain=("touchpoint",)),
    "outreach_skip": Holds("member_id", "没有打扰的记录", joins=True, plain=("cause", "code", "reason")),
    "outreach_touch": Holds(
        "member_id",
        "触达记录",
        joins=True,
        blank=_blank("text", "peer", "group", "place", "external_id"),
        scrub=("key",),
        plain=("id", "cause", "kind", "topic", "route", "staff", "state", "reason", "attachments", "task", "tried"),
    ),
    "points_behaviour": Holds("member_id", "得过积分的行为", joins=True, drop=True),
    "points_cap_use": Holds("holder", drop=True),
    "points_holder": Holds("member_id", blank=_blank("household")),
    "points_lot": Holds("member_id", "积分批次", joins=True, plain=("id", "state", "source", "order_id", "order_no")),
    "points_notice": Holds("member_id", joins=True, plain=("expires_on",)),
    "points_movement": Holds("member_id", "积分明细", joins=True, plain=("id", "lot_id", "reason", "order_no")),
    "points_order_earning": Holds("member_id", joins=True, plain=("order_id", "lot_id", "tier", "counted")),
    "points_spend": Holds("member_id", joins=True, plain=("id", "reason", "parts", "transaction_id", "state")),
    "stored_value_holder": Holds("member_id"),
    "stored_value_movement": Holds("member_id", "储值明细", joins=True, plain=("kind", "reference")),
    "stored_value_spend": Holds("member_id", joins=True, plain=("id", "order_ref", "parts")),
    "stored_value_top_up": Holds("member_id", "储值", joins=True, plain=("id", "payment")),
    "received_media": Holds("conversation", "发来的文件", drop=True),
    "shop_order": Holds(
        "member_id",
        "订单",
        joins=True,
        blank=_blank("buyer_namespace", "buyer_value"),
        plain=("id", "source", "order_no", "shop", "status", "live_room"),
    ),
    "shop_order_item": Holds("order", "订单商品", plain=("order_id", "sku", "title", "category")),
    "staff_ticket": Holds(
        "member_id",
        "工单",
        joins=True,
        blank=_blank("conversation", "place", "title", "summary", "ready_text", "note"),
        plain=("id", "kind", "staff", "state"),
    ),
    "transcript": Holds("turn", drop=True),
    "turn": Holds("conversation", drop=True),
}
"""Tables with rows of persons."""

OTHERS: dict[str, str] = {
    "activity": "descriptions",
    "activity_item": "the mall",
    "activity_stock": "how much is left of what",
    "activity_version": "descriptions",
    "audience_snapshot": "rules and counts",
    "benefit_coupon_pool": "names of coupons",
    "cashback_limits": "limits of a day",
    "cashback_template": "terms of cards",
    "command_key": "struck out by value, see erasing",
    "contact_group": "names of groups; who sits inside is another table",
    "contact_run": "how far a reconciliation got",
    "contact_tag": "the corp's tag library",
    "contact_way": "ways in",
    "content_template": "texts of the brand",
    "cursor": "how far something was read",
    "customer_group": "names of groups; who is inside is another table",
    "journey_group_enrolment": "groups inside an SOP, by chat id",
    "event_name": "names",
    "event_source": "where events come from",
    "experiment": "names and shares",
    "holder": "which process holds what",
    "journey": "names",
    "journey_run": "instants",
    "journey_version": "definitions",
    "kf_account": "the accounts that customers write to",
    "kf_servicer": "people of the brand, not members",
    "media": "pictures and files of the brand",
    "media_upload": "what platforms call them",
    "membership_rules": "rules",
    "notice": "for our own people, phone numbers masked, gone after a month",
    "operator": "people of the brand, not members",
    "operator_session": "people of the brand, not members",
    "content_word_rule": "words of the brand",
    "insights_group_day": "counts of groups",
    "insights_staff_day": "counts of employees",
    "outreach_moment": "what went to moments",
    "outreach_moment_staff": "who published",
    "outreach_group_touch": "what went to customer groups",
    "outreach_halt": "plans that rest",
    "outreach_mass_task": "群发 tasks of employees",
    "payment_simulated_bill": "the memory of a payer that is not ours",
    "points_rules": "rules",
    "quota": "counts under a digest; a person's row has no name and goes after a month",
    "stored_value_rules": "rules",
    "wecom_token": "our own access, sealed",
    "staff_person": "people of the brand, not members",
}
"""Tables without rows of persons, and what they hold instead."""


@dataclass(frozen=True, slots=True)
class Trace:
    """By what a person can be found in the book."""

    member_id: str
    words: tuple[str, ...]
    conversations: tuple[str, ...]
    turns: tuple[str, ...]
    orders: tuple[str, ...]
    partners: tuple[str, ...] = ()
    """Who was taken for the same person, or may be."""


OF_TWO = (members.NOTED, "members.merged", "members.parted", "members.declined")
"""Facts of one member that name another."""

SHORTEST = 4
"""Words shorter than this would strike out what has nothing to do with the person."""


def trace(view: View, member_id: str) -> Trace:
    """Everything that leads to the person: identities, numbers, conversations, orders."""
    tables = metadata.tables
    one = members.profiles(view, [member_id])[member_id]
    values = {identity.value for identity in members.identities(view, [member_id]).get(member_id, [])}
    words = {member_id, one.phone, one.shop_key or "", *values}

    def ids(column: sa.Column[Any], condition: sa.ColumnElement[bool]) -> tuple[str, ...]:
        return tuple(sorted(row[0] for row in view.all(sa.select(column).where(condition))))

    conversation, turn, order = tables["conversation"], tables["turn"], tables["shop_order"]
    # Events of a friendship lie in the inbox under the customer and have no conversation of their own.
    talks = (*ids(conversation.c.id, conversation.c.member_id == member_id), *(f"app::{value}" for value in sorted(values)))
    turns = ids(turn.c.id, turn.c.conversation.in_(talks))
    orders = ids(order.c.id, order.c.member_id == member_id)
    return Trace(
        member_id, tuple(sorted(word for word in words if len(word) >= SHORTEST)), talks, turns, orders, _partners(view, member_id)
    )


def _partners(view: View, member_id: str) -> tuple[str, ...]:
    merge, proposal = metadata.tables["member_merge"], metadata.tables["member_proposal"]
    found: set[str] = set()
    for one, other in ((merge.c.kept, merge.c.absorbed), (proposal.c.one, proposal.c.other)):
        found.update(row[0] for row in view.all(sa.select(one).where(other == member_id)))
        found.update(row[0] for row in view.all(sa.select(other).where(one == member_id)))
    return tuple(sorted(found))


def rows_of(name: str, found: Trace) -> sa.ColumnElement[bool]:
    """The rows of a table that are the person's."""
    table = metadata.tables[name]
    return _WAYS[TABLES[name].by](table, found)


def _one_of(column: sa.Column[Any], values: Sequence[str]) -> sa.ColumnElement[bool]:
    return column.in_(values) if values else sa.false()


def _conversations(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    return _one_of(table.c.id if table.name == "conversation" else table.c.conversation, found.conversations)


def _facts(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    subjects = [f"member:{found.member_id}", *(f"conversation:{talk}" for talk in found.conversations)]
    mine = sa.or_(table.c.member_id == found.member_id, table.c.subject.in_(subjects))
    # What is told of another names this one where the two were taken for one.
    return sa.or_(mine, sa.and_(table.c.name.in_(OF_TWO), _one_of(table.c.member_id, found.partners)))


def _transactions(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    entry = metadata.tables["ledger_entry"]
    return table.c.id.in_(sa.select(entry.c.transaction_id).where(entry.c.owner == f"member:{found.member_id}"))


def _plans(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    inside = metadata.tables["operations_plan_member"]
    return table.c.id.in_(sa.select(inside.c.plan_id).where(inside.c.member_id == found.member_id))


def _work(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    return sa.or_(_one_of(table.c.order_key, found.conversations), table.c.key == found.member_id)


def _merges(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.kept == found.member_id, table.c.absorbed == found.member_id)


def _merge_rows(table: sa.Table, found: Trace) -> sa.ColumnElement[bool]:
    merge = metadata.tables["member_merge"]
    return table.c.merge_id.in_(sa.select(merge.c.id).where(_merges(merge, found)))


_WAYS: dict[str, Callable[[sa.Table, Trace], sa.ColumnElement[bool]]] = {
    "member": lambda table, found: table.c.id == found.member_id,
    "member_id": lambda table, found: table.c.member_id == found.member_id,
    "holder": lambda table, found: table.c.holder == found.member_id,
    "owner": lambda table, found: table.c.owner == f"member:{found.member_id}",
    "conversation": _conversations,
    "turn": lambda table, found: _one_of(table.c.turn, found.turns),
    "order": lambda table, found: _one_of(table.c.order_id, found.orders),
    "transaction": _transactions,
    "plan": _plans,
    "referral": lambda table, found: sa.or_(table.c.invitee_id == found.member_id, table.c.inviter_id == found.member_id),
    "fact": _facts,
    "outbox": lambda table, found: sa.or_(table.c.member_id == found.member_id, _one_of(table.c.conversation, found.conversations)),
    "work": _work,
    "pair": lambda table, found: sa.or_(table.c.one == found.member_id, table.c.other == found.member_id),
    "merge": _merges,
    "merge_row": _merge_rows,
}
