"""Who is who: members and departments, the app itself, and the ids of one customer in other worlds.

Documented: allow_userinfos of agent/get, unionid only for WeChat users, pending_id until the person is a customer. Guessed: the form of
openid and pending_id, 40056 for another app's agentid, 46004 for an unknown member of user/get, which is 60111 here.
"""

from __future__ import annotations

import hashlib
from typing import Any

from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, texts_of
from assistant.wecom.simulator.world import ApiError, Customer, Staff, World


class Directory:
    """Reads of the address book and of identities."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pending: dict[str, str] = {}

    def routes(self) -> Routes:
        return {
            "GET agent/get": ("any", self.agent),
            "GET agent/list": ("any", self.agents),
            "GET user/get": ("any", self.user),
            "GET user/simplelist": ("any", self.simple_list),
            "GET department/list": ("any", self.departments),
            "externalcontact/convert_to_openid": ("contact", self.openid),
            "externalcontact/unionid_to_external_userid": ("contact", self.by_unionid),
            "idconvert/unionid_to_external_userid": ("contact", self.by_unionid_or_pending),
            "idconvert/batch/external_userid_to_pending_id": ("contact", self.pending_ids),
        }

    def agent(self, query: dict[str, Any]) -> dict[str, Any]:
        """agent/get of the calling app: its name and visible range."""
        app = self._world.asked.app
        if int_of(query.get("agentid"), "agentid") != app.agentid:
            raise ApiError(40056, "invalid agentid")
        seen = [{"userid": userid} for userid in self._world.staff if app.sees(userid)]
        told: dict[str, Any] = {"agentid": app.agentid, "name": app.name, "square_logo_url": "", "description": "", "close": 0}
        told |= {"allow_userinfos": {"user": seen if app.visible is not None else []}}
        return {**told, "allow_partys": {"partyid": [1] if app.visible is None else []}, "allow_tags": {"tagid": []}}

    def agents(self, query: dict[str, Any]) -> dict[str, Any]:
        app = self._world.asked.app
        return {"agentlist": [{"agentid": app.agentid, "name": app.name, "square_logo_url": ""}]}

    def user(self, query: dict[str, Any]) -> dict[str, Any]:
        return _person(self._world.must_see(str(query.get("userid") or "")))

    def simple_list(self, query: dict[str, Any]) -> dict[str, Any]:
        department, sees = int_of(query.get("department_id"), "department_id"), self._world.asked.app.sees
        people = [each for each in self._world.staff.values() if sees(each.userid) and department in (1, each.department)]
        return {"userlist": [{"userid": each.userid, "name": each.name, "department": [each.department]} for each in people]}

    def departments(self, query: dict[str, Any]) -> dict[str, Any]:
        ids = sorted({1, *(each.department for each in self._world.staff.values())})
        return {"department": [{"id": each, "name": f"部门{each}", "parentid": 0 if each == 1 else 1, "order": each} for each in ids]}

    def openid(self, body: dict[str, Any]) -> dict[str, Any]:
        """convert_to_openid, for payments."""
        customer = self._world.customers.get(str(body.get("external_userid") or ""))
        if customer is None or customer.wecom_user:
            raise ApiError(40096, "invalid external userid")
        return {"openid": openid_of(customer.external_userid)}

    def by_unionid(self, body: dict[str, Any]) -> dict[str, Any]:
        customer = self._customer(str(body.get("unionid") or ""))
        if customer is None:
            raise ApiError(84061, "not external contact")
        return {"external_userid": customer.external_userid}

    def by_unionid_or_pending(self, body: dict[str, Any]) -> dict[str, Any]:
        """A customer's external_userid, or a pending_id for somebody who is none yet."""
        unionid = str(body.get("unionid") or "")
        if not unionid or not body.get("openid"):
            raise ApiError(40073, "invalid unionid or openid")
        customer = self._customer(unionid)
        if customer is not None and any(not relation.gone for relation in customer.relations.values()):
            return {"external_userid": customer.external_userid}
        return {"pending_id": self._pending.setdefault(unionid, self._world.new_id("pend"))}

    def pending_ids(self, body: dict[str, Any]) -> dict[str, Any]:
        result = []
        for external_userid in texts_of(body, "external_userid", 100, 1):
            customer = self._world.customers.get(external_userid)
            if customer is not None and customer.unionid in self._pending:
                result.append({"external_userid": external_userid, "pending_id": self._pending[customer.unionid]})
        return {"result": result}

    def _customer(self, unionid: str) -> Customer | None:
        return next((each for each in self._world.customers.values() if unionid and each.unionid == unionid), None)


def openid_of(external_userid: str) -> str:
    return "o" + hashlib.sha256(external_userid.encode()).hexdigest()[:27]


def _person(staff: Staff) -> dict[str, Any]:
    status = 5 if staff.left else 1 if staff.active else 4
    return {"userid": staff.userid, "name": staff.name, "department": [staff.department], "status": status, "isleader": 0, "enable": 1}
