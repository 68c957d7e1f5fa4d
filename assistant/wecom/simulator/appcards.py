"""Template cards of the app: codes used once within 72 hours, clicks, and the card changing at once or by API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator import cards
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World
from assistant.wecom.simulator.xmlforms import part_of

CODE_VALID = timedelta(hours=72)


@dataclass
class _Code:
    msgid: str
    userid: str
    until: datetime


class AppCards:
    """``userid`` empty in a code: that of message/send, good for everybody who got the card."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}

    def code(self, msgid: str, userid: str = "") -> str:
        """A response_code for the cards of this message."""
        code = self._world.new_id("RC")
        self._codes[code] = _Code(msgid, userid, self._world.now() + CODE_VALID)
        return code

    def click(self, userid: str, msgid: str, key: str, selected: dict[str, list[str]]) -> tuple[PhoneMessage, dict[str, Any]]:
        """The card on the phone and the fields of the event that clicking it sends."""
        bubble = next((each for each in self._world.the_staff(userid).phone if each.msgid == msgid), None)
        if bubble is None or bubble.kind != "template_card":
            raise SimulatorError(f"员工 {userid} 的手机上没有卡片 {msgid}")
        if bubble.body.get("pressed"):
            raise SimulatorError("这张卡片已经点过，按钮不能再点")
        said = cards.press(bubble.body, key, selected)
        menu = any(action.get("key") == key for action in (bubble.body.get("action_menu") or {}).get("action_list") or [])
        fields: dict[str, Any] = {"MsgType": "event", "Event": "template_card_menu_event" if menu else "template_card_event"}
        fields |= {"EventKey": key, "TaskId": said["task_id"], "CardType": said["card_type"], "ResponseCode": self.code(msgid, userid)}
        if selected and not menu:
            items = [{"QuestionKey": question, "OptionIds": {"OptionId": chosen}} for question, chosen in selected.items()]
            fields["SelectedItems"] = {"SelectedItem": items}
        return bubble, fields

    def answered(self, bubble: PhoneMessage, kind: str, plain: str) -> bool:
        """A passive reply to a click; False when it is not one of the two that change the card."""
        if kind == "update_button":
            replaced = str(part_of(plain, "Button").get("replace_name", ""))
            _show(bubble, {"replace_name": replaced}, None)
            return bool(replaced)
        if kind == "update_template_card":
            card = part_of(plain, "TemplateCard")
            try:
                _show(bubble, None, cards.check(card))
            except ApiError as error:
                self._world.complain(f"更新后的卡片不合协议：{error.reason}")
            return True
        return False

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        """message/update_template_card: once by each response_code; ``invaliduser`` comes back as an array here."""
        code = self._codes.get(str(body.get("response_code") or ""))
        if code is None or self._world.now() > code.until:
            raise ApiError(60140, "response_code is invalid, used or expired")
        button, card = body.get("button"), body.get("template_card")
        if not (isinstance(button, dict) and button.get("replace_name")) and not isinstance(card, dict):
            raise ApiError(40058, "button.replace_name or template_card is needed")
        if isinstance(card, dict):
            cards.check(card)
        wanted = list(self._world.staff) if body.get("atall") else [str(userid) for userid in body.get("userids") or [] if userid]
        got = {userid: self._bubble(userid, code.msgid) for userid in wanted}
        for bubble in got.values():
            if bubble is not None:
                _show(bubble, button, card)
        del self._codes[str(body["response_code"])]
        return {"invaliduser": [] if body.get("atall") else [userid.lower() for userid, bubble in got.items() if bubble is None]}

    def _bubble(self, userid: str, msgid: str) -> PhoneMessage | None:
        staff = self._world.staff.get(userid)
        return next((each for each in staff.phone if each.msgid == msgid), None) if staff else None


def _show(bubble: PhoneMessage, button: dict[str, Any] | None, card: dict[str, Any] | None) -> None:
    if card is not None:
        bubble.body, bubble.text = card, cards.title(card)
    elif button:
        bubble.body = {**bubble.body, "pressed": button["replace_name"]}
