"""An SOP in the words of the page: whom it is for, when it begins, what happens step by step."""

from __future__ import annotations

import json

from assistant.domain import audience, benefits
from assistant.domain.journeys import Journey

WEEKDAYS = "一二三四五六日"
FACTS = {"points.expiring": "积分快到期时", "cashback.wait_user_confirm": "返现转出、等会员确认收款时"}


def who(journey: Journey) -> str:
    """Whom it is for."""
    scope = journey.groups
    if scope is None:
        segment = json.loads(json.dumps(journey.segment).replace("{today}", "01-01"))
        said = audience.describe(audience.catalogue().parse(segment))
        return said.replace(" 01-01", "当天") if "{today}" in json.dumps(journey.segment) else said
    parts = [f"名字含“{'”或“'.join(scope.names)}”"] if scope.names else []
    parts += [f"群主是{'、'.join(scope.owners)}"] if scope.owners else []
    parts += [f"画像是{'、'.join(scope.personas)}"] if scope.personas else []
    parts += [f"指定的 {len(scope.chats)} 个"] if scope.chats else []
    said = f"客户群：{'，'.join(parts)}" if parts else "全部客户群"
    return said + (f"，上次之后新进来至少 {scope.newcomers} 位客户的" if scope.newcomers else "")


def rhythm(journey: Journey) -> str:
    """When it begins."""
    if journey.enter_on is not None:
        return FACTS.get(journey.enter_on.fact, journey.enter_on.fact)
    day = "每天" if journey.weekday is None else f"每周{WEEKDAYS[journey.weekday - 1]}"
    again = f"，{journey.reenter_days} 天内不重复" if journey.reenter_days > 1 else ""
    return f"{day} {journey.at_hour}:00{again}"


def steps(journey: Journey) -> list[str]:
    """What happens, in order."""
    found = []
    for step in journey.steps:
        if step.kind == "wait":
            spans = (f"{step.days} 天" if step.days else "", f"{step.hours} 小时" if step.hours else "")
            found.append("等 " + " ".join(filter(None, spans)))
        elif step.kind == "benefit":
            found.append(f"送{benefits.describe(benefits.from_dict(step.benefit))}")
        else:
            found.append(f"{'群主群发到群里' if journey.groups else '发消息'}：{step.template}")
    return found
