"""群发 for the pages and the API alike: tasks in words, and the funnel of each employee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from assistant import access, operations
from assistant.domain import outreach, staff
from assistant.store import View
from assistant.web.book import causes
from assistant.web.doors import Call
from assistant.web.shapes_mass import FunnelOut, MassOut, MassTaskOut, MineOut, StaffLineOut

SINCE = timedelta(days=30)
LATEST = 50
SAYS = {
    "filling": "正在准备",
    "calling": "正在创建",
    "open": "等员工点发送",
    "closing": "正在撤回",
    "unknown": "不知是否创建",
    "refused": "企业微信没有接受",
    "done": "已结束",
}
ENDINGS = {
    "paused": "已撤回（方案暂停）",
    "stopped": "已撤回（方案停止）",
    "expired": "没有确认，已撤回",
    "fallback": "没有确认，已转给其他员工",
    "left": "员工离职或停用，已转给其他员工",
}


def overview(view: View) -> MassOut:
    """All of it."""
    return MassOut(
        open=_tasks(view, outreach.open_tasks(view)),
        league=_lines(view, outreach.by_staff(view, since=view.now - SINCE)),
        latest=_tasks(view, outreach.latest_tasks(view, LATEST)),
    )


def funnel(view: View, plan_id: str) -> FunnelOut:
    """The employees of one plan."""
    return FunnelOut(staff=_lines(view, outreach.by_staff(view, operations.plan(view, plan_id).cause)))


def mine(view: View, operator_id: str) -> MineOut:
    """What waits for the caller's own tap; nothing for who has no WeCom account here."""
    userid = next((one.userid for one in access.operators(view) if one.id == operator_id), "")
    return MineOut(open=_tasks(view, outreach.open_tasks(view, userid)) if userid else [])


async def show(call: Call) -> MassOut:
    """All of it."""
    return await call.store.read(overview)


async def show_mine(call: Call) -> MineOut:
    """The caller's own."""
    return await call.store.read(mine, call.who.id)


async def show_funnel(call: Call) -> FunnelOut:
    """One plan by employee."""
    return await call.store.read(funnel, call.part("id"))


def _tasks(view: View, tasks: Sequence[outreach.Task]) -> list[MassTaskOut]:
    names, titles = staff.names(view), causes(view, {task.cause for task in tasks})
    return [
        MassTaskOut(
            id=task.id,
            chat=task.chat,
            cause=task.cause,
            title=titles.get(task.cause, task.cause),
            staff=task.staff,
            staff_name=names.get(task.staff, task.staff),
            text=task.text,
            size=task.size,
            state=task.state,
            say=_say(task),
            created_at=task.created_at,
            confirmed_at=task.confirmed_at,
            reminders=task.reminders,
        )
        for task in tasks
    ]


def _say(task: outreach.Task) -> str:
    if task.confirmed_at is not None:
        return "员工已发送" if task.ended_at is not None else "员工已点发送，等结果"
    return ENDINGS.get(task.ending, SAYS["done"]) if task.ended_at is not None and not task.reason else SAYS[task.state]


def _lines(view: View, lines: Sequence[outreach.StaffLine]) -> list[StaffLineOut]:
    names = staff.names(view)
    fields = [name for name in StaffLineOut.model_fields if name != "name"]
    return [StaffLineOut(name=names.get(one.staff, one.staff), **{field: getattr(one, field) for field in fields}) for one in lines]
