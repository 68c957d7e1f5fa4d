"""The message archive (会话内容存档) as far as its API goes: whose messages are archived, and who agreed. Messages are not simulated.

Documented: a secret of its own, get_permit_user_list, check_single_agree of at most 100 pairs, check_room_agree, Agree, Disagree and
Default_Agree with the time of the last change. Guessed: who was never asked is Disagree at the time 0; in a group a customer's word is the
latest said to any employee; 301052 where the archive was not bought; 40058 for a room nobody knows.
"""

from __future__ import annotations

from typing import Any

from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.groups import Groups
from assistant.wecom.simulator.world import ApiError, Relation, World

PAIRS_MOST = 100


class Archive:
    """API verbs; customers agree and disagree by ``contacts``."""

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups

    def routes(self) -> Routes:
        return {
            "msgaudit/get_permit_user_list": ("archive", self.permitted),
            "msgaudit/check_single_agree": ("archive", self.single),
            "msgaudit/check_room_agree": ("archive", self.room),
        }

    def permitted(self, _body: dict[str, Any]) -> dict[str, Any]:
        """get_permit_user_list: every active employee that the app sees."""
        sees = self._world.asked.app.sees
        return {"ids": [one.userid for one in self._world.staff.values() if one.active and sees(one.userid)]}

    def single(self, body: dict[str, Any]) -> dict[str, Any]:
        """check_single_agree: friends only; who is no friend of that employee is left out."""
        info = body.get("info")
        if not isinstance(info, list) or not 0 < len(info) <= PAIRS_MOST:
            raise ApiError(40058, "info must have 1 to 100 rows")
        rows = []
        for one in info:
            userid, external = str(one.get("userid") or ""), str(one.get("exteranalopenid") or "")
            customer = self._world.customers.get(external)
            relation = customer.relations.get(userid) if customer else None
            if relation is not None:
                rows.append({"userid": userid, "exteranalopenid": external, **_word(relation)})
        return {"agreeinfo": rows}

    def room(self, body: dict[str, Any]) -> dict[str, Any]:
        """check_room_agree: every customer of the group."""
        group = self._groups.known(str(body.get("roomid") or ""))
        rows = []
        for person in group.members:
            customer = self._world.customers.get(person)
            if customer is not None:
                said = [one for one in customer.relations.values() if one.agreed_at is not None]
                latest = max(said, key=lambda one: one.agreed_at.timestamp() if one.agreed_at else 0.0, default=None)
                word = _word(latest) if latest else {"agree_status": "Disagree", "status_change_time": 0}
                rows.append({"exteranalopenid": person, **word})
        return {"agreeinfo": rows}


def _word(relation: Relation) -> dict[str, Any]:
    at = int(relation.agreed_at.timestamp()) if relation.agreed_at else 0
    return {"agree_status": relation.agreed or "Disagree", "status_change_time": at}
