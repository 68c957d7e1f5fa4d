"""Mass messages (群发): tasks that reach nobody until an employee presses send."""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.corp import Routes
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
    """``rows`` by employee; ``sent`` says when each pressed send."""

    msgid: str
    chat_type: str
    created: datetime
    text: str
    attachments: list[dict[str, Any]]
    rows: dict[str, list[Row]]
    sent: dict[str, int] = field(default_factory=dict)
    cancelled: bool = False
    reminders: list[datetime] = field(default_factory=list)

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
        base = {"msgid": self.msgid, "chat_type": self.chat_type, "created": self.created.isoformat(), "text": self.text}
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
        self.tasks[task.msgid] = task
        for userid in rows:
            self._arrange(task, userid)
        return {"msgid": task.msgid, "fail_list": failed}

    def confirm(self, msgid: str, userid: str) -> dict[str, int]:
        """The employee presses send; answers how many were sent, refused as strangers, and refused for the allowance."""
        task = self.tasks.get(msgid)
        if task is None or userid not in task.rows:
            raise SimulatorError(f"员工 {userid} 没有群发任务 {msgid}")
        if task.cancelled:
            raise SimulatorError(f"群发任务 {msgid} 已经取消")
        if userid in task.sent:
            raise SimulatorError(f"员工 {userid} 已经发送过群发任务 {msgid}")
        task.sent[userid] = self._world.seconds()
        for row in task.rows[userid]:
            row.status = self._hand_over(task, userid, row.target)
            row.send_time = self._world.seconds() if row.status == SENT else 0
        counted = Counter(row.status for row in task.rows[userid])
        return {"sent": counted[SENT], "strangers": counted[STRANGER], "over_allowance": counted[OVER]}

    def task_list(self, body: dict[str, Any]) -> dict[str, Any]:
        task = self._dispatched(body)
        rows: list[dict[str, Any]] = []
        for userid in task.rows:
            done = userid in task.sent
            rows.append({"userid": userid, "status": 2, "send_time": task.sent[userid]} if done else {"userid": userid, "status": 0})
        return self._page(rows, body, "task_list", 500, 1000)

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
        return self._page(rows, body, "send_list", 500, 1000)

    def list_v2(self, body: dict[str, Any]) -> dict[str, Any]:
        start, end = body.get("start_time"), body.get("end_time")
        if not isinstance(start, int) or not isinstance(end, int) or not start <= end <= start + 31 * 86400:
            raise ApiError(40058, "invalid start_time or end_time")
        rows = []
        for task in self.tasks.values():
            made = int(task.created.timestamp())
            if task.chat_type == (body.get("chat_type") or "single") and start <= made <= end and body.get("filter_type", 2) != 1:
                row = {"msgid": task.msgid, "create_time": made, "create_type": 0, "attachments": task.attachments}
                rows.append({**row, "text": {"content": task.text}})
        return self._page(rows, body, "group_msg_list", 50, 100)

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
        part, attachments = body.get("text"), body.get("attachments") or []
        text = str(part.get("content", "")) if isinstance(part, dict) else ""
        if not text and not attachments:
            raise ApiError(40058, "text and attachments are both empty")
        if not isinstance(attachments, list) or len(attachments) > 9 or len(text.encode()) > TEXT_BYTES:
            raise ApiError(40058, "text or attachments too long")
        return text, attachments

    def _customer_rows(self, body: dict[str, Any]) -> tuple[dict[str, list[Row]], list[str]]:
        sender, wanted = str(body.get("sender") or ""), body.get("external_userid") or []
        tags = (body.get("tag_filter") or {}).get("group_list") or []
        if not sender and not wanted and not tags:
            raise ApiError(40058, "sender, external_userid and tag_filter are all empty")
        if sender and sender not in self._world.staff:
            raise ApiError(40003, "invalid sender")
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

    def _courier(self, external_userid: str, sender: str, tags: list[dict[str, Any]]) -> str:
        """Who will be asked to send: the sender if a friend, else the friend who chatted last; empty when nobody fits."""
        customer = self._world.customers.get(external_userid)
        if customer is None:
            return ""
        fitting = {
            userid: relation
            for userid, relation in customer.relations.items()
            if relation.gone != "by_staff" and sender in ("", userid) and _tagged(relation, tags)
        }
        return max(fitting, key=lambda userid: fitting[userid].last_chat, default="")

    def _group_rows(self, body: dict[str, Any]) -> tuple[dict[str, list[Row]], list[str]]:
        sender, wanted = str(body.get("sender") or ""), body.get("chat_id_list") or []
        if sender not in self._world.staff:
            raise ApiError(40058, "group mode needs a valid sender")
        if not isinstance(wanted, list) or len(wanted) > 2000:
            raise ApiError(40058, "too many chat_id")
        owned = [group.chatid for group in self._world.groups.values() if group.owner == sender]
        chosen = [chatid for chatid in owned if not wanted or chatid in wanted]
        failed = [str(chatid) for chatid in wanted if chatid not in owned]
        return ({sender: [Row(chatid) for chatid in chosen]} if chosen else {}), failed

    def _arrange(self, task: Task, userid: str) -> None:
        self._prompt(task, userid, "待发送群发")
        confirms, dispatch = self._world.staff[userid].confirms, self._world.knobs.mass_dispatch_seconds
        if confirms != "never":
            delay = 0.0 if confirms == "at_once" else float(confirms)
            self._world.later(dispatch + delay, partial(self._confirm_if_open, task, userid))

    def _confirm_if_open(self, task: Task, userid: str) -> None:
        if not task.cancelled and userid not in task.sent:
            self.confirm(task.msgid, userid)

    def _prompt(self, task: Task, userid: str, what: str) -> None:
        text = f"{what}：{cut(task.text, 300)}（{len(task.rows[userid])} 个对象）"
        bubble = PhoneMessage(self._world.now(), "sys", text, "mass", "prompt", task.msgid)
        self._world.staff[userid].phone.append(bubble)

    def _hand_over(self, task: Task, userid: str, target: str) -> int:
        if task.chat_type == "group":
            receiver: Customer | Group = self._world.groups[target]
        else:
            receiver = customer = self._world.customers[target]
            relation = customer.relations.get(userid)
            if relation is None or relation.gone:
                return STRANGER
        period, limit = self._allowance()
        if receiver.mass_received[period] >= limit:
            return OVER
        receiver.mass_received[period] += 1
        now = self._world.now()
        if task.text:
            receiver.phone.append(PhoneMessage(now, userid, task.text, "mass", "text", task.msgid))
        for attachment in task.attachments:
            kind = str(attachment.get("msgtype", "unknown"))
            part = dict(attachment.get(kind) or {})
            receiver.phone.append(PhoneMessage(now, userid, str(part.get("title", "")), "mass", kind, task.msgid, body=part))
        return SENT

    def _allowance(self) -> tuple[str, int]:
        """The current period's name and how many mass messages one customer may get in it."""
        local = self._world.now().astimezone(SHANGHAI)
        match self._world.knobs.mass_allowance:
            case "day":
                return f"{local:%Y-%m-%d}", 1
            case "week":
                return f"{local:%G-W%V}", 7
        return f"{local:%Y-%m}", calendar.monthrange(local.year, local.month)[1]

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

    @staticmethod
    def _page(rows: list[dict[str, Any]], body: dict[str, Any], name: str, default: int, most: int) -> dict[str, Any]:
        limit, cursor = body.get("limit") or default, str(body.get("cursor") or "p0")
        if not isinstance(limit, int) or not 1 <= limit <= most:
            raise ApiError(40058, "invalid limit")
        if not cursor.startswith("p") or not cursor[1:].isdecimal():
            raise ApiError(50100, "invalid cursor")
        start = int(cursor[1:])
        end = start + limit
        return {name: rows[start:end], "next_cursor": f"p{end}" if end < len(rows) else ""}


def _tagged(relation: Relation, groups: list[dict[str, Any]]) -> bool:
    """OR inside a group of tags, AND between the groups."""
    return all(relation.tags & set(group.get("tag_list", [])) for group in groups)
