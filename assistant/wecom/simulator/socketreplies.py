"""What the service may say to the AI bot's users over the long connection, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from assistant.wecom.simulator.botscreen import BotTurn, Screen
from assistant.wecom.simulator.uploads import Uploads, within
from assistant.wecom.simulator.world import ApiError, World

Kind = Literal["message", "enter_chat", "template_card_event", "feedback_event"]
REPLIES_FOR = timedelta(hours=24)
EVENT_REPLY_SECONDS = 5.0
REPLY_KINDS = ("template_card", "markdown", "file", "image", "voice", "video")


@dataclass
class _Told:
    """One callback pushed to the service: what a req_id stands for. ``streams``: id → (first frame, finished)."""

    kind: Kind
    turn: BotTurn
    at: datetime
    streams: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    answered: bool = False


class Replies:
    """One verb for each command the service may send; raises ApiError with the code of the refusal."""

    def __init__(self, world: World, screen: Screen) -> None:
        self._world = world
        self._screen = screen
        self._told: dict[str, _Told] = {}
        self._said: dict[str, list[datetime]] = {}
        self.uploads = Uploads(world)

    def expect(self, req_id: str, kind: Kind, turn: BotTurn) -> None:
        """A callback has been pushed under this req_id."""
        self._told[req_id] = _Told(kind, turn, self._world.now())

    def respond(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """aibot_respond_msg: for 24 hours; a stream keeps its id and ends within the limit of its first frame."""
        told = self._of(req_id, "message")
        if body.get("msgtype") == "stream":
            self._stream(told, body.get("stream") or {})
            return {}
        self._count(told.turn.conversation)
        bubble = self._screen.say(told.turn.userid, told.turn.chatid, body, REPLY_KINDS)
        self._screen.answered(told.turn, bubble)
        return {}

    def welcome(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """aibot_respond_welcome_msg: once, within 5 s of enter_chat; text or template_card."""
        told = self._at_once(req_id, "enter_chat")
        self._count(told.turn.conversation)
        bubble = self._screen.say(told.turn.userid, told.turn.chatid, body, ("text", "template_card"))
        self._screen.answered(told.turn, bubble)
        told.answered = True
        return {}

    def update(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """aibot_respond_update_msg: once, within 5 s of the click; a card with the same task_id."""
        told = self._at_once(req_id, "template_card_event")
        self._screen.update_card(told.turn, body)
        told.answered = True
        return {}

    def send(self, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """aibot_send_msg: only where the user or group has written to the bot before."""
        userid, chatid = self._receiver(str(body.get("chatid") or ""), body.get("chat_type") or 0)
        if (chatid or userid) not in self._screen.spoken:
            raise ApiError(846607, "nobody has written to the bot in this conversation")
        self._count(chatid or userid)
        self._screen.say(userid, chatid, body, REPLY_KINDS)
        return {}

    def _stream(self, told: _Told, stream: dict[str, Any]) -> None:
        stream_id, now = str(stream.get("id") or ""), self._world.now()
        started, ended = told.streams.get(stream_id, (now, False))
        if ended:
            raise ApiError(846606, "this stream has been finished")
        if (now - started).total_seconds() > self._world.knobs.bot_stream_limit_seconds:
            raise ApiError(846608, "the stream is too old to be updated")
        if stream.get("msg_item"):
            raise ApiError(40058, "msg_item is not supported on a long connection")
        if stream_id not in told.streams or self._world.knobs.bot_stream_frames_count:
            self._count(told.turn.conversation)
        self._screen.stream(told.turn, stream)
        told.streams[stream_id] = (started, bool(stream.get("finish")))

    def _of(self, req_id: str, kind: Kind) -> _Told:
        told = self._told.get(req_id)
        if told is None or told.kind != kind:
            raise ApiError(846605, "invalid req_id")
        if self._world.now() - told.at > REPLIES_FOR:
            raise ApiError(846604, "req_id has expired")
        return told

    def _at_once(self, req_id: str, kind: Kind) -> _Told:
        told = self._of(req_id, kind)
        if told.answered:
            raise ApiError(846606, "already replied")
        if (self._world.now() - told.at).total_seconds() > EVENT_REPLY_SECONDS:
            raise ApiError(846604, "the reply came later than 5 seconds")
        return told

    def _receiver(self, chatid: str, chat_type: object) -> tuple[str, str]:
        """(userid, chatid) of a push: 1 a person, 2 a group, 0 a group where there is one of that name."""
        if chat_type in (0, 2) and chatid in self._world.groups:
            return "", chatid
        for userid in self._world.staff if chat_type in (0, 1) else ():
            if chatid in (userid, self._screen.public(userid)):
                return userid, ""
        raise ApiError(40058, "invalid chatid or chat_type")

    def _count(self, conversation: str) -> None:
        within(self._said.setdefault(conversation, []), self._world.now(), self._world.knobs.bot_quota_errcode)
