"""What each kind of import line does: a set of checked lines becomes commands of the rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.base.ids import digest_of
from assistant.domain import audience, cashback, events, fraud, journeys, members, membership, orders, outreach, points, staff, stored_value
from assistant.flows import merging
from assistant.flows.settle import settle_orders
from assistant.store import View, Work

Lines = Sequence[Mapping[str, Any]]


def _key(line: Mapping[str, Any]) -> str:
    """Lines without a key of their own are the same line when they say the same."""
    return f"import:{line['kind']}:{digest_of(line)[:40]}"


def _named(line: Mapping[str, Any]) -> str:
    """Lines with a key are once for ever: the same key with other content is a conflict, since value hangs on it."""
    return f"import:{line['kind']}:{line['key']}"


def _instant(line: Mapping[str, Any], name: str) -> datetime | None:
    if not line.get(name):
        return None
    try:
        return parse_instant(line[name])
    except ValueError:
        raise Invalid(f"字段 {name} 不是有效的时间：{line[name]}", code="bad_instant") from None


def _member(view: View, ref: str) -> str:
    found = members.find(view, ref)
    if found is None:
        raise Invalid(f"找不到会员 {ref}", code="no_member")
    return found


def _members(view: View, lines: Lines, name: str = "member") -> list[str]:
    refs = [line[name] for line in lines]
    found = members.find_all(view, sorted(set(refs)))
    missing = [ref for ref in refs if ref not in found]
    if missing:
        raise Invalid(f"找不到会员 {missing[0]}", code="no_member")
    return [found[ref] for ref in refs]


def member(work: Work, lines: Lines) -> None:
    requests = []
    for line in lines:
        identities = [members.Identity(**identity) for identity in line.get("identities", ())]
        names = (
            "nickname",
            "phone",
            "gender",
            "city",
            "birthday",
            "owner_staff",
            "opted_out",
            "blocked",
            "is_employee",
            "preferred_hour",
            "open_complaint",
        )
        profile = {name: line[name] for name in names if name in line}
        profile["groups"] = tuple(line.get("groups", ()))
        requests.append(
            members.Register(_key(line), line["key"], tuple(identities), members.Profile(joined_at=_instant(line, "joined_at"), **profile))
        )
    done = members.register(work, requests)
    tags = [
        audience.Tag(f"{_key(line)}:{tag}", one.member_id, tag, "import")
        for line, one in zip(lines, done, strict=True)
        for tag in line.get("tags", ())
    ]
    audience.tag(work, tags)
    homes = [
        points.SetHousehold(_key(line), one.member_id, line["household"])
        for line, one in zip(lines, done, strict=True)
        if "household" in line
    ]
    points.set_households(work, homes)
    _match(work, _one_person(work, [one.member_id for one in done]))


def identity(work: Work, lines: Lines) -> None:
    owners = _members(work, lines)
    members.bind(
        work,
        [
            members.Bind(_key(line), owner, members.Identity(line["namespace"], line["value"]), line.get("source", "import"))
            for line, owner in zip(lines, owners, strict=True)
        ],
    )
    _match(work, _one_person(work, owners))


def _one_person(work: Work, member_ids: list[str]) -> list[str]:
    """Merges whom the lines have proved to be one; returns who they are now."""
    merging.merge_strong(work, member_ids)
    return sorted(set(members.find_all(work, member_ids).values()))


def _match(work: Work, member_ids: list[str]) -> None:
    settle_orders(work, orders.match(work, member_ids))
    events.match(work, member_ids)


def order(work: Work, lines: Lines) -> None:
    known = members.find_all(work, sorted({line["member"] for line in lines if "member" in line}))
    requests = []
    for line in lines:
        if "member" in line and line["member"] not in known:
            raise Invalid(f"找不到会员 {line['member']}", code="no_member")
        items = tuple(
            orders.Item(item.get("sku", ""), item["title"], item.get("category", ""), item.get("qty", 1), item["paid_fen"])
            for item in line.get("items", ())
        )
        paid = line.get("paid_fen", sum(item.paid_fen for item in items))
        at = _instant(line, "at")
        status = line["status"]
        requests.append(
            orders.OrderUpdate(
                key=_key(line),
                source=line["source"],
                shop=line.get("shop", ""),
                order_no=line["order_no"],
                event_time=at or work.now,
                status=status,
                paid_fen=paid,
                total_fen=line.get("total_fen", paid),
                buyer=members.Identity(**line["buyer"]) if "buyer" in line else None,
                member_id=known.get(line.get("member", ""), ""),
                items=items,
                live_room=line.get("live_room", ""),
                created_at=_instant(line, "created_at"),
                paid_at=_instant(line, "paid_at") or (at if status == "paid" else None),
                finished_at=_instant(line, "finished_at") or (at if status == "finished" else None),
            )
        )
    taken, held = orders.intake_held(work, requests)
    settle_orders(work, list(held), held)
    _leave_journeys(work, requests, taken)


def _leave_journeys(work: Work, requests: list[orders.OrderUpdate], taken: list[orders.Taken]) -> None:
    """Who has bought since entering a journey leaves it, as when a shop tells of the order at once."""
    paid: dict[str, datetime] = {}
    for request, done in zip(requests, taken, strict=True):
        if done.member_id and request.paid_at is not None:
            paid[done.member_id] = max(request.paid_at, paid.get(done.member_id, request.paid_at))
    journeys.exit_since(work, "orders.paid", paid)


def refund(work: Work, lines: Lines) -> None:
    requests = [
        orders.Refund(
            _key(line), line["source"], line["order_no"], line["refund_no"], line["refund_fen"], _instant(line, "at") or work.now, True
        )
        for line in lines
    ]
    settle_orders(work, [done.order_id for done in orders.refund(work, requests) if done.order_id])


def file_order(work: Work, lines: Lines) -> None:
    """Orders of a shop's export, each with what was refunded of it so far."""
    order(work, [line["order"] for line in lines])
    refunds = [
        orders.Refund(
            _key(line["order"] | {"refund": True}) + f":{line['refund_fen']}",
            told["source"],
            told["order_no"],
            orders.ALL_SO_FAR,
            line["refund_fen"],
            at,
        )
        for line in lines
        if line["refund_fen"] and (told := line["order"]) and (at := _instant(told, "at"))
    ]
    settle_orders(work, [done.order_id for done in orders.refund(work, refunds)])


