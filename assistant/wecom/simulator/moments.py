"""Moments (客户朋友圈): jobs that take a while, then tasks that employees must publish.

Documented: job states 1, 2, 3, 10 creations a minute and 100 000 a month (41210), employees must publish, media by upload_attachment
(40007 for media/upload), kinds not mixed. Guessed: 45009 for the eleventh in a minute, one second for each job state, allowances of
customers not counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.content import attachments_of, bubbles, text_of
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, numbers_of, page, part_of, texts_of
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World

PER_MINUTE, PER_MONTH = 10, 100_000


@dataclass
class Moment:
    """``audience`` by employee; ``published`` says when each pressed send."""

    moment_id: str
    jobid: str
    made: datetime
    text: str
    attachments: list[dict[str, Any]]
    audience: dict[str, list[str]]
    invalid: list[str]
    published: dict[str, datetime] = field(default_factory=dict)
    cancelled: bool = False

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"moment_id": self.moment_id, "create_time": int(self.made.timestamp())}
        told |= {"create_type": 0, "visible_type": 1}
        told |= {"text": {"content": self.text}} if self.text else {}
        for row in self.attachments:
            told.setdefault(row["msgtype"], [] if row["msgtype"] == "image" else row[row["msgtype"]])
            if row["msgtype"] == "image":
                told["image"].append(row["image"])
        return told


class Moments:
    """API verbs; an employee ``publishes``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._created: list[datetime] = []
        self._monthly: Counter[str] = Counter()
        self.moments: dict[str, Moment] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/add_moment_task": ("contact", self.add),
            "GET externalcontact/get_moment_task_result": ("contact", self.job),
            "externalcontact/get_moment_list": ("contact", self.listing),
            "externalcontact/get_moment_task": ("contact", self.tasks),
            "externalcontact/get_moment_customer_list": ("contact", self.customers),
            "externalcontact/get_moment_send_result": ("contact", self.send_result),
            "externalcontact/get_moment_comments": ("contact", self.comments),
            "externalcontact/cancel_moment_task": ("contact", self.cancel),
        }

    # What people do.

    def publishes(self, userid: str, moment_id: str) -> int:
        """The employee publishes; answers how many customers see it."""
        moment = self.moments.get(moment_id)
        if moment is None or moment.cancelled or userid in moment.published or userid not in moment.audience:
            raise SimulatorError(f"员工 {userid} 没有待发表的朋友圈 {moment_id}")
        moment.published[userid] = self._world.now()
        reached = self._reached(moment, userid)
        for external_userid in reached:
            shown = bubbles(self._world, userid, moment.text, moment.attachments, "moment", moment_id)
            self._world.customers[external_userid].phone.extend(shown)
        return len(reached)

    # What the API does.

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """add_moment_task: answers a jobid; the task is there once the job is done."""
        now = self._world.now()
        self._created = [at for at in self._created if now - at < timedelta(minutes=1)]
        if len(self._created) >= PER_MINUTE:
            raise ApiError(45009, "too many moments in a minute")
        month = f"{now.astimezone(SHANGHAI):%Y-%m}"
        if self._monthly[month] >= PER_MONTH:
            raise ApiError(41210, "too many moments in this month")
        text, attachments = self._content(body)
        audience, invalid = self._audience(part_of(body, "visible_range"))
        self._created.append(now)
        self._monthly[month] += 1
        moment = Moment(self._world.new_id("mom"), self._world.new_id("job"), now, text, attachments, audience, invalid)
        self.moments[moment.moment_id] = moment
        for userid in audience:
            prompt = PhoneMessage(now, "sys", f"待发表朋友圈：{text[:100]}", "moment", "prompt", moment.moment_id)
            self._world.staff[userid].phone.append(prompt)
        return {"jobid": moment.jobid}

    def job(self, query: dict[str, Any]) -> dict[str, Any]:
        """get_moment_task_result: 1 begun, 2 running, 3 done, for 24 hours."""
        moment = next((each for each in self.moments.values() if each.jobid == str(query.get("jobid") or "")), None)
        age = self._world.now() - moment.made if moment else timedelta()
        if moment is None or age > timedelta(hours=24):
            raise ApiError(40058, "invalid or expired jobid")
        whole = self._world.knobs.moment_job_seconds
        if age.total_seconds() < whole:
            return {"status": 1 if age.total_seconds() < whole / 2 else 2, "type": "add_moment_task"}
        result: dict[str, Any] = {"errcode": 0, "errmsg": "ok", "moment_id": moment.moment_id}
        result["invalid_sender_list"] = {"user_list": moment.invalid, "department_list": []}
        return {"status": 3, "type": "add_moment_task", "result": {**result, "invalid_external_contact_list": {"tag_list": []}}}

    def listing(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_moment_list: of a span of at most 30 days, perhaps of one creator."""
        start, end = int_of(body.get("start_time"), "start_time"), int_of(body.get("end_time"), "end_time")
        if not start <= end <= start + 30 * 86400:
            raise ApiError(40058, "invalid start_time or end_time")
        rows = [each.to_json() for each in self._done() if start <= int(each.made.timestamp()) <= end]
        some, cursor = page(self._world, f"moments:{start}:{end}", rows, body, default=20, most=20)
        return {"moment_list": some, "next_cursor": cursor}

    def tasks(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_moment_task: publish_status 0 not yet, 1 published."""
        moment = self._known(body)
        rows = [{"userid": userid, "publish_status": int(userid in moment.published)} for userid in moment.audience]
        some, cursor = page(self._world, f"moment_task:{moment.moment_id}", rows, body, default=500, most=1000)
        return {"task_list": some, "next_cursor": cursor}

    def customers(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_moment_customer_list: who may see it of one employee."""
        moment, userid = self._known(body), self._employee(body)
        rows = [{"userid": userid, "external_userid": each} for each in moment.audience.get(userid, [])]
        some, cursor = page(self._world, f"moment_customers:{moment.moment_id}:{userid}", rows, body, default=500, most=1000)
        return {"customer_list": some, "next_cursor": cursor}

    def send_result(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_moment_send_result: whom it has reached."""
        moment, userid = self._known(body), self._employee(body)
        reached = self._reached(moment, userid) if userid in moment.published else []
        rows = [{"external_userid": each} for each in reached]
        some, cursor = page(self._world, f"moment_sent:{moment.moment_id}:{userid}", rows, body, default=3000, most=5000)
        return {"customer_list": some, "next_cursor": cursor}

    def comments(self, body: dict[str, Any]) -> dict[str, Any]:
        """get_moment_comments: our customers do not comment."""
        self._known(body)
        return {"comment_list": [], "like_list": []}

    def cancel(self, body: dict[str, Any]) -> dict[str, Any]:
        """cancel_moment_task: who has not published no longer can."""
        self._known(body).cancelled = True
        return {}

    # Parts.

    def _content(self, body: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        text, attachments = text_of(body), attachments_of(self._world, body, "attachment1")
        kinds = {row["msgtype"] for row in attachments}
        if (not text and not attachments) or len(text) > 2000:
            raise ApiError(40058, "text is empty or too long")
        if len(kinds) > 1 or kinds - {"image", "video", "link"} or (kinds & {"video", "link"} and len(attachments) > 1):
            raise ApiError(40058, "attachments are mixed or too many")
        return text, attachments

    def _audience(self, visible: dict[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
        """(customers by employee, invalid senders); no senders named means everybody the app sees."""
        senders, sees = part_of(visible, "sender_list"), self._world.asked.app.sees
        wanted, tags = texts_of(senders, "user_list", 100_000), texts_of(part_of(visible, "external_contact_list"), "tag_list", 100)
        parties = numbers_of(senders, "department_list", 100_000)
        inside = [each.userid for each in self._world.staff.values() if each.department in parties]
        named = [*dict.fromkeys([*wanted, *inside])] or list(self._world.staff)
        valid = [userid for userid in named if userid in self._world.staff and sees(userid) and self._world.staff[userid].active]
        audience = {userid: self._friends(userid, tags) for userid in valid}
        return audience, [userid for userid in wanted if userid not in audience]

    def _friends(self, userid: str, tags: list[str]) -> list[str]:
        found = []
        for customer in self._world.customers.values():
            relation = customer.relations.get(userid)
            if relation and relation.gone != "by_staff" and relation.confirmed and (not tags or relation.tags & set(tags)):
                found.append(customer.external_userid)
        return found

    def _reached(self, moment: Moment, userid: str) -> list[str]:
        """Those who are still friends on both sides."""
        ties = ((each, self._world.customers[each].relations.get(userid)) for each in moment.audience.get(userid, []))
        return [external_userid for external_userid, relation in ties if relation and not relation.gone]

    def _done(self) -> list[Moment]:
        begun = self._world.now() - timedelta(seconds=self._world.knobs.moment_job_seconds)
        return [each for each in self.moments.values() if each.made <= begun]

    def _known(self, body: dict[str, Any]) -> Moment:
        moment = self.moments.get(str(body.get("moment_id") or ""))
        if moment is None or moment not in self._done():
            raise ApiError(40058, "invalid moment_id")
        return moment

    def _employee(self, body: dict[str, Any]) -> str:
        userid = str(body.get("userid") or "")
        self._world.must_see(userid)
        return userid
