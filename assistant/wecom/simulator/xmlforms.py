"""XML in WeCom's manner beyond one level: nested events out, template cards of passive replies in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from assistant.wecom.simulator.callbacks import cdata

_LISTS = ("horizontal_content_list", "jump_list", "button_list", "option_list", "select_list", "vertical_content_list", "action_list")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def nested(fields: Mapping[str, Any]) -> str:
    """An XML document: mappings become elements, lists repeated elements, text stands in CDATA, numbers bare."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_inner(value)}</{name}>"
    return f"<{name}>{value if isinstance(value, int | float) else cdata(str(value))}</{name}>"


def part_of(text: str, name: str) -> dict[str, Any]:
    """An element of the reply with CamelCase names as the JSON form has them; empty when it is not there."""
    root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    element = root.find(name)
    value = _value(element) if element is not None else {}
    return value if isinstance(value, dict) else {}


def _value(element: Any) -> Any:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in children:
        name = _WORD.sub("_", str(child.tag)).lower()
        if name in _LISTS:
            found.setdefault(name, []).append(_value(child))
        else:
            found[name] = _value(child)
    return found