def opening_balance(work: Work, lines: Lines) -> None:
    grants = [
        points.OpenBalance(
            _named(line),
            owner,
            line["points"],
            line.get("reason", "旧系统转入积分"),
            _instant(line, "granted_at"),
            _instant(line, "expires_at"),
        )
        for line, owner in zip(lines, _members(work, lines), strict=True)
    ]
    points.open_balance(work, grants)


def opening_growth(work: Work, lines: Lines) -> None:
    owners = _members(work, lines)
    requests = [
        membership.AddGrowth(_named(line), owner, line["growth"], line.get("reason", "旧系统转入成长值"))
        for line, owner in zip(lines, owners, strict=True)
    ]
    membership.add_growth(work, requests)


def opening_stored_value(work: Work, lines: Lines) -> None:
    owners = _members(work, lines)
    requests = [
        stored_value.TopUp(_named(line), owner, line["principal_fen"], line.get("payment", line["key"]), line.get("bonus_fen", 0))
        for line, owner in zip(lines, owners, strict=True)
    ]
    stored_value.top_up(work, requests)


def card(work: Work, lines: Lines) -> None:
    templates = {line["template"]["key"]: line["template"] for line in lines}
    cashback.import_templates(work, list(templates.values()))
    held = [line for line in lines if "member" in line]
    requests = [
        cashback.Issue(
            _named(line), owner, cashback.template_id(line["template"]["key"]), shop_key=line["key"], issued_at=_instant(line, "issued_at")
        )
        for line, owner in zip(held, _members(work, held), strict=True)
    ]
    cashback.issue(work, requests)


def claim(work: Work, lines: Lines) -> None:
    requests = [
        cashback.Claim(_named(line), owner, line["order_no"], cashback.card_id(work, line["card"]) if "card" in line else None)
        for line, owner in zip(lines, _members(work, lines), strict=True)
    ]
    cashback.claim(work, requests)


def evidence(work: Work, lines: Lines) -> None:
    brought = [line["value"] for line in lines if line["evidence"] == "referrer"]
    referrers = dict(zip(brought, _members(work, [{"member": ref} for ref in brought]), strict=True))
    found = [
        fraud.Evidence(_named(line), owner, line["evidence"], referrers[line["value"]] if line["evidence"] == "referrer" else line["value"])
        for line, owner in zip(lines, _members(work, lines), strict=True)
    ]
    fraud.note(work, found)


def tag(work: Work, lines: Lines) -> None:
    owners = _members(work, lines)
    added: list[audience.Tag] = []
    removed: list[audience.Tag] = []
    for line, owner in zip(lines, owners, strict=True):
        item = audience.Tag(_key(line), owner, line["tag"], line.get("source", "import"), line.get("confidence", 100))
        (removed if line.get("remove") else added).append(item)
    audience.tag(work, added)
    audience.untag(work, removed)


def staff_member(work: Work, lines: Lines) -> None:
    staff.register(work, [staff.Register(_key(line), line["userid"], line["name"], line.get("role", "guide")) for line in lines])


def group(work: Work, lines: Lines) -> None:
    for line in lines:
        inside = _members(work, [{"member": ref} for ref in line.get("members", ())])
        request = members.Group(_key(line), line["chatid"], line["name"], line.get("owner", ""), line.get("persona", ""), tuple(inside))
        members.set_groups(work, [request])


def contact(work: Work, lines: Lines) -> None:
    owners = _members(work, lines)
    inbound, outbound = [], []
    for line, owner in zip(lines, owners, strict=True):
        at = _instant(line, "at") or work.now
        if line["direction"] == "inbound":
            inbound.append(outreach.Inbound(_named(line), owner, at, line.get("touchpoint", "kf")))
        else:
            outbound.append(outreach.PastTouch(_named(line), owner, at, line.get("category", "marketing"), line.get("topic", "")))
    outreach.note_inbound(work, inbound)
    outreach.note_past(work, outbound)


def event(work: Work, lines: Lines) -> None:
    """Behaviour of the past is kept for knowledge; it earns nothing, since the old system has paid for it."""
    told = []
    for line in lines:
        named = line.get("identity")
        ref = line.get("member") or (f"{named['namespace']}:{named['value']}" if named else "")
        if line.get("member"):
            _member(work, ref)
        at = _instant(line, "at") or work.now
        told.append(events.Incoming("import", line["key"], "track", line["name"], at, ref, properties=line.get("properties", {})))
    events.take(work, events.Told(events.IMPORTED, tuple(told), history=True))


KINDS: dict[str, Callable[[Work, Lines], None]] = {
    "member": member,
    "identity": identity,
    "order": order,
    "refund": refund,
    "opening_balance": opening_balance,
    "opening_growth": opening_growth,
    "opening_stored_value": opening_stored_value,
    "card": card,
    "claim": claim,
    "evidence": evidence,
    "tag": tag,
    "staff": staff_member,
    "group": group,
    "contact": contact,
    "event": event,
}

FILE_ORDER = "orders"
APPLIED = {**KINDS, FILE_ORDER: file_order}
"""Kind → what applies it: those of import lines, and the rows of shops' exports."""
