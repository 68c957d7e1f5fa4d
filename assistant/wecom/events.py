"""Events of app and customer-contact callbacks as typed, named values; what nobody knows comes out as ``NotUnderstood``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistant.wecom import fields


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """``change`` is one of CONTACT's names. ``welcome_code`` lives 20 s; ``by_transfer``: the customer went to a colleague."""

    change: str
    staff: str
    customer: str
    at: datetime
    state: str = ""
    welcome_code: str = field(repr=False, default="")
    by_transfer: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """``change`` created, updated, dismissed; ``detail`` says what of an update. Versions are opaque: only equality means something."""

    change: str
    chatid: str
    at: datetime
    detail: str = ""
    scene: str = ""
    who: tuple[str, ...] = ()
    last_version: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class TagEvent:
    """``change`` created, updated, deleted, shuffled; ``kind`` tag, tag_group, or empty (shuffled); no id means all groups."""

    change: str
    kind: str
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AcquisitionEvent:
    """Something at a link of 获客助手."""

    change: str
    link: str
    staff: str
    customer: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CardEvent:
    """A click on a template card of the app; ``chosen`` is question → options."""

    menu: bool
    staff: str
    key: str
    task: str
    card: str
    chosen: Mapping[str, tuple[str, ...]]
    at: datetime


@dataclass(frozen=True, slots=True)
class AppEvent:
    """What a staff member did in the app, or what WeCom says about the app; ``detail`` are the further elements."""

    name: str
    staff: str
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An event that is not in our tables; ``missing`` names what a known event lacks."""

    name: str
    at: datetime
    missing: tuple[str, ...] = ()


Event = ContactEvent | GroupEvent | TagEvent | AcquisitionEvent | CardEvent | AppEvent | NotUnderstood

CONTACT = {
    "add_external_contact": "added",
    "add_half_external_contact": "half_added",
    "edit_external_contact": "edited",
    "del_external_contact": "deleted_by_staff",
    "del_follow_user": "deleted_by_customer",
    "transfer_fail": "transfer_failed",
    "msg_audit_approved": "archive_agreed",
}
GROUP = {"create": "created", "update": "updated", "dismiss": "dismissed"}
TAG = {"create": "created", "update": "updated", "delete": "deleted", "shuffle": "shuffled"}
APP = {
    "subscribe": "subscribed",
    "unsubscribe": "unsubscribed",
    "enter_agent": "entered",
    "LOCATION": "located",
    "click": "clicked",
    "view": "viewed",
    "view_miniprogram": "viewed_miniprogram",
    "scancode_push": "scanned",
    "scancode_waitmsg": "scanned",
    "pic_sysphoto": "sent_pictures",
    "pic_photo_or_album": "sent_pictures",
    "pic_weixin": "sent_pictures",
    "location_select": "chose_place",
    "batch_job_result": "batch_job_done",
    "open_approval_change": "approval_changed",
    "share_agent_change": "shared_apps_changed",
    "share_chain_change": "shared_chain_changed",
    "inactive_alert": "inactive_warned",
    "close_inactive_agent": "inactive_closed",
    "reopen_inactive_agent": "reopened",
    "low_active_alert": "low_active_warned",
    "low_active": "low_active",
    "active_restored": "active_again",
}
"""Event → the name of our fact, after ``wecom.app_``."""

ALARMS = frozenset({"inactive_warned", "inactive_closed", "low_active_warned", "low_active"})
"""Names of APP after which the app loses, or soon loses, access to customer data: a person must act."""

LONGEST_ID = 64
"""Characters; ids of WeCom's are at most half as long as a rule."""

ELSEWHERE = frozenset({"kf_msg_or_event", "kf_account_auth_change", "msgaudit_notify"})
"""Events that other parts of the house read."""

_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "AgentID", "ChangeType"})
_CONTACT = frozenset({"UserID", "ExternalUserID", "State", "WelcomeCode", "Source", "FailReason"})
_GROUP = frozenset(
    {"ChatId", "UpdateDetail", "JoinScene", "QuitScene", "MemChangeCnt", "MemChangeList", "LastMemVer", "CurMemVer"},
)
_TAG = frozenset({"Id", "TagType", "StrategyId"})
_CARD = frozenset({"EventKey", "TaskId", "CardType", "ResponseCode", "SelectedItems"})
_ACQUISITION = frozenset({"LinkId", "UserID", "ExternalUserID", "State", "CustomerChannel", "WelcomeCode", "ExpireTime", "CorpId"})
_APP = frozenset(
    {
        *("EventKey", "Latitude", "Longitude", "Precision", "AppType", "ScanCodeInfo", "SendPicsInfo", "SendLocationInfo", "BatchJob"),
        *("EffectTime", "ApprovalInfo", "MsgId", "Ticket", "AppId"),
    },
)


