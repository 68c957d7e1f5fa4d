"""Mass messages (群发): tasks that reach nobody until an employee presses send.

Documented: one row per (employee, customer), 41063 while being dispatched, statuses 0 to 3, group rows unlisted while unsent, the
allowance of a month (or week, or day) for corporate and personal 群发 together, the last who chatted without a sender, tags OR inside
and AND between. Inferred: a deletion by either side gives status 2. Guessed: half friends get status 2, 3 reminders in 24 h, 40003 for a
sender who has left.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.content import attachments_of, bubbles, text_of
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import page, part_of, texts_of
from assistant.wecom.simulator.world import ApiError, Customer, Group, PhoneMessage, Relation, SimulatorError, World, cut

TEXT_BYTES = 4000
SENT, STRANGER, OVER = 1, 2, 3


@dataclass
class Row:
    """One employee's copy for one target (external_userid or chat_id); status 0 waiting, 1 sent, 2 not a friend, 3 allowance used up."""

    target: str
    status: int = 0
    send_time: int = 0


@dataclass
class Task:
    """``rows`` by employee; ``sent`` says when each pressed send; ``creator`` is the employee of a personal 群发, empty for the corp's."""

    msgid: str
    chat_type: str
    created: datetime
    text: str
    attachments: list[dict[str, Any]]
    rows: dict[str, list[Row]]
    sent: dict[str, int] = field(default_factory=dict)
    cancelled: bool = False
    reminders: list[datetime] = field(default_factory=list)
    creator: str = ""
    allow_select: bool = False

    def to_json(self) -> dict[str, Any]:
        people = [
            {
                "userid": userid,
                "status": 2 if userid in self.sent else 0,
                "targets": len(rows),
                "results": dict(Counter(row.status for row in rows)),
            }
            for userid, rows in self.rows.items()
        ]
        base: dict[str, Any] = {"msgid": self.msgid, "chat_type": self.chat_type, "created": self.created.isoformat(), "text": self.text}
        return {**base, "cancelled": self.cancelled, "reminders": len(self.reminders), "staff": people}


