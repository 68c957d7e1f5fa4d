"""Accounts of customer service, their links and servicers, the session state by API, and who the customers are."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from assistant.wecom.simulator.kfaccount import TRANSITIONS, WINDOW, Account, Session
from assistant.wecom.simulator.paging import int_of
from assistant.wecom.simulator.world import ApiError, SimulatorError, World

NAME_LENGTH = 16
_SCENE = re.compile(r"[0-9a-zA-Z_-]{0,32}")
LINK = "https://work.weixin.qq.com/kfid/"


class Accounts:
    """Every account of the corp; the first is the one of the configuration."""

    def __init__(self, world: World, open_kfid: str) -> None:
        self._world = world
        self.transitions = dict(TRANSITIONS)
        self.all: dict[str, Account] = {open_kfid: Account(world, open_kfid, "客服")}

    def add(self, open_kfid: str, name: str) -> Account:
        """An account made in the admin page."""
        if open_kfid in self.all:
            raise SimulatorError(f"客服账号 {open_kfid} 已经存在，请换一个编号")
        self.all[open_kfid] = Account(self._world, open_kfid, name)
        return self.all[open_kfid]

    def the(self, open_kfid: str = "") -> Account:
        """For people: the account, or the first one."""
        name = open_kfid or next(iter(self.all), "")
        if name not in self.all:
            raise SimulatorError(f"没有客服账号 {name}，请先创建")
        return self.all[name]

    def of(self, body: dict[str, Any]) -> Account:
        """For the API: 95000 without, 95004 unknown, 48007 when the account is not handed to the API."""
        account = self.all.get(str(body.get("open_kfid") or ""))
        if account is None:
            raise ApiError(95004 if body.get("open_kfid") else 95000, "no such open_kfid")
        if not account.managed:
            raise ApiError(48007, "the account is not managed by this app")
        return account

    # Accounts and their links.

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        offset, limit = int_of(body.get("offset") or 0, "offset"), int_of(body.get("limit") or 100, "limit")
        if offset < 0 or not 1 <= limit <= 100:
            raise ApiError(40058, "invalid offset or limit")
        rows = [
            {"open_kfid": each.open_kfid, "name": each.name, "avatar": each.avatar, "manage_privilege": each.managed}
            for each in self.all.values()
        ]
        return {"account_list": rows[offset : offset + limit]}

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        account = Account(self._world, self._world.new_id("wk"), _name(body))
        self.all[account.open_kfid] = account
        return {"open_kfid": account.open_kfid}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        account = self.of(body)
        if body.get("name"):
            account.name = _name(body)
        account.avatar = str(body.get("media_id") or account.avatar)
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.all[self.of(body).open_kfid]
        return {}

    def add_contact_way(self, body: dict[str, Any]) -> dict[str, Any]:
        account, scene = self.of(body), str(body.get("scene") or "")
        if not _SCENE.fullmatch(scene):
            raise ApiError(40058, "invalid scene")
        way = self._world.new_id("kfc")
        account.ways[way] = scene
        return {"url": f"{LINK}{way}"}

    def by_link(self, url: str) -> tuple[Account, str, str]:
        """Where a link leads: the account, its scene and the scene_param written behind it."""
        way, _, query = url.removeprefix(LINK).partition("?")
        param = next((pair.removeprefix("scene_param=") for pair in query.split("&") if pair.startswith("scene_param=")), "")
        for account in self.all.values():
            if way in account.ways:
                return account, account.ways[way], param
        raise SimulatorError(f"客服链接 {url} 打不开：没有这个账号")

    # Servicers.

    def servicers(self, query: dict[str, Any]) -> dict[str, Any]:
        account = self.of(query)
        rows = [
            {"userid": person.userid, "status": 0 if person.receiving else 1, **({} if person.receiving else {"stop_type": 0})}
            for person in self._world.staff.values()
            if account.serves(person)
        ]
        return {"servicer_list": rows}

    def add_servicers(self, body: dict[str, Any]) -> dict[str, Any]:
        account, names = self.of(body), _userids(body)
        explicit = self._explicit(account)
        rows = []
        for userid in names:
            known = userid in self._world.staff and self._world.staff[userid].active
            visible = known and self._world.asked.app.sees(userid)
            explicit |= {userid} if visible else set()
            rows.append(
                {"userid": userid, "errcode": 0 if visible else 60030 if known else 60111, "errmsg": "ok" if visible else "invalid"}
            )
        account.servicers = explicit
        return {"result_list": rows}

    def delete_servicers(self, body: dict[str, Any]) -> dict[str, Any]:
        account, names = self.of(body), _userids(body)
        explicit = self._explicit(account)
        account.servicers = explicit - set(names)
        known = {userid: userid in explicit for userid in names}
        return {
            "result_list": [
                {"userid": each, "errcode": 0 if ok else 60253, "errmsg": "ok" if ok else "invalid"} for each, ok in known.items()
            ]
        }

    def _explicit(self, account: Account) -> set[str]:
        return {userid for userid, person in self._world.staff.items() if account.serves(person)}

    # Sessions and customers.

    def state_get(self, body: dict[str, Any]) -> dict[str, Any]:
        session = self._session_of(body)
        answer: dict[str, Any] = {"service_state": session.state}
        return {**answer, "servicer_userid": session.servicer} if session.state == 3 else answer

    def state_trans(self, body: dict[str, Any]) -> dict[str, Any]:
        account, session, target = self.of(body), self._session_of(body), body.get("service_state")
        allowed = self.transitions.get(session.state, frozenset())
        if session.state == 4 and not allowed:
            raise ApiError(95013, "the conversation has ended")
        if not isinstance(target, int) or target not in allowed:
            raise ApiError(95016, f"not allowed to change service state from {session.state} to {target}")
        servicer = str(body.get("servicer_userid") or "")
        if target == 3:
            person = self._world.staff.get(servicer)
            if person is None or not (person.active and account.serves(person)):
                raise ApiError(95014, "user is not a servicer or not activated")
            if not person.receiving:
                raise ApiError(95019, "servicer has stopped receiving")
        issues = target == 4 or (target in (2, 3) and session.state in (0, 1, 2))
        session.state, session.servicer = target, servicer if target == 3 else ""
        if not issues:
            return {}
        valid = timedelta(seconds=20) if target == 4 else WINDOW
        return {"msg_code": account.code(str(body["external_userid"]), valid, target, target == 4)}

    def batchget(self, body: dict[str, Any]) -> dict[str, Any]:
        """Only customers who wrote to any account within 48 h."""
        wanted = body.get("external_userid_list")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
            raise ApiError(40058, "external_userid_list must have 1 to 100 entries")
        found, invalid = [], []
        for external_userid in map(str, wanted):
            customer, session = self._world.customers.get(external_userid), self._latest(external_userid)
            if customer is None or session is None:
                invalid.append(external_userid)
                continue
            row: dict[str, Any] = {"external_userid": external_userid, "nickname": customer.name, "avatar": "", "gender": 0}
            row |= {"unionid": customer.unionid} if customer.unionid else {}
            if body.get("need_enter_session_context") and session.entered:
                row["enter_session_context"] = session.entered
            found.append(row)
        return {"customer_list": found, "invalid_external_userid": invalid}

    def _latest(self, external_userid: str) -> Session | None:
        oldest = self._world.now() - WINDOW
        sessions = [account.sessions[external_userid] for account in self.all.values() if external_userid in account.sessions]
        alive = [session for session in sessions if session.last_said is not None and session.last_said >= oldest]
        return alive[-1] if alive else None

    def _session_of(self, body: dict[str, Any]) -> Session:
        external_userid = str(body.get("external_userid", ""))
        account = self.of(body)
        if external_userid not in self._world.customers:
            raise ApiError(40003, "invalid external_userid")
        return account.session(external_userid)


def _name(body: dict[str, Any]) -> str:
    name = str(body.get("name") or "")
    if not 1 <= len(name) <= NAME_LENGTH:
        raise ApiError(40058, f"name must have 1 to {NAME_LENGTH} characters")
    return name


def _userids(body: dict[str, Any]) -> list[str]:
    names = body.get("userid_list")
    if not isinstance(names, list) or not 1 <= len(names) <= 100:
        raise ApiError(40058, "userid_list must have 1 to 100 entries")
    return [str(name) for name in names]
