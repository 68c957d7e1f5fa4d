"""Words that employees may not say to customers: rules as data, each one wished for here and brought to WeCom by a flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.errors import Invalid
from assistant.domain.content.tables import word_rule
from assistant.store import Due, Fact, View, Work, once

PUSH = "words.push"
MOST_RULES, MOST_WORDS, MOST_STAFF = 100, 300, 1000
SEMANTICS = {1: "手机号", 2: "邮箱", 3: "红包"}
Kind = Literal["block", "warn"]


@dataclass(frozen=True, slots=True)
class SaveWords:
    """A rule by its name; the same name changes it. ``semantics``: 1 phone numbers, 2 e-mail addresses, 3 red packets."""

    key: str
    name: str
    words: tuple[str, ...]
    kind: Kind
    staff: tuple[str, ...]
    semantics: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedWords:
    """The rule's id."""

    rule_id: str


@dataclass(frozen=True, slots=True)
class WordRule:
    """One rule. ``state``: waiting (to be brought to WeCom), unknown, active, refused, leaving; ``external`` is WeCom's id."""

    id: str
    name: str
    words: list[str]
    semantics: list[int]
    kind: Kind
    staff: list[str]
    state: str
    external: str
    trouble: str
    drifts: int
    checked_at: datetime | None
    changed_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class TurnWords:
    """What became of bringing a rule to WeCom; ``seen`` is the rule as it was taken (a rule changed since stays waiting)."""

    rule: WordRule
    state: str
    external: str = ""
    trouble: str = ""


def save_words(work: Work, requests: Sequence[SaveWords]) -> list[SavedWords]:
    """Writes rules down and has them brought to WeCom. Raises Invalid with what is wrong."""
    return once(work, "content.save_words", requests, SavedWords, lambda work, new: [_save(work, one) for one in new])


def _save(work: Work, request: SaveWords) -> SavedWords:
    name, words = request.name.strip(), [*dict.fromkeys(word.strip() for word in request.words if word.strip())]
    _check(name, words, request)
    rule_id = ids.derive("words", name)
    if rule_id not in {one.id for one in word_rules(work)} and len(word_rules(work)) >= MOST_RULES:
        raise Invalid(f"最多 {MOST_RULES} 条规则，请先删掉不用的", code="too_many_rules")
    values: dict[str, Any] = {
        "name": name,
        "words": words,
        "semantics": sorted(set(request.semantics)),
        "kind": request.kind,
        "staff": [*dict.fromkeys(request.staff)],
        "state": "waiting",
        "trouble": "",
        "changed_at": work.now,
        "by": work.principal.label,
    }
    work.insert_missing(word_rule, [values | {"id": rule_id, "external": "", "drifts": 0, "checked_at": None}])
    work.execute(word_rule.update().where(word_rule.c.id == rule_id).values(values))
    work.record(Fact("words.saved", f"words:{rule_id}", {"name": name, "words": len(words), "kind": request.kind}))
    work.due(Due(PUSH, rule_id, work.now, {}, order_key=f"words:{rule_id}"))
    return SavedWords(rule_id)


def _check(name: str, words: Sequence[str], request: SaveWords) -> None:
    if not 1 <= len(name) <= 20:
        raise Invalid("规则名要有 1 到 20 个字", code="bad_words", field="name")
    if not words and not request.semantics:
        raise Invalid("请至少写一个词，或勾选一类内容", code="bad_words", field="words")
    if len(words) > MOST_WORDS:
        raise Invalid(f"一条规则最多 {MOST_WORDS} 个词，这里有 {len(words)} 个，请分成几条", code="bad_words", field="words")
    if long := next((word for word in words if len(word) > 32), ""):
        raise Invalid(f"“{long[:40]}”太长，每个词最多 32 个字", code="bad_words", field="words")
    if request.kind not in ("block", "warn") or set(request.semantics) - set(SEMANTICS):
        raise Invalid("处理方式是 block（拦截）或 warn（提醒），内容类型是 1、2、3", code="bad_words", field="kind")
    if not 1 <= len(set(request.staff)) <= MOST_STAFF:
        raise Invalid(f"请选 1 到 {MOST_STAFF} 位员工", code="bad_words", field="staff")


def drop_words(work: Work, rule_id: str) -> None:
    """Has a rule taken back from WeCom; it disappears here once WeCom has let go of it."""
    work.execute(word_rule.update().where(word_rule.c.id == rule_id).values(state="leaving", changed_at=work.now, by=work.principal.label))
    work.due(Due(PUSH, rule_id, work.now, {}, order_key=f"words:{rule_id}"))


def turn_words(work: Work, turn: TurnWords) -> None:
    """Writes down what WeCom said; words that were changed meanwhile are brought there again."""
    row = word_of(work, turn.rule.id)
    if row is None:
        return
    if turn.state == "gone" and row.state == "leaving":
        work.execute(word_rule.delete().where(word_rule.c.id == row.id))
        work.record(Fact("words.dropped", f"words:{row.id}", {"name": row.name}))
        return
    same = row.changed_at == turn.rule.changed_at
    drifted = turn.state == "drifted"
    values: dict[str, Any] = {"checked_at": work.now, "trouble": turn.trouble, "drifts": row.drifts + drifted}
    values["external"] = "" if turn.state == "gone" else turn.external or row.external
    values["state"] = ("waiting" if turn.state in ("drifted", "gone") else turn.state) if same else row.state
    work.execute(word_rule.update().where(word_rule.c.id == row.id).values(values))
    if drifted or turn.state != row.state:
        work.record(Fact(f"words.{turn.state}", f"words:{row.id}", {"name": row.name, "trouble": turn.trouble}))
    if values["state"] in ("waiting", "leaving"):
        work.due(Due(PUSH, row.id, work.now, {}, order_key=f"words:{row.id}"))


def word_rules(view: View) -> list[WordRule]:
    """All rules by name."""
    return [WordRule(**row._mapping) for row in view.all(sa.select(word_rule).order_by(word_rule.c.name))]


def word_of(view: View, rule_id: str) -> WordRule | None:
    """One rule, or None."""
    row = view.one(sa.select(word_rule).where(word_rule.c.id == rule_id))
    return None if row is None else WordRule(**row._mapping)
