"""群发 over the API."""

from __future__ import annotations

from assistant.web import mass
from assistant.web.route import ApiRoute
from assistant.web.shapes_mass import FunnelOut, MassOut, MineOut

ROUTES = (
    ApiRoute("GET", "/api/v1/mass", "plan:read", mass.show, "群发任务：等员工点发送的、近 30 天按员工的漏斗、最近的", MassOut),
    ApiRoute("GET", "/api/v1/mass/mine", "task:do", mass.show_mine, "调用者自己等着点发送的群发任务", MineOut),
    ApiRoute(
        "GET", "/api/v1/plans/{id}/staff", "report:read", mass.show_funnel, "一个方案按员工的漏斗：创建、确认、送达、回复、下单", FunnelOut
    ),
)
