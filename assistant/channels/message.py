"""What comes in and what goes out, in words that no channel owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from assistant.base import ids

PERSON = "person:"
"""Cause of messages that a person wrote; they pass the takeover gate."""

EVENT_CODE, EVENT_UNTIL = "event_code", "event_until"
"""In ``reply_to``: a code that answers one event once, and the instant (ISO) until which it works."""

PARTING = "parting"
"""In ``reply_to``: the last words before a conversation is handed over, said while the channel still lets the assistant speak."""

InboundKind = Literal["text", "image", "voice", "video", "file", "event", "recall", "unknown"]
SenderKind = Literal["customer", "employee", "unknown"]


def choice_id(key: str, number: int) -> str:
    """What tells us that the choice ``number`` (from 1) of the message ``key`` was clicked: its row of the outbox and the choice."""
    return f"{ids.derive('out', key)}.{number}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where one conversation happens: ``channel`` is kf, app or bot; ``account`` ours; ``peer`` the person; ``group`` empty in 1:1."""

    channel: str
    account: str
    peer: str
    group: str = ""

    @property
    def conversation(self) -> str:
        """The key under which turns are kept in order; in a group each person who asks has a thread of their own."""
        return f"{self.channel}:{self.account}:{f'g:{self.group}:{self.peer}' if self.group else self.peer}"


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One thing somebody said or did. (``source``, ``external_id``) is unique for ever.

    ``text`` is what was said (voice transcribed; empty for media); ``sent_at`` UTC; ``event`` names an event kind such as
    ``enter_session``; ``choice`` is the menu item that was clicked; ``reply_to`` carries what a direct answer needs (a ``response_url``,
    a stream id); ``raw`` the parsed original; ``quoted`` is what the message points at or passes on, written by nobody knows whom.
    """

    source: str
    external_id: str
    address: Address
    sender_kind: SenderKind
    kind: InboundKind
    sent_at: datetime
    text: str = ""
    event: str = ""
    reply_to: dict[str, str] = field(default_factory=dict)
    choice: str = ""
    raw: dict[str, Any] = field(default_factory=dict)
    quoted: str = ""


AttachmentKind = Literal["image", "video", "file", "link", "miniprogram"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something beside the words. ``media`` is the key of a row of our own media table: the picture, video or file itself, or the small
    picture of a link or mini-program. ``url`` is where a link leads, ``picture`` the address of its picture (or of an image) where the
    channel takes an address; ``appid`` and ``page`` name a page of a mini-program.
    """

    kind: AttachmentKind
    media: str = ""
    url: str = ""
    title: str = ""
    description: str = ""
    picture: str = ""
    appid: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One thing to say. ``key`` is unique for ever: the same key is never sent twice.

    ``proactive`` marks a touch that nobody asked for (it has passed the outreach gate); ``cause`` is the turn, plan or journey it
    belongs to; ``member_id`` may be empty (staff, guests). ``options`` are short choices shown as a menu where the channel has menus;
    ``asks`` names the confirmation they answer. ``parts`` is how many messages of the channel it may take (0: as many as it wants).
    ``about`` names what the choices decide (``plan:<id>:<digest>``), empty where they only answer.
    ``text`` may be empty where there are ``attachments``, which follow the words in their order.
    """

    key: str
    address: Address
    text: str
    cause: str
    member_id: str = ""
    proactive: bool = False
    options: tuple[str, ...] = ()
    reply_to: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    asks: str = ""
    parts: int = 0
    about: str = ""

    @property
    def by_person(self) -> bool:
        """Whether a colleague wrote it."""
        return self.cause.startswith(PERSON)


Outcome = Literal["sent", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel answered: ``unknown`` means it may or may not have arrived and must never be blindly repeated."""

    outcome: Outcome
    external_id: str = ""
    code: str = ""
    reason: str = ""
    retry_at: datetime | None = None
    waits: bool = False
    """A refusal that ends when the other side writes again."""
