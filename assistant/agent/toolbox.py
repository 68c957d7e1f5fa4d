"""A caller's own tools, already bound: checked arguments, known errors as data, no deed after a stranger's words or after a question."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from assistant.agent.guard import figures_in
from assistant.base.clock import stopwatch
from assistant.base.errors import LaoyouError, Refused
from assistant.base.principal import Principal

Effect = Literal["READ", "SELF", "PROPOSE"]
IDENTITY_WORDS = (
    "member",
    "phone",
    "mobile",
    "recipient",
    "receiver",
    "user_id",
    "userid",
    "external",
    "openid",
    "unionid",
    "account",
    "token",
)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question that the member must agree to before value leaves the account."""

    action: str
    token: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One checked call; ``key`` is the idempotency key of whatever it does."""

    arguments: BaseModel
    key: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool found or did. ``tainted``: it holds text written by other people; ``say``: a ready sentence."""

    data: dict[str, Any]
    tainted: bool = False
    say: str = ""
    confirm: Confirmation | None = None
    handover: bool = False

    @property
    def figures(self) -> frozenset[str]:
        """Every figure in data, sentence and question, in normal form: only these may be said."""
        question = self.confirm.text if self.confirm else ""
        return figures_in(f"{json.dumps(self.data, ensure_ascii=False, default=str)}\n{self.say}\n{question}")

    @property
    def failed(self) -> bool:
        return "error" in self.data

    @property
    def sentence(self) -> str:
        """The ready sentence, empty if the tool gave none."""
        return self.say or str(self.data.get("say", ""))


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing the caller may have done. ``effect``: READ, SELF (the caller's own account) or PROPOSE (adds to a plan)."""

    name: str
    effect: Effect
    description: str
    arguments: type[BaseModel]
    run: Callable[[Call], Awaitable[ToolResult]]

    def for_model(self) -> dict[str, Any]:
        """The tool as OpenAI's function format describes it."""
        schema = self.arguments.model_json_schema()
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": schema}}


@dataclass(slots=True)
class ToolCallRecord:
    """One call of the turn as it went, in whole milliseconds. ``earlier``: made by an interrupted run or by a model that failed."""

    name: str
    effect: Effect
    arguments: dict[str, Any]
    result: ToolResult
    ms: int = 0
    earlier: bool = False

    @property
    def deed(self) -> bool:
        """Whether it has changed something."""
        return self.effect != "READ" and not self.result.failed and self.result.confirm is None


@dataclass(slots=True)
class Toolbox:
    """The tools of one caller for one turn. What is not in it does not exist for that caller."""

    tools: Sequence[Tool]
    principal: Principal
    records: list[ToolCallRecord] = field(default_factory=list)
    tainted: bool = False

    def names(self) -> list[str]:
        return [tool.name for tool in self.tools]

    def get(self, name: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.name == name), None)

    def for_model(self) -> list[dict[str, Any]]:
        """All tools in OpenAI's function format."""
        return [tool.for_model() for tool in self.tools]

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    async def call(self, name: str, arguments: dict[str, Any], key: str) -> ToolResult:
        """Runs a tool; what goes wrong in a known way comes back as data with ``error``, ready to be said."""
        tool = self.get(name)
        started = stopwatch()
        result = await self._run(tool, arguments, key) if tool else ToolResult({"error": "没有这个工具", "code": "unknown_tool"})
        effect: Effect = tool.effect if tool else "READ"
        self.add(ToolCallRecord(name, effect, arguments, result, round(1000 * (stopwatch() - started))))
        return result

    async def _run(self, tool: Tool, arguments: dict[str, Any], key: str) -> ToolResult:
        try:
            checked = tool.arguments.model_validate(arguments, strict=True, extra="forbid")
            if tool.effect != "READ" and self.tainted:
                raise Refused("这一轮看过别人写的内容，不能直接办理，请您再说一次要办什么", code="tainted")
            if tool.effect != "READ" and any(record.result.confirm for record in self.records):
                raise Refused("刚问您的这件事要等您看过、回复了再办", code="asked_just_now")
            return await tool.run(Call(checked, key))
        except ValidationError as error:
            return ToolResult(_misread(tool, error))
        except LaoyouError as error:
            return ToolResult({"error": error.say, "code": error.code}, say=error.say)

    def add(self, record: ToolCallRecord) -> None:
        """Takes a call into the turn; a stranger's words in it count until the turn ends, whatever is forgotten later."""
        self.tainted = self.tainted or record.result.tainted
        self.records.append(record)

    def keep_deeds(self) -> None:
        """Forgets what was only looked up or refused: the next model starts over, but what was done stays done."""
        self.records = [record for record in self.records if record.deed]
        for record in self.records:
            record.earlier = True


def _misread(tool: Tool, error: ValidationError) -> dict[str, Any]:
    """A sentence that may be said to a member as it is, with what the argument's description asks for; ``where`` is for the model."""
    places = [".".join(map(str, one["loc"])) or "参数" for one in error.errors()[:3]]
    field = tool.arguments.model_fields.get(places[0])
    wanted = f"：{field.description}" if field is not None and field.description else ""
    return {"error": f"这里我没有看懂，请换个说法再告诉我一次{wanted}", "code": "bad_arguments", "where": "、".join(places)[:200]}


def forbidden_arguments(tools: Iterable[Tool]) -> list[str]:
    """``tool.argument`` of every argument by which a model could name another person; must be empty for members."""
    return [
        f"{tool.name}.{name}"
        for tool in tools
        for name in _names(tool.arguments.model_json_schema())
        if any(word in name.lower() for word in IDENTITY_WORDS)
    ]


def _names(schema: Any) -> Iterator[str]:
    """All property names of a schema, nested ones too."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)
