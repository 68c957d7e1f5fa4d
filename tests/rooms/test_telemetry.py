"""Logs show what happened and nothing that must not be seen; figures and health say how the service is doing."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from assistant import telemetry
from assistant.base.errors import Refused
from assistant.store import Store

CANARY = "canary-7f3a9c"


@pytest.fixture
def lines() -> Iterator[Any]:
    stream = io.StringIO()
    telemetry.configure("INFO", stream)
    telemetry.register_secret(CANARY)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler).__module__.startswith("assistant"):
            root.removeHandler(handler)


def test_a_line_is_json_with_level_time_and_name(lines: Any) -> None:
    telemetry.log("jobs").info("held", id="due_1", attempts=5)
    telemetry.log("jobs").debug("not shown")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"], line["id"], line["attempts"]) == ("held", "info", "jobs", "due_1", 5)
    assert "timestamp" in line


def test_secrets_are_blotted_out_by_key_and_by_value_wherever_they_hide(lines: Any) -> None:
    log = telemetry.log(f"x-{CANARY}")
    log.warning(f"event {CANARY}", note=f"see {CANARY}", deep={"list": [{"a": CANARY}]}, access_token="short", password="pw")
    log.warning("url", address="https://x/cgi-bin?access_token=abcd123&corpsecret=zzz&x=1", database="postgresql://u:hush@db/x")
    try:
        raise ValueError(f"bad {CANARY}")
    except ValueError as error:
        log.error("failed", exc_info=error)
    logging.getLogger("library").warning("library says %s", CANARY)
    text = json.dumps(lines())
    assert not [word for word in (CANARY, "short", '"pw"', "abcd123", "zzz", "hush") if word in text]
    assert "x=1" in text
    assert len(lines()) == 4


def test_phone_numbers_keep_three_and_four_digits(lines: Any) -> None:
    telemetry.log("x").info("call 13800000000", phone="13912345678", number=13912345678, order="202611221391234567890")
    (line,) = lines()
    assert (line["event"], line["phone"], line["number"]) == ("call 138****0000", "139****5678", "139****5678")
    assert line["order"] == "202611221391234567890"


def test_what_people_wrote_is_not_logged(lines: Any) -> None:
    telemetry.log("x").info("turn", text="我想退货", message={"text": "我想退货"}, outer={"content": "我想退货"}, turn="turn_1")
    (line,) = lines()
    assert "退货" not in json.dumps(line, ensure_ascii=False)
    assert (line["text"], line["turn"]) == ("[4]", "turn_1")


@dataclass
class AJob:
    kind: str = "deliver"
    id: str = "due_1"
    attempts: int = 5


REFUSED = 'laoyou_callbacks_total{endpoint="kf",result="bad_signature"}'
HELD = 'laoyou_jobs_total{kind="deliver",outcome="held"}'


def figure(name: str) -> float:
    """A counter of this process, 0 where nothing was counted."""
    return next((float(line.removeprefix(name)) for line in telemetry.text().splitlines() if line.startswith(name)), 0.0)


def test_figures_count_what_is_told(lines: Any) -> None:
    before = {name: figure(name) for name in (REFUSED, HELD)}
    telemetry.callback_accepted("kf")
    telemetry.callback_refused("kf", "bad_signature")
    telemetry.turn_closed("answered", "planner")
    telemetry.delivered("kf", "sent")
    telemetry.group_written(12)
    telemetry.model_called("planner", "ok", 0.02)
    telemetry.job_watcher(AJob(), "done", None)
    telemetry.job_watcher(AJob(), "held", Refused("不行", code="no"))
    assert {name: figure(name) - before[name] for name in before} == {REFUSED: 1.0, HELD: 1.0}
    assert 'laoyou_deliveries_total{channel="kf",state="sent"}' in telemetry.text()
    assert [(line["event"], line.get("error")) for line in lines()] == [("callback_refused", None), ("job_failed", "no")]


async def test_health_names_the_part_that_fails(store: Store, tmp_path: Path) -> None:
    good = telemetry.Health(store, tmp_path / "later", lambda: True)
    assert await good() == {"database": "ok", "disk": "ok", "jobs": "ok"}
    assert await good.ready()
    poor = telemetry.Health(store, tmp_path, lambda: False, free=lambda _folder: 1000)
    assert await poor() == {"database": "ok", "disk": "full", "jobs": "stopped"}
    assert not await poor.ready()


async def test_a_database_that_cannot_be_written_is_not_ready(store: Store, tmp_path: Path) -> None:
    health = telemetry.Health(store, tmp_path, lambda: True)
    store.do(lambda work, _: work.execute(telemetry.health.cursor.delete()), None, telemetry.health.system("test"))
    store._writer.close()
    assert (await health())["database"] != "ok"
