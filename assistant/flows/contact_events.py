"""Callbacks of app and customer contact into named facts and the state of the room, in the commit that stores them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from assistant.base.ids import derive
from assistant.channels.message import InboundMessage
from assistant.domain import contacts, members, staff
from assistant.flows import contact_people as people
from assistant.store import Due, Fact, Work
from assistant.wecom import events
from assistant.wecom.calls_contact import Card
from assistant.wecom.events import (
    AcquisitionEvent,
    AppEvent,
    CardEvent,
    ContactEvent,
    GroupEvent,
    NotUnderstood,
    TagEvent,
    called,
    read_event,
    unknown_elements,
)

WELCOME, FETCH, GROUP, SYNC = "contact.welcome", "contact.fetch", "contact.group", "contacts.sync"
NOT_UNDERSTOOD = "wecom.not_understood"
LAG = timedelta(seconds=2.5)
"""For about two seconds after an event WeCom's API may still show what was before."""

APP_SOURCE = "wecom.app"
BY = {"deleted_by_staff": "staff", "deleted_by_customer": "customer"}


def hear(work: Work, fresh: Sequence[tuple[str, InboundMessage]]) -> None:
    """Takes what is new of the inbox (row id, message); what nobody understands is a fact that leads to its row."""
    contact: list[ContactEvent] = []
    group: list[GroupEvent] = []
    for row_id, message in fresh:
        if message.source == APP_SOURCE and message.kind == "event":
            event = read_event(message.raw, message.sent_at)
            if isinstance(event, ContactEvent):
                contact.append(event)
            elif isinstance(event, GroupEvent):
                group.append(event)
            elif event is not None:
                _one(work, event)
            _strange(work, row_id, message, event)
        elif message.kind == "unknown":
            _not_understood(work, row_id, message, ())
    if contact:
        _contacts(work, contact)
    if group:
        _groups(work, group)


def _strange(work: Work, row_id: str, message: InboundMessage, event: events.Event | None) -> None:
    if isinstance(event, NotUnderstood):
        _not_understood(work, row_id, message, (), event.missing)
    elif event is not None and (unknown := unknown_elements(message.raw)):
        _not_understood(work, row_id, message, unknown)


def _not_understood(work: Work, row_id: str, message: InboundMessage, elements: tuple[str, ...], missing: tuple[str, ...] = ()) -> None:
    name = called(message.raw) if message.raw else message.kind
    payload = {"event": name[:80], "source": message.source, "elements": list(elements)[:20], "missing": list(missing), "inbox": row_id}
    work.record(Fact(NOT_UNDERSTOOD, f"inbox:{row_id}", payload))


def _contacts(work: Work, heard: Sequence[ContactEvent]) -> None:
    owners = people.members_of(work, [Card(external, "") for external in dict.fromkeys(one.customer for one in heard)])
    turns = [one for one in heard if one.change in ("added", "half_added", *BY)]
    changes = contacts.hear(work, [_heard(one, owners[one.customer]) for one in turns])
    kinds = {id(one): change for one, change in zip(turns, changes, strict=True)}
    for one in heard:
        change = kinds.get(id(one))
        _note(work, one, owners[one.customer], change.kind if change else "")
    opened = [change.relation for change in changes if change.kind in ("new", "opened") and change.relation.open]
    people.look_after(work, [(one.member_id, one.staff) for one in opened])
    ended = [change.relation for change in changes if change.kind == "ended"]
    people.pass_on(work, [(one.member_id, one.staff) for one in ended])
    # A customer who agrees to the archive may be greeted only then.
    open_now = [one for one in turns if kinds[id(one)].relation.open] + [one for one in heard if one.change == "archive_agreed"]
    _welcome(work, [one for one in open_now if one.welcome_code], owners)
    _transfers(work, heard)
    # Also after an end: whose friends are left decides who may still write.
    work.due(*(fetch_due(external, work.now + LAG) for external in sorted({one.customer for one in heard})))


def fetch_due(external: str, at: Any) -> Due:
    """A look at one customer; it never runs beside a writing to the same customer."""
    return Due(FETCH, external, at, {"external": external}, order_key=f"contact:{external}")


def _heard(one: ContactEvent, member_id: str) -> contacts.Heard:
    by = "transfer" if one.by_transfer else BY.get(one.change, "")
    change: Any = "ended" if one.change in BY else one.change
    return contacts.Heard(one.staff, one.customer, member_id, change, one.at, by, one.state)


def _note(work: Work, one: ContactEvent, member_id: str, kind: str) -> None:
    payload: dict[str, Any] = {"staff": one.staff, "turn": kind}
    payload |= {name: value for name, value in (("state", one.state), ("reason", one.reason)) if value}
    if one.by_transfer:
        payload["by_transfer"] = True
    work.record(Fact(f"wecom.contact_{one.change}", f"member:{member_id}", payload, member_id, occurred_at=one.at))


def _welcome(work: Work, heard: Sequence[ContactEvent], owners: dict[str, str]) -> None:
    """Twenty seconds from the add: it passes everything else that is due, and no two of one pair run at once."""
    waiting = []
    for one in heard:
        number = derive("welcome", one.welcome_code)
        member_id = owners[one.customer]
        waiting.append(contacts.Welcome(number, one.staff, one.customer, member_id, one.state[:64], "waiting", "", "", one.at, None))
        order = f"welcome:{one.staff}:{one.customer}"
        work.due(Due(WELCOME, number, work.now, {"code": one.welcome_code}, order_key=order, keep=True, first=True))
    contacts.await_welcome(work, waiting)


