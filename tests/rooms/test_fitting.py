"""The quick check of import lines says yes exactly where their schema does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.flows.fitting import fitting
from assistant.flows.importing import SCHEMAS, _validator

KINDS = sorted(path.stem for path in SCHEMAS.glob("*.json"))
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.0,
    10**18,
    "",
    "x",
    "１",
    "a" * 5000,
    "2026-11-22T10:00:00",
    "2026-11-22T10:00:00+08:00\n",
    [],
    [""],
    {},
]
ODD += [["x"] * 300, {"x": 1}, {"namespace": "phone", "value": "13800001111"}]


def fits_by(schema: Any) -> st.SearchStrategy[Any]:
    """Values that mostly fit, since nonsense at the first field would try nothing beyond it."""
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema["type"]:
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"])
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=min(9, schema.get("maxLength", 9)))
        case "integer":
            return st.sampled_from([schema.get("minimum", -5), schema.get("maximum", 5)]) | st.integers(0, 100)
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(fits_by(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case _:
            fields = {name: fits_by(one) for name, one in schema["properties"].items()} if "properties" in schema else {}
            required = schema.get("required", [])
            optional = {name: one for name, one in fields.items() if name not in required}
            return st.fixed_dictionaries({name: fields[name] for name in required}, optional=optional)


@st.composite
def lines(draw: Any, schema: Any) -> Any:
    """A line of this schema in which up to two values, or the names of fields, are something else."""
    line = draw(fits_by(schema))
    for _n in range(draw(st.integers(0, 2))):
        place: Any = line
        while True:
            keys = list(range(len(place))) if isinstance(place, list) else [*sorted(place), "stranger"]
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inside = None if key == "stranger" else place[key]
            if isinstance(inside, (dict, list)) and inside and draw(st.booleans()):
                place = inside
                continue
            if isinstance(place, dict) and key != "stranger" and draw(st.booleans()):
                del place[key]
            else:
                place[key] = draw(st.sampled_from(ODD))
            break
    return line


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_quick_check_and_the_schema_agree_about_every_line(kind: str, data: st.DataObject) -> None:
    schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
    line = data.draw(lines(schema))
    assert fitting(schema)(line) == _validator(kind).is_valid(line)


@pytest.mark.parametrize(
    "schema", [{"type": "string", "format": "date"}, {"oneOf": []}, {"enum": [1]}, {"type": "object", "additionalProperties": {}}]
)
def test_a_schema_that_says_more_than_is_checked_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        fitting(schema)
