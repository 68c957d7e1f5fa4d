"""Who is meant, as fields: the questions asked of a member most often; any other segment stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.web.fields import Field, Kind, field

Ask = tuple[str, str, Kind, dict[str, Any]]

ASKS: dict[str, Ask] = {
    "orders": ("订单至少几单", "order_count", "number", {"op": "gte"}),
    "orders_year": ("近一年订单至少几单", "order_count", "number", {"op": "gte", "arguments": {"within_days": 365}}),
    "spent": ("一共至少花了多少元", "order_amount", "money", {"op": "gte"}),
    "spent_year": ("近一年至少花了多少元", "order_amount", "money", {"op": "gte", "arguments": {"within_days": 365}}),
    "lately": ("最近一单在几天以内", "days_since_last_order", "number", {"op": "lte"}),
    "growth": ("成长值至少多少", "growth", "number", {"op": "gte"}),
    "points": ("可用积分至少多少", "points.available", "number", {"op": "gte"}),
}
NOT_ASKED = "不看这一条"


def opened(who: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What of the questions a segment asks; None for one that asks anything else."""
    found: dict[str, Any] = dict.fromkeys(ASKS)
    if who is None:
        return found
    for rule in who.get("rules", ()) if who.get("kind") == "all" else (who,):
        name = next((name for name in ASKS if _like(rule, name)), None)
        if name is None or found[name] is not None:
            return None
        found[name] = rule["value"]
    return found


def fields(full: Mapping[str, Any]) -> list[Field]:
    """A field for each question."""
    return [field(full, ("asks", name), label, kind, NOT_ASKED) for name, (label, _feature, kind, _rest) in ASKS.items()]


def closed(asks: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The segment that asks these; the one before where nothing changed, None where nothing is asked."""
    if before is not None and opened(before) == asks:
        return dict(before)
    rules = [_rule(name, value) for name, value in asks.items() if value is not None]
    if len(rules) == 1:
        return rules[0]
    return {"kind": "all", "rules": rules} if rules else None


def _rule(name: str, value: Any) -> dict[str, Any]:
    _label, feature, _kind, rest = ASKS[name]
    return {"kind": "compare", "feature": feature, **rest, "value": value}


def _like(rule: Mapping[str, Any], name: str) -> bool:
    """Whether a comparison asks this question, whatever its value."""
    wanted = _rule(name, None)
    same = all(rule.get(key, "compare" if key == "kind" else None) == wanted[key] for key in ("kind", "feature", "op"))
    plain = isinstance(rule.get("value"), int) and not isinstance(rule.get("value"), bool)
    return same and plain and (rule.get("arguments") or {}) == wanted.get("arguments", {})
