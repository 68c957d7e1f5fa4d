"""Welcome messages to new friends, and the templates that greet who joins a customer group.

Documented: no code when the admin has set a welcome, when they are chatting, when the half-add code was used, for members of other
corps; 20 s and one use; 41050, 41051; 41096 for the app that comes second while another is sending. Guessed: 40205 for a member who has
not logged in for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.content import attachments_of, bubbles, text_of
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.world import ApiError, Relation, World, cut

CODE_SECONDS = 20
TEXT_BYTES = 4000


@dataclass
class _Code:
    external_userid: str
    userid: str
    until: datetime
    used: bool = False


class Welcomes:
    """Codes are issued by ``Contacts`` with the events of a new friendship."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}
        self._greeted: set[tuple[str, str]] = set()
        self._templates: dict[str, dict[str, Any]] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/send_welcome_msg": ("contact", self.send),
            "externalcontact/group_welcome_template/add": ("contact", self.add_template),
            "externalcontact/group_welcome_template/edit": ("contact", self.edit_template),
            "externalcontact/group_welcome_template/get": ("contact", self.get_template),
            "externalcontact/group_welcome_template/del": ("contact", self.delete_template),
        }

    def begin(self, external_userid: str, userid: str) -> None:
        """A new friendship may be greeted again."""
        self._greeted.discard((external_userid, userid))

    def issue(self, external_userid: str, userid: str, relation: Relation) -> str:
        """The WelcomeCode of an event, empty when there is none to give."""
        staff, customer = self._world.staff[userid], self._world.customers[external_userid]
        if staff.welcomed_by_admin or relation.talked or customer.wecom_user or (external_userid, userid) in self._greeted:
            return ""
        code = self._world.new_id("WELCOME")
        self._codes[code] = _Code(external_userid, userid, self._world.now() + timedelta(seconds=CODE_SECONDS))
        return code

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """send_welcome_msg: text first, then each attachment, once within 20 s; a refused try leaves the code alive."""
        code = self._codes.get(str(body.get("welcome_code") or ""))
        if code is None:
            raise ApiError(41050 if body.get("welcome_code") else 41049, "missing, invalid or expired welcome_code")
        pair = (code.external_userid, code.userid)
        relation = self._world.customers[code.external_userid].relations.get(code.userid)
        if code.used or pair in self._greeted or (relation is not None and relation.talked):
            raise ApiError(41051, "welcome has been delivered or they are chatting already")
        if self._world.now() > code.until or relation is None or relation.gone:
            raise ApiError(41050, "invalid or expired welcome_code")
        login = self._world.staff[code.userid].last_login
        if login is not None and self._world.now() - login > timedelta(days=self._world.knobs.dormant_days):
            raise ApiError(40205, "the member has not logged in for a long time")
        text, attachments = cut(text_of(body), TEXT_BYTES), attachments_of(self._world, body)
        if not text and not attachments:
            raise ApiError(40058, "text and attachments are both empty")
        code.used = True
        self._greeted.add(pair)
        self._world.customers[code.external_userid].phone.extend(bubbles(self._world, code.userid, text, attachments, "welcome"))
        return {}

    # Templates for groups: owners choose them in the client, so the API only keeps them.

    def add_template(self, body: dict[str, Any]) -> dict[str, Any]:
        template_id = self._world.new_id("msgTPL")
        self._templates[template_id] = self._template(body)
        return {"template_id": template_id}

    def edit_template(self, body: dict[str, Any]) -> dict[str, Any]:
        self._known(body)
        self._templates[str(body["template_id"])] = self._template(body)
        return {}

    def get_template(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._known(body)

    def delete_template(self, body: dict[str, Any]) -> dict[str, Any]:
        self._known(body)
        del self._templates[str(body["template_id"])]
        return {}

    def _known(self, body: dict[str, Any]) -> dict[str, Any]:
        template = self._templates.get(str(body.get("template_id") or ""))
        if template is None:
            raise ApiError(40058, "invalid template_id")
        return template

    @staticmethod
    def _template(body: dict[str, Any]) -> dict[str, Any]:
        kinds = ("image", "link", "miniprogram", "file", "video")
        kept = {name: body[name] for name in ("text", *kinds) if isinstance(body.get(name), dict)}
        if not kept or sum(name in kept for name in kinds) > 1 or len(text_of(body).encode()) > TEXT_BYTES:
            raise ApiError(40058, "a template has a text, one attachment, or both")
        return kept
