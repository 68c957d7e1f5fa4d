"""Foreign XML and JSON into plain dicts and lists: no DTD, entity or network, bounded in size and depth, storable text only."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 24

_PROLOGUE = re.compile(r"\s*(?:<\?xml[ \t\r\n][^<>]{0,200}\?>)?\s*<[A-Za-z_]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Malformed(ValueError):
    """The text is not what the grammar allows; carries no content."""


class TooLarge(Malformed):
    """More bytes than the limit."""


def read_xml(data: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The children of the root: text, a dict where an element has children, a list where a name repeats.

    Text is kept exactly (CDATA joined). Raises Malformed for anything but plain UTF-8 elements, TooLarge above ``limit`` bytes.
    """
    text = _decoded(data, limit)
    # A DTD can stand only before the root, so the prologue is matched by fixed grammar and the parser never meets one.
    if _PROLOGUE.match(text) is None:
        raise Malformed("xml")
    root = _root(text.lstrip().encode())
    value = _element(root, 1) if root is not None else None
    if not isinstance(value, dict):
        raise Malformed("xml")
    return value


def read_json(data: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object; NaN, foreign depth and other roots raise Malformed; characters no database takes become U+FFFD."""
    text = _decoded(data, limit)
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Malformed("json")
    cleaned: dict[str, Any] = _clean(value, 1)
    return cleaned


def _decoded(data: bytes, limit: int) -> str:
    if len(data) > limit:
        raise TooLarge("size")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise Malformed("utf-8")


def _root(data: bytes) -> etree._Element | None:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: etree._Element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.internalDTD is not None else root


def _element(element: etree._Element, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed("depth")
    children = list(element)
    if not children:
        return element.text or ""
    value: dict[str, Any] = {}
    for child in children:
        if not isinstance(child.tag, str):
            raise Malformed("entity")
        inner = _element(child, depth + 1)
        if child.tag not in value:
            value[child.tag] = inner
        elif isinstance(value[child.tag], list):
            value[child.tag].append(inner)
        else:
            value[child.tag] = [value[child.tag], inner]
    return value


def _clean(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed("depth")
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", key): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)
