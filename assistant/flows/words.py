"""Brings the rules of forbidden words to WeCom and holds WeCom to them every day; what somebody changed there is put right and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from assistant.base.errors import Invalid, LaoyouError, Refused, Transient
from assistant.base.principal import system
from assistant.domain import content
from assistant.jobs import Handler, Job
from assistant.store import Store
from assistant.wecom import Unknown, WeComClient, calls_mass

CHECK = "words.check"
ME = system("words")
TYPES = {"block": 1, "warn": 2}
Stage = Callable[[str], None]


def handlers(store: Store, client: WeComClient, stage: Stage) -> dict[str, Handler]:
    """The handlers of words.push and words.check jobs."""
    desk = _Desk(store, client, stage)
    return {content.PUSH: desk.push, CHECK: desk.check}


class _Desk:
    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    async def push(self, job: Job) -> None:
        """One rule: made, changed or taken back."""
        rule = await self._store.read(content.word_of, job.key)
        if rule is None or rule.state not in ("waiting", "unknown", "leaving"):
            return
        self._stage("words.before_push")
        try:
            turn = await (self._leave(rule) if rule.state == "leaving" else self._bring(rule))
        except Unknown as error:
            later = self._store.clock.now() + timedelta(seconds=30)
            await self._turn(content.TurnWords(rule, "unknown", "", error.say))
            raise Transient(error.say, retry_at=later, code=error.code) from error
        except Transient:
            raise
        except LaoyouError as error:
            turn = content.TurnWords(rule, "refused", rule.external, error.say)
        self._stage("words.pushed")
        await self._turn(turn)

    async def _bring(self, rule: content.WordRule) -> content.TurnWords:
        """A rule whose creation was not answered is looked for by its name first, so that it is not made twice."""
        external = rule.external or await self._find(rule.name)
        if external:
            there = await self._there(external)
            if there is not None:
                await calls_mass.update_intercept_rule(self._client, external, _body(rule), _range(there), rule.staff)
                return content.TurnWords(rule, "active", external)
        made = await calls_mass.add_intercept_rule(self._client, {**_body(rule), "applicable_range": {"user_list": rule.staff}})
        return content.TurnWords(rule, "active", made)

    async def _leave(self, rule: content.WordRule) -> content.TurnWords:
        external = rule.external or await self._find(rule.name)
        if external and await self._there(external) is not None:
            await calls_mass.del_intercept_rule(self._client, external)
        return content.TurnWords(rule, "gone")

    async def _find(self, name: str) -> str:
        rows = await calls_mass.intercept_rules(self._client)
        return next((str(row.get("rule_id")) for row in rows if row.get("rule_name") == name), "")

    async def _there(self, external: str) -> Mapping[str, Any] | None:
        """The rule as WeCom has it; None if it is gone."""
        try:
            return await calls_mass.get_intercept_rule(self._client, external)
        except (Invalid, Refused):
            return None

    async def check(self, _job: Job) -> None:
        """Every rule that should be there is held against WeCom."""
        for rule in await self._store.read(content.word_rules):
            if rule.state != "active":
                continue
            there = await self._there(rule.external)
            if there is None:
                await self._turn(content.TurnWords(rule, "gone", "", "企业微信里的规则被删掉了，正在重新创建"))
            elif not _same(rule, there):
                await self._turn(content.TurnWords(rule, "drifted", rule.external, "企业微信里的规则被改过，正在改回来"))
            else:
                await self._turn(content.TurnWords(rule, "active", rule.external))
            self._stage("words.checked")

    async def _turn(self, turn: content.TurnWords) -> None:
        await self._store.write(content.turn_words, turn, ME)


def _body(rule: content.WordRule) -> dict[str, Any]:
    body: dict[str, Any] = {"rule_name": rule.name, "word_list": rule.words, "intercept_type": TYPES[rule.kind]}
    return body | {"semantics_list": rule.semantics}


def _range(there: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in (there.get("applicable_range") or {}).get("user_list") or ()]


def _same(rule: content.WordRule, there: Mapping[str, Any]) -> bool:
    semantics = (there.get("extra_rule") or {}).get("semantics_list") or []
    told = (there.get("rule_name"), sorted(there.get("word_list") or ()), there.get("intercept_type"), sorted(semantics))
    wished = (rule.name, sorted(rule.words), TYPES[rule.kind], sorted(rule.semantics))
    return told == wished and sorted(_range(there)) == sorted(rule.staff)