class Mass:
    """API verbs take the request body and raise ApiError; ``confirm`` is the employee's thumb."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tasks: dict[str, Task] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/add_msg_template": ("contact", self.add),
            "externalcontact/get_groupmsg_list_v2": ("contact", self.list_v2),
            "externalcontact/get_groupmsg_task": ("contact", self.task_list),
            "externalcontact/get_groupmsg_send_result": ("contact", self.send_result),
            "externalcontact/remind_groupmsg_send": ("contact", self.remind),
            "externalcontact/cancel_groupmsg_send": ("contact", self.cancel),
        }

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """externalcontact/add_msg_template."""
        chat_type = str(body.get("chat_type") or "single")
        text, attachments = self._content(body)
        if chat_type == "group":
            rows, failed = self._group_rows(body)
        elif chat_type == "single":
            rows, failed = self._customer_rows(body)
        else:
            raise ApiError(40058, "invalid chat_type")
        if not rows:
            raise ApiError(41048, "no customer to send")
        task = Task(self._world.new_id("msg"), chat_type, self._world.now(), text, attachments, rows)
        task.allow_select = bool(body.get("allow_select"))
        self.tasks[task.msgid] = task
        for userid in rows:
            self._arrange(task, userid)
        return {"msgid": task.msgid, "fail_list": failed}

    def bring_back(self, task: Task) -> None:
        """A task of an earlier life of this world waits for its employees again; those who are not here any more have no part in it."""
        task.rows = {userid: rows for userid, rows in task.rows.items() if userid in self._world.staff}
        known = self._world.groups if task.chat_type == "group" else self._world.customers
        for userid, rows in task.rows.items():
            task.rows[userid] = [row for row in rows if row.target in known]
            self._arrange(task, userid)
        self.tasks[task.msgid] = task

    def confirm(self, msgid: str, userid: str, only: Iterable[str] | None = None) -> dict[str, int]:
        """The employee presses send; answers how many were sent, refused as strangers, and refused for the allowance.

        ``only`` are those he leaves ticked, where ``allow_select`` lets him choose; the others stay unsent.
        """
        task = self.tasks.get(msgid)
        if task is None or userid not in task.rows:
            raise SimulatorError(f"员工 {userid} 没有群发任务 {msgid}")
        if task.cancelled:
            raise SimulatorError(f"群发任务 {msgid} 已经取消")
        if userid in task.sent:
            raise SimulatorError(f"员工 {userid} 已经发送过群发任务 {msgid}")
        if not self._world.staff[userid].active:
            raise SimulatorError(f"员工 {userid} 已经离职或停用，不能发送群发")
        if only is not None and not task.allow_select:
            raise SimulatorError(f"群发任务 {msgid} 不允许员工挑选客户")
        chosen = None if only is None else set(only)
        task.sent[userid] = self._world.seconds()
        handled = [row for row in task.rows[userid] if chosen is None or row.target in chosen]
        for row in handled:
            row.status = self._hand_over(task, userid, row.target)
            row.send_time = self._world.seconds() if row.status == SENT else 0
        counted = Counter(row.status for row in handled)
        return {"sent": counted[SENT], "strangers": counted[STRANGER], "over_allowance": counted[OVER]}

    def personal(self, userid: str, text: str, customers: Iterable[str]) -> dict[str, int]:
        """An employee sends a 群发 of his own from the client; it counts in the same allowance and is listed with create_type 1."""
        self._world.the_staff(userid)
        rows = [Row(self._world.the_customer(each).external_userid) for each in customers]
        task = Task(self._world.new_id("msg"), "single", self._world.now(), text, [], {userid: rows}, creator=userid)
        self.tasks[task.msgid] = task
        return self.confirm(task.msgid, userid)

    def task_list(self, body: dict[str, Any]) -> dict[str, Any]:
        task = self._dispatched(body)
        rows: list[dict[str, Any]] = []
        for userid in task.rows:
            done = userid in task.sent
            rows.append({"userid": userid, "status": 2, "send_time": task.sent[userid]} if done else {"userid": userid, "status": 0})
        return self._page(rows, body, "task_list", task.msgid, 500, 1000)

    def send_result(self, body: dict[str, Any]) -> dict[str, Any]:
        task, userid = self._dispatched(body), str(body.get("userid", ""))
        if userid not in task.rows:
            raise ApiError(40003, "this user has no part in the task")
        key = "chat_id" if task.chat_type == "group" else "external_userid"
        rows = []
        for row in task.rows[userid]:
            if task.chat_type == "group" and not row.status:
                continue
            item: dict[str, Any] = {key: row.target, "userid": userid, "status": row.status}
            rows.append({**item, "send_time": row.send_time} if row.status == SENT else item)
        return self._page(rows, body, "send_list", f"{task.msgid}:{userid}", 500, 1000)

    def list_v2(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_groupmsg_list_v2: of a span of at most a month; filter_type 0 the corp's, 1 personal, 2 all."""
        start, end = body.get("start_time"), body.get("end_time")
        if not isinstance(start, int) or not isinstance(end, int) or not start <= end <= start + 31 * 86400:
            raise ApiError(40058, "invalid start_time or end_time")
        chat_type, creator, which = body.get("chat_type") or "single", body.get("creator") or "", body.get("filter_type", 2)
        rows = []
        for task in self.tasks.values():
            made, personal = int(task.created.timestamp()), int(bool(task.creator))
            if task.chat_type == chat_type and start <= made <= end and which in (2, personal) and creator in ("", task.creator):
                row = {"msgid": task.msgid, "create_time": made, "create_type": personal, "attachments": task.attachments}
                rows.append({**row, "text": {"content": task.text}, **({"creator": task.creator} if personal else {})})
        return self._page(rows, body, "group_msg_list", f"{chat_type}:{start}:{end}:{which}:{creator}", 50, 100)

    def remind(self, body: dict[str, Any]) -> dict[str, Any]:
        task, now = self._known(body), self._world.now()
        if task.cancelled:
            raise ApiError(41093, "task has been cancelled")
        task.reminders = [at for at in task.reminders if now - at < timedelta(hours=24)]
        if len(task.reminders) >= self._world.knobs.mass_reminders_per_day:
            raise ApiError(41094, "reminded too often within 24 hours")
        task.reminders.append(now)
        for userid in task.rows:
            if userid not in task.sent:
                self._prompt(task, userid, "提醒发送群发")
        return {}

    def cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        self._known(body).cancelled = True
        return {}

    # Parts.

    def _content(self, body: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        text, attachments = text_of(body), attachments_of(self._world, body)
        if not text and not attachments:
            raise ApiError(40058, "text and attachments are both empty")
        if len(text.encode()) > TEXT_BYTES:
            raise ApiError(40058, "text is too long")
        return text, attachments

    def _customer_rows(self, body: dict[str, Any]) -> tuple[dict[str, list[Row]], list[str]]:
        sender, wanted = str(body.get("sender") or ""), body.get("external_userid") or []
        tags = _tag_groups(body)
        if not sender and not wanted and not tags:
            raise ApiError(40058, "sender, external_userid and tag_filter are all empty")
        if sender:
            self._check_sender(sender)
        if not isinstance(wanted, list) or len(wanted) > 10_000:
            raise ApiError(40058, "too many external_userid")
        rows: dict[str, list[Row]] = {}
        failed: list[str] = []
        named = [str(each) for each in dict.fromkeys(wanted)]
        for external_userid in named or self._world.customers:
            userid = self._courier(external_userid, sender, [] if named else tags)
            if userid:
                rows.setdefault(userid, []).append(Row(external_userid))
            elif named:
                failed.append(external_userid)
        return rows, failed

    def _courier(self, external_userid: str, sender: str, tags: list[list[str]]) -> str:
        """Who will be asked to send: the sender if a friend, else the friend who chatted last; empty when nobody fits."""
        customer = self._world.customers.get(external_userid)
        if customer is None:
            return ""
        fitting = {
            userid: relation
            for userid, relation in customer.relations.items()
            if relation.gone != "by_staff"
            and relation.confirmed
            and sender in ("", userid)
            and self._asks(userid)
            and _tagged(relation, tags)
        }
        return max(fitting, key=lambda userid: fitting[userid].last_chat, default="")

    def _asks(self, userid: str) -> bool:
        """Whether this employee can be asked to send."""
        return self._world.staff[userid].active and self._world.asked.app.sees(userid)

    def _check_sender(self, sender: str) -> None:
        if sender not in self._world.staff:
            raise ApiError(40003, "invalid sender")
        if not self._world.must_see(sender).active:
            raise ApiError(40003, "the sender has left or is not active")

    def _group_rows(self, body: dict[str, Any]) -> tuple[dict[str, list[Row]], list[str]]:
        sender, wanted = str(body.get("sender") or ""), texts_of(body, "chat_id_list", 2000)
        if not sender:
            raise ApiError(40058, "group mode needs a sender")
        self._check_sender(sender)
        owned = [group.chatid for group in self._world.groups.values() if group.owner == sender and not group.dismissed]
        named, mine = set(wanted), set(owned)
        chosen = [chatid for chatid in owned if not wanted or chatid in named]
        return ({sender: [Row(chatid) for chatid in chosen]} if chosen else {}), [each for each in wanted if each not in mine]

    def _arrange(self, task: Task, userid: str) -> None:
        self._prompt(task, userid, "待发送群发")
        confirms, dispatch = self._world.staff[userid].confirms, self._world.knobs.mass_dispatch_seconds
        if confirms != "never":
            delay = 0.0 if confirms == "at_once" else float(confirms)
            self._world.later(dispatch + delay, partial(self._confirm_if_open, task, userid))

    def _confirm_if_open(self, task: Task, userid: str) -> None:
        if not task.cancelled and userid not in task.sent and self._world.staff[userid].active:
            self.confirm(task.msgid, userid)

    def _prompt(self, task: Task, userid: str, what: str) -> None:
        text = f"{what}：{cut(task.text, 300)}（{len(task.rows[userid])} 个对象）"
        bubble = PhoneMessage(self._world.now(), "sys", text, "mass", "prompt", task.msgid)
        self._world.staff[userid].phone.append(bubble)

    def _hand_over(self, task: Task, userid: str, target: str) -> int:
        receiver: Customer | Group
        if task.chat_type == "group":
            receiver = self._world.groups[target]
            if receiver.dismissed or receiver.owner != userid:
                return STRANGER
        else:
            receiver = self._world.customers[target]
            relation = receiver.relations.get(userid)
            if relation is None or relation.gone or not relation.confirmed:
                return STRANGER
        knob, periods = self._world.knobs.mass_allowance, self._periods()
        period, limit = periods[knob]
        if receiver.mass_received[period] >= limit:
            return OVER
        receiver.mass_received.update(name for name, _ in periods.values())
        receiver.phone.extend(bubbles(self._world, userid, task.text, task.attachments, "mass", task.msgid))
        return SENT

    def _periods(self) -> dict[str, tuple[str, int]]:
        """The names of the running month, week and day, with how many mass messages one customer may get in each."""
        local = self._world.now().astimezone(SHANGHAI)
        days = calendar.monthrange(local.year, local.month)[1]
        return {"month": (f"{local:%Y-%m}", days), "week": (f"{local:%G-W%V}", 7), "day": (f"{local:%Y-%m-%d}", 1)}

    def _known(self, body: dict[str, Any]) -> Task:
        msgid = str(body.get("msgid") or "")
        if msgid not in self.tasks:
            raise ApiError(41047 if msgid else 41046, "invalid msgid")
        return self.tasks[msgid]

    def _dispatched(self, body: dict[str, Any]) -> Task:
        task = self._known(body)
        if self._world.now() < task.created + timedelta(seconds=self._world.knobs.mass_dispatch_seconds):
            raise ApiError(41063, "task is being dispatched, try later")
        return task

    def _page(self, rows: list[dict[str, Any]], body: dict[str, Any], name: str, which: str, default: int, most: int) -> dict[str, Any]:
        some, cursor = page(self._world, f"{name}:{which}", rows, body, default=default, most=most)
        return {name: some, "next_cursor": cursor}


def _tag_groups(body: dict[str, Any]) -> list[list[str]]:
    """The tags of tag_filter by group; empty groups count for nothing."""
    groups = part_of(body, "tag_filter").get("group_list") or []
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise ApiError(40058, "invalid tag_filter")
    return [tags for group in groups if (tags := texts_of(group, "tag_list", 100))]


def _tagged(relation: Relation, groups: list[list[str]]) -> bool:
    """OR inside a group of tags, AND between the groups."""
    return all(relation.tags & set(tags) for tags in groups)
