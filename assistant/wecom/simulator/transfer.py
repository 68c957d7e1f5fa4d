"""Transfer: customers of a member in service or of one who has left, and the groups of either.

Documented: errcode 0 only means begun, done by itself after 24 h, refusals (transfer_fail customer_refused), full
(customer_limit_exceed), then del_external_contact with DELETE_BY_TRANSFER for the giver, no add event for a taker who is a friend
already, 40128 for the third in 90 days, 40097 to 40100, 40130, 40131, 40205, for groups 90500 to 90508. Inferred: an add event for a
taker who is not a friend yet. Guessed: no welcome code with it; groups change hands at once and without an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assistant.wecom.simulator.contacts import Contacts
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.groups import Groups
from assistant.wecom.simulator.paging import int_of, page, texts_of
from assistant.wecom.simulator.sysevents import SysEvents
from assistant.wecom.simulator.world import ApiError, Group, PhoneMessage, Relation, SimulatorError, World

DONE, WAITING, REFUSED, FULL = 1, 2, 3, 4
PERIOD = timedelta(days=90)
MOST_IN_PERIOD = 2


@dataclass
class Transfer:
    """``status`` 1 done, 2 waiting, 3 refused by the customer, 4 the taker is full."""

    handover: str
    takeover: str
    external_userid: str
    begun: datetime
    message: str
    resigned: bool
    status: int = WAITING
    ended: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        ended = int(self.ended.timestamp()) if self.ended and self.status == DONE else 0
        return {"external_userid": self.external_userid, "status": self.status, "takeover_time": ended}


class Transfers:
    """API verbs; the customer ``refuses`` or ``accepts`` before the day is over, an employee ``leaves`` the corp."""

    def __init__(self, world: World, events: SysEvents, contacts: Contacts, groups: Groups) -> None:
        self._world = world
        self._events = events
        self._contacts = contacts
        self._groups = groups
        self.transfers: list[Transfer] = []
        self._of: dict[str, list[Transfer]] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/transfer_customer": ("contact", self.transfer),
            "externalcontact/transfer_result": ("contact", self.result),
            "externalcontact/get_unassigned_list": ("contact", self.unassigned),
            "externalcontact/resigned/transfer_customer": ("contact", self.transfer_resigned),
            "externalcontact/resigned/transfer_result": ("contact", self.result_resigned),
            "externalcontact/groupchat/transfer": ("contact", self.transfer_groups),
            "externalcontact/groupchat/onjob_transfer": ("contact", self.transfer_groups_onjob),
        }

    # What people do.

    def leaves(self, userid: str) -> None:
        """The employee leaves the corp: customers wait to be assigned, groups have no owner, and no event tells it."""
        staff = self._world.the_staff(userid)
        if staff.left:
            raise SimulatorError(f"员工 {userid} 已经离职")
        staff.active, staff.left = False, self._world.now()
        for group in self._groups.customer_groups():
            if group.owner == userid:
                group.status = 1

    def refuses(self, external_userid: str, takeover: str) -> None:
        """The customer does not want the new member: transfer_fail."""
        transfer = self._open(external_userid, takeover)
        self._end(transfer, REFUSED)
        self._fail(transfer, "customer_refused")

    def accepts(self, external_userid: str, takeover: str) -> None:
        """The customer agrees before the day is over."""
        self._complete(self._open(external_userid, takeover))

    # What the API does.

    def transfer(self, body: dict[str, Any]) -> dict[str, Any]:
        """transfer_customer in service."""
        handover = str(body.get("handover_userid") or "")
        if self._world.must_see(handover).left:
            raise ApiError(60111, "the member has left, use resigned/transfer_customer")
        if len(str(body.get("transfer_success_msg") or "")) > 200:
            raise ApiError(40058, "transfer_success_msg is too long")
        return self._begin(body, handover, resigned=False)

    def transfer_resigned(self, body: dict[str, Any]) -> dict[str, Any]:
        """resigned/transfer_customer, of who has left less than a year ago."""
        handover = str(body.get("handover_userid") or "")
        left = self._world.must_see(handover).left
        if left is None or self._world.now() - left > timedelta(days=365):
            raise ApiError(40097, "the member has not resigned, or more than a year ago")
        return self._begin(body, handover, resigned=True)

    def result(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._results(body, resigned=False)

    def result_resigned(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._results(body, resigned=True)

    def unassigned(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_unassigned_list: customers of those who have left."""
        rows = [
            {"handover_userid": userid, "external_userid": customer.external_userid, "dimission_time": int(left.timestamp())}
            for customer in self._world.customers.values()
            for userid, relation in customer.relations.items()
            if (left := self._world.staff[userid].left) and not relation.gone and self._world.asked.app.sees(userid)
        ]
        size = int_of(body.get("page_size") or 1000, "page_size")
        some, cursor = page(self._world, "unassigned", rows, {"limit": size, "cursor": body.get("cursor")}, default=1000, most=1000)
        return {"info": some, "is_last": not cursor, "next_cursor": cursor}

    def transfer_groups(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/transfer: groups whose owner has left."""
        return self._inherit(body, resigned=True)

    def transfer_groups_onjob(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/onjob_transfer: groups whose owner is in service."""
        return self._inherit(body, resigned=False)

    # Parts.

    def _begin(self, body: dict[str, Any], handover: str, *, resigned: bool) -> dict[str, Any]:
        takeover, wanted = str(body.get("takeover_userid") or ""), texts_of(body, "external_userid", 100, 1)
        taker = self._world.must_see(takeover)
        if takeover == handover:
            raise ApiError(40130, "takeover_userid is handover_userid")
        if not taker.active:
            raise ApiError(60111, "takeover_userid is not active")
        if not taker.real_name:
            raise ApiError(40098, "the taker has no real name")
        rows = []
        for external_userid in wanted:
            errcode = self._refusal(handover, takeover, external_userid)
            if not errcode:
                message = str(body.get("transfer_success_msg") or "")
                transfer = Transfer(handover, takeover, external_userid, self._world.now(), message, resigned)
                self.transfers.append(transfer)
                self._of.setdefault(external_userid, []).append(transfer)
                self._world.later(self._world.knobs.transfer_seconds, partial(self._complete, transfer))
            rows.append({"external_userid": external_userid, "errcode": errcode})
        return {"customer": rows}

    def _refusal(self, handover: str, takeover: str, external_userid: str) -> int:
        """Why this customer cannot be transferred, 0 when it has begun."""
        customer, now = self._world.customers.get(external_userid), self._world.now()
        relation = customer.relations.get(handover) if customer else None
        if customer is None:
            return 40096
        if relation is None or relation.gone:
            return 40131
        login = self._world.staff[takeover].last_login
        if login is not None and now - login > timedelta(days=365):
            return 40205
        before = self._of.get(external_userid, [])
        if any(each.status == WAITING for each in before):
            return 40100
        if sum(each.status == DONE and each.ended is not None and now - each.ended <= PERIOD for each in before) >= MOST_IN_PERIOD:
            return 40128
        return 40099 if self._is_full(takeover, external_userid) else 0

    def _is_full(self, userid: str, external_userid: str) -> bool:
        customers = self._world.customers.values()
        held = {each.external_userid for each in customers if (tie := each.relations.get(userid)) and not tie.gone}
        return external_userid not in held and len(held) >= self._world.staff[userid].capacity

    def _complete(self, transfer: Transfer) -> None:
        if transfer.status != WAITING:
            return
        if self._is_full(transfer.takeover, transfer.external_userid):
            self._end(transfer, FULL)
            self._fail(transfer, "customer_limit_exceed")
            return
        self._end(transfer, DONE)
        now, customer = self._world.now(), self._world.customers[transfer.external_userid]
        self._contacts.before(transfer.external_userid)
        given, taken = customer.relations.get(transfer.handover), customer.relations.get(transfer.takeover)
        who = {"UserID": transfer.takeover, "ExternalUserID": transfer.external_userid}
        if taken is None or taken.gone:
            fresh = Relation(now, now, add_way=202, oper_userid=transfer.takeover)
            if given is not None:
                fresh.remark, fresh.description = given.remark, given.description
            customer.relations[transfer.takeover] = fresh
            self._events.later("change_external_contact", "add_external_contact", who)
        if given is not None and not given.gone:
            given.gone, given.gone_at = "by_staff", now
            lost = {**who, "UserID": transfer.handover, "Source": "DELETE_BY_TRANSFER"}
            self._events.later("change_external_contact", "del_external_contact", lost)
        if transfer.message:
            customer.phone.append(PhoneMessage(now, transfer.takeover, transfer.message, "transfer"))

    def _open(self, external_userid: str, takeover: str) -> Transfer:
        for each in self._of.get(external_userid, []):
            if (each.takeover, each.status) == (takeover, WAITING):
                return each
        raise SimulatorError(f"客户 {external_userid} 没有正在转给员工 {takeover}")

    def _end(self, transfer: Transfer, status: int) -> None:
        transfer.status, transfer.ended = status, self._world.now()

    def _fail(self, transfer: Transfer, reason: str) -> None:
        who = {"UserID": transfer.takeover, "ExternalUserID": transfer.external_userid, "FailReason": reason}
        self._events.later("change_external_contact", "transfer_fail", who)

    def _results(self, body: dict[str, Any], *, resigned: bool) -> dict[str, Any]:
        handover, takeover = str(body.get("handover_userid") or ""), str(body.get("takeover_userid") or "")
        for userid in (handover, takeover):
            self._world.must_see(userid)
        latest = {
            each.external_userid: each
            for each in self.transfers
            if (each.handover, each.takeover, each.resigned) == (handover, takeover, resigned)
        }
        rows = [each.to_json() for each in latest.values()]
        some, cursor = page(self._world, f"transfer:{resigned}:{handover}:{takeover}", rows, body, default=1000, most=1000)
        return {"customer": some, "next_cursor": cursor}

    def _inherit(self, body: dict[str, Any], *, resigned: bool) -> dict[str, Any]:
        owner, failed = str(body.get("new_owner") or ""), []
        if not self._world.must_see(owner).active:
            raise ApiError(60111, "new_owner is not active")
        for chatid in texts_of(body, "chat_id_list", 100, 1):
            group = next((each for each in self._groups.customer_groups() if each.chatid == chatid), None)
            errcode = self._group_refusal(group, owner, resigned)
            if group is None or errcode:
                failed.append({"chat_id": chatid, "errcode": errcode, "errmsg": "the group cannot be transferred"})
                continue
            group.owner, group.status = owner, 3 if resigned else 0
            if owner not in group.members:
                group.members = [*group.members, owner]
        return {"failed_chat_list": failed}

    def _group_refusal(self, group: Group | None, owner: str, resigned: bool) -> int:
        """Why a group does not change hands, 0 when it does."""
        if group is None:
            return 90501
        if group.owner == owner:
            return 90508 if resigned and group.status == 3 else 90504
        left = bool(self._world.staff[group.owner].left)
        return 0 if left == resigned else 90500 if resigned else 90502