def read_event(raw: Mapping[str, Any], at: datetime) -> Event | None:
    """The event of one decrypted callback; None where another part of the house reads it."""
    name = fields.text(raw, "Event")
    if name in ELSEWHERE:
        return None
    read = _READERS.get(name)
    if read is not None:
        return read(raw, at)
    if name in APP:
        detail = {key: raw[key] for key in raw if key not in _ENVELOPE}
        return AppEvent(APP[name], _id(raw, "FromUserName"), at, detail)
    return NotUnderstood(called(raw), at)


def called(raw: Mapping[str, Any]) -> str:
    """What a callback calls itself: event and change, or the type of the message."""
    return (
        ".".join(filter(None, (fields.text(raw, "Event"), fields.text(raw, "ChangeType"))))
        or fields.text(raw, "MsgType")
        or fields.text(raw, "msgtype")
        or "?"
    )


def unknown_elements(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The elements of a known event that our tables do not name."""
    known = _ELEMENTS.get(fields.text(raw, "Event"), _APP)
    return tuple(sorted(key for key in raw if key not in _ENVELOPE and key not in known))


def _contact(raw: Mapping[str, Any], at: datetime) -> Event:
    change = CONTACT.get(fields.text(raw, "ChangeType"))
    staff, customer = _id(raw, "UserID"), _id(raw, "ExternalUserID")
    if change is None or not staff or not customer:
        return _lacking(raw, at, "UserID", "ExternalUserID")
    return ContactEvent(
        change,
        staff,
        customer,
        at,
        state=fields.text(raw, "State")[:LONGEST_ID],
        welcome_code=fields.text(raw, "WelcomeCode"),
        by_transfer=fields.text(raw, "Source") == "DELETE_BY_TRANSFER",
        reason=fields.text(raw, "FailReason"),
    )


def _group(raw: Mapping[str, Any], at: datetime) -> Event:
    change = GROUP.get(fields.text(raw, "ChangeType"))
    if change is None or not _id(raw, "ChatId"):
        return _lacking(raw, at, "ChatId")
    detail = fields.text(raw, "UpdateDetail")
    # Other details carry a scene and a count that mean nothing.
    scene = fields.text(raw, {"add_member": "JoinScene", "del_member": "QuitScene"}.get(detail, ""))
    who = _listed(raw.get("MemChangeList")) if detail in ("add_member", "del_member") else ()
    return GroupEvent(change, _id(raw, "ChatId"), at, detail, scene, who, _id(raw, "LastMemVer"), _id(raw, "CurMemVer"))


def _tag(raw: Mapping[str, Any], at: datetime) -> Event:
    change = TAG.get(fields.text(raw, "ChangeType"))
    if change is None or (change != "shuffled" and not _id(raw, "Id")):
        return _lacking(raw, at, "Id")
    return TagEvent(change, fields.text(raw, "TagType"), _id(raw, "Id"), at)


def _acquisition(raw: Mapping[str, Any], at: datetime) -> Event:
    change, link, staff = fields.text(raw, "ChangeType"), _id(raw, "LinkId"), _id(raw, "UserID")
    return AcquisitionEvent(change, link, staff, _id(raw, "ExternalUserID"), fields.text(raw, "State")[:LONGEST_ID], at)


def _card(raw: Mapping[str, Any], at: datetime) -> Event:
    items = raw.get("SelectedItems")
    listed = items.get("SelectedItem", ()) if isinstance(items, dict) else ()
    chosen = {
        fields.text(one, "QuestionKey"): _listed(one.get("OptionIds"), "OptionId")
        for one in (listed if isinstance(listed, list) else [listed])
        if isinstance(one, dict)
    }
    key, task, card = (fields.text(raw, name) for name in ("EventKey", "TaskId", "CardType"))
    menu, staff = fields.text(raw, "Event") == "template_card_menu_event", _id(raw, "FromUserName")
    return CardEvent(menu, staff, key, task, card, chosen, at)


def _lacking(raw: Mapping[str, Any], at: datetime, *needed: str) -> NotUnderstood:
    return NotUnderstood(called(raw), at, tuple(name for name in needed if not _id(raw, name)))


_READERS: dict[str, Callable[[Mapping[str, Any], datetime], Event]] = {
    "change_external_contact": _contact,
    "change_external_chat": _group,
    "change_external_tag": _tag,
    "customer_acquisition": _acquisition,
    "template_card_event": _card,
    "template_card_menu_event": _card,
}
_ELEMENTS = {
    "change_external_contact": _CONTACT,
    "change_external_chat": _GROUP,
    "change_external_tag": _TAG,
    "customer_acquisition": _ACQUISITION,
    "template_card_event": _CARD,
    "template_card_menu_event": _CARD,
}


def _id(raw: Mapping[str, Any], name: str) -> str:
    """An id of WeCom's; what is longer than any of them is none."""
    value = fields.text(raw, name)
    return value if len(value) <= LONGEST_ID else ""


def _listed(value: Any, name: str = "Item") -> tuple[str, ...]:
    """The texts of a list element: one, several, or none."""
    inner = value.get(name, ()) if isinstance(value, dict) else ()
    items = inner if isinstance(inner, list) else [inner]
    found = (item.strip() for item in items if isinstance(item, str))
    return tuple(item for item in found if 0 < len(item) <= LONGEST_ID)
