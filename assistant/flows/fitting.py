"""A quick yes to a line that fits its schema: the schema as plain functions, built once. Why a line does not fit is said by jsonschema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[Any], bool]

KNOWN = {"$schema", "title", "description", "type", "enum", "const", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems"}
KNOWN |= {"maxItems", "items", "properties", "required", "additionalProperties"}


def fitting(schema: Mapping[str, Any]) -> Fits:
    """Whether a value fits the schema. Near money a whole number is an int: neither 100.0 nor true.

    Raises ValueError for a schema with a word that is not known here, so that none is passed over.
    """
    if unknown := schema.keys() - KNOWN:
        raise ValueError(f"a schema says {sorted(unknown)}, which nothing here checks")
    if "enum" in schema or "const" in schema:
        return _one_of(schema["enum"] if "enum" in schema else [schema["const"]])
    return KINDS[schema["type"]](schema)


def _one_of(values: list[Any]) -> Fits:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("only texts are chosen from")
    allowed = frozenset(values)
    return lambda value: isinstance(value, str) and value in allowed


def _text(schema: Mapping[str, Any]) -> Fits:
    least, most = schema.get("minLength", 0), schema.get("maxLength", float("inf"))
    search = re.compile(schema["pattern"]).search if "pattern" in schema else None

    def fits(value: Any) -> bool:
        return isinstance(value, str) and least <= len(value) <= most and (search is None or search(value) is not None)

    return fits


def _whole(schema: Mapping[str, Any]) -> Fits:
    least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    return lambda value: type(value) is int and least <= value <= most


def _list(schema: Mapping[str, Any]) -> Fits:
    least, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
    each: Fits = fitting(schema["items"]) if "items" in schema else lambda value: True
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(each, value))


def _object(schema: Mapping[str, Any]) -> Fits:
    known = {name: fitting(one) for name, one in schema.get("properties", {}).items()}
    required = frozenset(schema.get("required", ()))
    if schema.get("additionalProperties", True) not in (True, False):
        raise ValueError("fields that are not named are let in or not")
    anything: Fits | None = (lambda value: True) if schema.get("additionalProperties", True) else None

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys():
            return False
        for name, one in value.items():
            check = known.get(name, anything)
            if check is None or not check(one):
                return False
        return True

    return fits


KINDS: Mapping[str, Callable[[Mapping[str, Any]], Fits]] = {
    "string": _text,
    "integer": _whole,
    "boolean": lambda schema: lambda value: isinstance(value, bool),
    "array": _list,
    "object": _object,
}