def _transfers(work: Work, heard: Sequence[ContactEvent]) -> None:
    for one in heard:
        if one.change == "transfer_failed":
            found = [
                each
                for route in contacts.routes_under_way(work)
                if one.staff in route[:2]
                for each in contacts.under_way(work, route[0], [one.customer])
            ]
            state = "limit" if one.reason == "customer_limit_exceed" else "refused"
            contacts.turn_transfers(work, [contacts.TransferTurn(each.id, state, one.reason) for each in found])
        elif one.by_transfer:
            found = contacts.under_way(work, one.staff, [one.customer])
            for each in contacts.turn_transfers(work, [contacts.TransferTurn(each.id, "done") for each in found]):
                people.pass_on(work, [(each.member_id, each.handover)], heir=each.takeover)


def _groups(work: Work, heard: Sequence[GroupEvent]) -> None:
    everybody = {person for one in heard for person in one.who if is_customer(person)}
    owners = {
        one.value: number
        for one, number in members.resolve(work, [members.Identity(people.NAMESPACE, person) for person in everybody]).items()
    }
    changes = contacts.groups.hear(work, [_group_heard(one, owners) for one in heard])
    for one, change in zip(heard, changes, strict=True):
        payload = {"turn": change.kind, "count": len(one.who)}
        payload |= {name: value for name, value in (("detail", one.detail), ("scene", one.scene)) if value}
        work.record(Fact(f"wecom.group_{one.change}", f"group:{one.chatid}", payload, occurred_at=one.at))
    work.due(*(group_due(change.chatid, work.now + LAG) for change in changes if change.fetch))


def group_due(chatid: str, at: Any, tries: int = 0) -> Due:
    """A look at one group."""
    return Due(GROUP, chatid, at, {"tries": tries}, order_key=f"group:{chatid}")


def is_customer(person: str) -> bool:
    """Customers carry a prefix of their own; staff choose their names."""
    return person.startswith(("wm", "wo"))


def _group_heard(one: GroupEvent, owners: dict[str, str]) -> contacts.GroupHeard:
    came: tuple[contacts.Seat, ...] = ()
    went: tuple[str, ...] = ()
    if one.detail == "add_member":
        # Events number the scenes otherwise than the API: 0 invited, 3 by QR code.
        scene = {"0": "invited", "3": "qr"}.get(one.scene, "")
        came = tuple(
            contacts.Seat(one.chatid, person, owners.get(person, ""), "customer" if is_customer(person) else "staff", one.at, scene)
            for person in one.who
        )
    elif one.detail == "del_member":
        went = one.who
    how = "removed" if one.scene == "1" else "left"
    change: Any = one.change
    ask = one.change == "updated" and not (came or went)
    return contacts.GroupHeard(one.chatid, change, one.at, came, went, how, one.last_version, one.version, ask)


def _one(work: Work, event: events.Event) -> None:
    """Events that change little of ours."""
    work.record(*_facts(work, event))
    if isinstance(event, TagEvent):
        if event.change == "deleted":
            contacts.drop_tags(
                work, [event.id] if event.kind != "tag_group" else (), group_id=event.id if event.kind == "tag_group" else ""
            )
        else:
            work.due(Due(SYNC, "tags", work.now + LAG, order_key=f"{SYNC}:tags"))
    if isinstance(event, AppEvent) and event.name in events.ALARMS:
        title = "企业微信提醒：应用使用太少，可能失去客户数据的权限"
        summary = "请成员多使用这个应用，或在管理后台“应用管理”里查看提醒；失去权限后欢迎语、群发和对账都会停。"
        staff.open_ticket(work, [staff.OpenTicket(f"app:{event.name}:{event.at.date()}", "task", title=title, summary=summary)])


def _facts(work: Work, event: events.Event) -> Iterator[Fact]:
    match event:
        case TagEvent():
            payload: dict[str, Any] = {"kind": event.kind, "id": event.id}
            yield Fact(f"wecom.tag_{event.change}", f"tag:{event.id}", payload, occurred_at=event.at)
        case AcquisitionEvent():
            identity = members.Identity(people.NAMESPACE, event.customer)
            number = members.resolve(work, [identity]).get(identity, "") if event.customer else ""
            payload = {"change": event.change, "link": event.link, "staff": event.staff, "state": event.state}
            yield Fact("wecom.acquisition", f"link:{event.link}", payload, number, occurred_at=event.at)
        case CardEvent():
            chosen = {question: list(options) for question, options in event.chosen.items()}
            payload = {"key": event.key, "task": event.task, "card": event.card, "menu": event.menu, "chosen": chosen}
            yield Fact("wecom.card_clicked", f"staff:{event.staff}", payload, occurred_at=event.at)
        case AppEvent():
            payload = {"detail": dict(event.detail)} if event.name != "located" else {}
            yield Fact(f"wecom.app_{event.name}", f"staff:{event.staff}", payload, occurred_at=event.at)
