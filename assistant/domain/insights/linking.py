"""Link rate: how many of the buyers of each channel are members, and how many of those the brand can write to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from assistant.store import View, metadata

WECHAT = "wecom_external"


@dataclass(frozen=True, slots=True)
class LinkRate:
    """Buyers of a channel who paid since the asked instant: how many there are, are members, are members with a 企业微信 contact.

    A buyer is a member, or a buyer's identity that is nobody's yet. ``nameless`` are paid orders that say nothing of their buyer.
    """

    source: str
    buyers: int
    members: int
    linked: int
    nameless: int

    @property
    def percent(self) -> int:
        """Linked of buyers, whole percent rounded down; 0 without buyers."""
        return self.linked * 100 // self.buyers if self.buyers else 0


def link_rates(view: View, since: datetime) -> list[LinkRate]:
    """One line for each channel that sold since then, in order of its name. The target is 90 % (product.md, M1)."""
    order, identity = metadata.tables["shop_order"], metadata.tables["member_identity"]
    sold = (order.c.paid_at >= since, order.c.status != "")
    named = sa.or_(order.c.member_id != "", order.c.buyer_value != "")
    person = sa.case((order.c.member_id != "", order.c.member_id), else_=order.c.buyer_namespace + ":" + order.c.buyer_value)
    buyer = sa.select(order.c.source, person.label("person"), order.c.member_id).where(*sold, named).distinct().subquery()
    contact = sa.select(identity.c.member_id).where(identity.c.namespace == WECHAT).distinct().subquery()
    counts = (
        sa.select(
            buyer.c.source,
            sa.func.count().label("buyers"),
            sa.func.sum(sa.case((buyer.c.member_id != "", 1), else_=0)).label("members"),
            sa.func.count(contact.c.member_id).label("linked"),
        )
        .join(contact, contact.c.member_id == buyer.c.member_id, isouter=True)
        .group_by(buyer.c.source)
    )
    found = {row.source: row for row in view.all(counts)}
    silent = sa.select(order.c.source, sa.func.count().label("orders")).where(*sold, sa.not_(named)).group_by(order.c.source)
    nameless = {row.source: row.orders for row in view.all(silent)}
    return [
        LinkRate(source, row.buyers, int(row.members), row.linked, nameless.get(source, 0))
        if (row := found.get(source))
        else LinkRate(source, 0, 0, 0, nameless[source])
        for source in sorted({*found, *nameless})
    ]
