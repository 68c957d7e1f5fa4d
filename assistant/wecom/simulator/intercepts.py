"""Sensitive words: rules made by the API, and what they do to an employee's words to a customer.

Documented: names, words, semantics, ranges, 100 rules, update with extra_rule and add_/remove_applicable_range, own app's rules only.
Inferred: a rule of type 1 stops the message, type 2 only warns. Guessed: 40058 for a wrong shape and for the 101st rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, numbers_of, part_of, texts_of
from assistant.wecom.simulator.world import ApiError, World

RULES_MOST = 100
SEMANTICS = {1: re.compile(r"(?<!\d)1\d{10}(?!\d)"), 2: re.compile(r"[\w.]+@[\w.]+\.\w+"), 3: re.compile("红包")}


@dataclass
class Rule:
    rule_id: str
    maker: int
    made: int
    name: str
    words: list[str]
    semantics: list[int]
    kind: int
    users: list[str]
    departments: list[int]

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"rule_id": self.rule_id, "rule_name": self.name, "word_list": self.words, "intercept_type": self.kind}
        told |= {"extra_rule": {"semantics_list": self.semantics}}
        return {**told, "applicable_range": {"user_list": self.users, "department_list": self.departments}}


class Intercepts:
    """API verbs, and ``struck`` for what people write."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.rules: dict[str, Rule] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/add_intercept_rule": ("contact", self.add),
            "GET externalcontact/get_intercept_rule_list": ("contact", self.listing),
            "externalcontact/get_intercept_rule": ("contact", self.get),
            "externalcontact/update_intercept_rule": ("contact", self.update),
            "externalcontact/del_intercept_rule": ("contact", self.delete),
        }

    def struck(self, userid: str, text: str) -> int:
        """What happens to an employee's words: 0 nothing, 1 stopped, 2 warned."""
        department = self._world.the_staff(userid).department
        kinds = {
            rule.kind
            for rule in self.rules.values()
            if (userid in rule.users or department in rule.departments)
            and (any(word in text for word in rule.words) or any(SEMANTICS[each].search(text) for each in rule.semantics))
        }
        return min(kinds, default=0)

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(self.rules) >= RULES_MOST:
            raise ApiError(40058, "too many rules")
        where = part_of(body, "applicable_range")
        words, semantics = texts_of(body, "word_list", 300), numbers_of(body, "semantics_list")
        rule = Rule(self._world.new_id("rule"), self._world.asked.app.agentid, self._world.seconds(), "", words, semantics, 0, [], [])
        self._shape(rule, str(body.get("rule_name") or ""), body.get("intercept_type"))
        self._widen(rule, where)
        if not rule.users and not rule.departments:
            raise ApiError(40058, "applicable_range is empty")
        self.rules[rule.rule_id] = rule
        return {"rule_id": rule.rule_id}

    def listing(self, query: dict[str, Any]) -> dict[str, Any]:
        rows = [{"rule_id": each.rule_id, "rule_name": each.name, "create_time": each.made} for each in self.rules.values()]
        return {"rule_list": rows}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"rule": self._known(body).to_json()}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        rule = self._known(body)
        if "word_list" in body:
            rule.words = texts_of(body, "word_list", 300)
        if "extra_rule" in body:
            rule.semantics = numbers_of(part_of(body, "extra_rule"), "semantics_list")
        self._shape(rule, str(body.get("rule_name") or rule.name), body.get("intercept_type", rule.kind))
        self._widen(rule, part_of(body, "add_applicable_range"))
        gone = part_of(body, "remove_applicable_range")
        users, departments = texts_of(gone, "user_list", 1000), numbers_of(gone, "department_list")
        rule.users = [userid for userid in rule.users if userid not in users]
        rule.departments = [each for each in rule.departments if each not in departments]
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.rules[self._known(body).rule_id]
        return {}

    def _known(self, body: dict[str, Any]) -> Rule:
        rule = self.rules.get(str(body.get("rule_id") or ""))
        if rule is None:
            raise ApiError(40058, "invalid rule_id")
        if rule.maker != self._world.asked.app.agentid:
            raise ApiError(48002, "a rule of another app")
        return rule

    def _shape(self, rule: Rule, name: str, kind: object) -> None:
        if not 1 <= len(name) <= 20 or kind not in (1, 2):
            raise ApiError(40058, "invalid rule_name or intercept_type")
        if (
            (not rule.words and not rule.semantics)
            or any(not 1 <= len(word) <= 32 for word in rule.words)
            or set(rule.semantics) - {1, 2, 3}
        ):
            raise ApiError(40058, "invalid words or semantics")
        rule.name, rule.kind = name, int_of(kind, "intercept_type")

    def _widen(self, rule: Rule, where: dict[str, Any]) -> None:
        users, departments = texts_of(where, "user_list", 1000), numbers_of(where, "department_list")
        for userid in users:
            self._world.must_see(userid)
        rule.users = [*dict.fromkeys([*rule.users, *users])]
        rule.departments = [*dict.fromkeys([*rule.departments, *departments])]
