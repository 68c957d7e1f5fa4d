"""Statistics of members and of groups, counted from what people did here.

Documented: several userids are summed, at most 30 days of the last 180, reply figures absent on days without a chat, groups from
yesterday back. Guessed: 40058 for a wrong span, a reply percentage of 100 and one minute to the first reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from assistant.base.clock import SHANGHAI, business_day, day_start
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.groups import Groups
from assistant.wecom.simulator.paging import int_of, numbers_of, part_of, texts_of
from assistant.wecom.simulator.world import ApiError, Group, World

DAY = 86400


class Figures:
    """``chat`` and ``group_chat`` note what is counted later."""

    def __init__(self, world: World, groups: Groups) -> None:
        self._world = world
        self._groups = groups
        self._chats: dict[tuple[str, date], Counter[str]] = {}
        self._group_messages: dict[tuple[str, date], Counter[str]] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/get_user_behavior_data": ("contact", self.behavior),
            "externalcontact/groupchat/statistic": ("contact", self.by_owner),
            "externalcontact/groupchat/statistic_group_by_day": ("contact", self.by_day),
        }

    def chat(self, userid: str, external_userid: str) -> None:
        """One message of an employee to a customer."""
        self._chats.setdefault((userid, self._today()), Counter())[external_userid] += 1

    def group_chat(self, chatid: str, who: str) -> None:
        """One message in a customer group."""
        self._group_messages.setdefault((chatid, self._today()), Counter())[who] += 1

    # What the API does.

    def behavior(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_user_behavior_data: one row a day, members summed."""
        parties = numbers_of(body, "partyid", 100)
        inside = [each.userid for each in self._world.staff.values() if each.department in parties]
        people = [*dict.fromkeys([*texts_of(body, "userid", 100), *inside])]
        if not people:
            raise ApiError(40058, "userid and partyid are both empty")
        for userid in people:
            self._world.must_see(userid)
        start, end = self._day(int_of(body.get("start_time"), "start_time")), self._day(int_of(body.get("end_time"), "end_time"))
        today = self._today()
        if not today - timedelta(days=180) <= start <= end <= min(today, start + timedelta(days=30)):
            raise ApiError(40058, "invalid start_time or end_time")
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return {"behavior_data": [self._behavior(people, day) for day in days]}

    def by_owner(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/statistic: one item an owner, summed over the days."""
        groups, first, last = self._chosen(body)
        owners = [*dict.fromkeys(group.owner for group in groups)]
        items: list[dict[str, Any]] = [
            {"owner": owner, "data": self._group_data([g for g in groups if g.owner == owner], first, last)} for owner in owners
        ]
        name = {1: "new_chat_cnt", 2: "chat_total", 3: "new_member_cnt", 4: "member_total"}.get(
            int_of(body.get("order_by") or 1, "order_by")
        )
        if name is None:
            raise ApiError(40058, "invalid order_by")
        items.sort(key=lambda item: item["data"][name], reverse=not body.get("order_asc"))
        offset, limit = int_of(body.get("offset") or 0, "offset"), int_of(body.get("limit") or 500, "limit")
        if not 1 <= limit <= 1000:
            raise ApiError(40058, "invalid limit")
        some = items[offset : offset + limit]
        return {"total": len(items), "next_offset": offset + len(some), "items": some}

    def by_day(self, body: dict[str, Any]) -> dict[str, Any]:
        """groupchat/statistic_group_by_day: one item a day, summed over the owners."""
        groups, first, last = self._chosen(body)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return {"items": [{"stat_time": _seconds(day), "data": self._group_data(groups, day, day)} for day in days]}

    # Parts.

    def _today(self) -> date:
        return business_day(self._world.now())

    @staticmethod
    def _day(seconds: int) -> date:
        """Times are floored to midnight."""
        return datetime.fromtimestamp(seconds, SHANGHAI).date()

    def _behavior(self, people: list[str], day: date) -> dict[str, Any]:
        chats = [self._chats.get((userid, day), Counter()) for userid in people]
        talks, messages = sum(len(each) for each in chats), sum(each.total() for each in chats)
        ties = [(each, each.relations[userid]) for each in self._world.customers.values() for userid in people if userid in each.relations]
        fresh = sum(business_day(tie.since) == day for _, tie in ties)
        lost = sum(tie.gone == "by_customer" and tie.gone_at is not None and business_day(tie.gone_at) == day for _, tie in ties)
        row: dict[str, Any] = {"stat_time": _seconds(day), "chat_cnt": talks, "message_cnt": messages, "negative_feedback_cnt": lost}
        row |= {"new_apply_cnt": fresh, "new_contact_cnt": fresh}
        return {**row, "reply_percentage": 100.0, "avg_reply_time": 1} if talks else row

    def _chosen(self, body: dict[str, Any]) -> tuple[list[Group], date, date]:
        """The groups of the wanted owners (at least one named), and the days from yesterday back."""
        wanted = texts_of(part_of(body, "owner_filter"), "userid_list", 100, 1)
        for userid in wanted:
            self._world.must_see(userid)
        first = self._day(int_of(body.get("day_begin_time"), "day_begin_time"))
        last = self._day(int_of(body["day_end_time"], "day_end_time")) if body.get("day_end_time") else first
        today = self._today()
        if not today - timedelta(days=180) <= first <= last < today or last - first > timedelta(days=30):
            raise ApiError(40058, "invalid day_begin_time or day_end_time")
        return [group for group in self._groups.customer_groups() if group.owner in wanted], first, last

    def _group_data(self, groups: Iterable[Group], first: date, last: date) -> dict[str, Any]:
        """Totals are those of today; who came and who spoke is of the span."""
        data = Counter(dict.fromkeys(("new_chat_cnt", "chat_total", "chat_has_msg", "new_member_cnt", "member_total", "member_has_msg"), 0))
        data["msg_total"] = 0
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        for group in groups:
            said: Counter[str] = sum((self._group_messages.get((group.chatid, day), Counter()) for day in days), Counter())
            externals = [person for person in group.members if person in self._world.customers]
            data["new_chat_cnt"] += group.created is not None and first <= business_day(group.created) <= last
            data["chat_total"] += 1
            data["chat_has_msg"] += bool(said)
            data["new_member_cnt"] += sum(
                first <= business_day(group.joined[each].at) <= last for each in externals if each in group.joined
            )
            data["member_total"] += len(externals)
            data["member_has_msg"] += sum(person in said for person in externals)
            data["msg_total"] += said.total()
        return dict(data)


def _seconds(day: date) -> int:
    return int(day_start(day).timestamp())
