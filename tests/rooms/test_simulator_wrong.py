"""No call, however wrong, breaks the simulated WeCom: every path answers JSON with an errcode."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

SECRETS = {"app": "app-secret", "kf": "kf-secret", "contact": "contact-secret", "any": "contact-secret", "archive": "archive-secret"}
_NAMES = (
    "userid external_userid chat_id chat_id_list cursor limit owner_filter welcome_code text content attachments msgtype image "
    "link sender tag_filter group_list add_tag tag_id group_name tag name order id type scene user party state config_id "
    "handover_userid takeover_userid visible_range sender_list moment_id start_time end_time day_begin_time rule_id word_list "
    "semantics_list applicable_range extra_rule department_list price link_id range page_size offset template_id msgid partyid "
    "unionid remark_mobiles open_kfid touser agentid code service_state "
)
NAMES = _NAMES.split()
WORDS: tuple[Any, ...] = ("wang", "wmA", "wr1", "", "x" * 40, 0, 1, 2, -1, 10**12, 1.5, None, True, "single", "image")


def _value(chance: random.Random, depth: int = 0) -> Any:
    """Anything JSON can say, often what the paths know."""
    match chance.randrange(6) if depth < 3 else 0:
        case 4:
            return [_value(chance, depth + 1) for _ in range(chance.randrange(3))]
        case 5:
            return {chance.choice(NAMES): _value(chance, depth + 1) for _ in range(chance.randrange(4))}
    return chance.choice(WORDS)


async def test_a_path_answers_json_whatever_it_is_given(bench: Bench) -> None:
    chance, world = random.Random(7), bench.simulator.world
    world.add_group("wr1", "老友群", ["wang", "wmA"], "wang")
    world.knobs.api_overlap_seconds = 0
    tokens = {right: (await bench.token(secret))["access_token"] for right, secret in SECRETS.items()} | {"": ""}
    routes = [(name.rpartition(" "), right) for family in bench.simulator.families() for name, (right, _) in family.routes().items()]
    broken = []
    for (kind, _, path), right in [route for route in routes for _ in range(8)]:
        body = {chance.choice(NAMES): _value(chance) for _ in range(chance.randrange(9))}
        query = {"access_token": tokens[right]}
        if kind == "GET":
            query |= {name: str(value) for name, value in body.items()}
        data = None if kind == "GET" else json.dumps(body)
        async with bench.http.request(
            kind.replace("UPLOAD", "") or "POST", f"{bench.base}/cgi-bin/{path}", params=query, data=data
        ) as answer:
            if answer.status != 200 or "errcode" not in await answer.json():
                broken.append((path, body))
    assert broken == []
    assert len(routes) > 100
