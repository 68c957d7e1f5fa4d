"""Moments, daily statistics and forbidden words over the API."""

from __future__ import annotations

from assistant.web import reach
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_reach import MomentIn, MomentsOut, StatisticsOut, WordRuleIn, WordRulesOut


async def post(call: Call) -> MomentsOut:
    """A new moment."""
    await reach.post_moment(call, call.body)
    return await reach.moments(call)


async def cancel(call: Call) -> MomentsOut:
    """Takes one back."""
    await reach.cancel_moment(call, call.part("id"))
    return await reach.moments(call)


async def save(call: Call) -> WordRulesOut:
    """A rule by its name."""
    return await reach.save_words(call, call.body)


BASE = "/api/v1"
ROUTES = (
    ApiRoute("GET", f"{BASE}/moments", "plan:read", reach.moments, "朋友圈：谁发表了、多少客户可见、评论和点赞", MomentsOut),
    ApiRoute("POST", f"{BASE}/moments", "plan:approve", post, "请员工发表一条朋友圈", MomentsOut, MomentIn, status=201),
    ApiRoute("POST", f"{BASE}/moments/{{id}}/cancel", "plan:approve", cancel, "撤回，还没发表的员工不能再发", MomentsOut, Nothing),
    ApiRoute(
        "GET",
        f"{BASE}/statistics",
        "report:read",
        reach.statistics,
        "客户联系统计，含查询语句",
        StatisticsOut,
        query=("days",),
    ),
    ApiRoute("GET", f"{BASE}/words", "staff:read", reach.words, "员工敏感词规则和同步状态", WordRulesOut),
    ApiRoute("POST", f"{BASE}/words", "content:edit", save, "新建或修改一条敏感词规则", WordRulesOut, WordRuleIn),
    ApiRoute("POST", f"{BASE}/words/{{id}}/drop", "content:edit", reach.drop_words, "删除一条敏感词规则", Nothing, Nothing),
)
