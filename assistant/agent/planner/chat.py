"""The planner behind langchain's chat-model interface, so that the loop is the same as with any language model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from assistant.agent.agreement import decided
from assistant.agent.planner import answers, slots
from assistant.agent.planner.intents import Intents

PENDING = "待确认："
_AGREES = re.compile(r"\s*(确认|确定|同意)\W*")
"""Agreement to something; where nothing waits, that is said instead of a guess."""
_QUESTION = re.compile(
    r".{3,}([?？]|[吗呢])[~～!！。.\s]*$|^(?=.{4}).*(怎么|什么|多少|多久|几[天个件号]|哪|谁|能不能|可不可以|是不是|有没有|会不会)"
)
ASKING = ("redeem", "claim_cashback", "draw", "exchange", "make_up")
MOST_QUESTIONS = 4
Step = tuple[str, dict[str, Any]]


class Planner(BaseChatModel):
    """Chooses one tool for the last words, then puts its result into a sentence."""

    embedder: Any = None
    questions: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    intents: Any = None
    deterministic: bool = True
    _bound: dict[tuple[str, ...], Planner] = PrivateAttr(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "planner"

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        if self.intents is None:
            self.intents = Intents(self.embedder, self.questions)

    def bind_tools(self, tools: Sequence[Any], **_options: Any) -> Runnable[Any, AIMessage]:
        """The planner with these tools, made once: langchain describes each new model to its callbacks, which costs more than planning."""
        names = tuple(tool.name if hasattr(tool, "name") else str(tool) for tool in tools)
        if names not in self._bound:
            self._bound[names] = self.model_copy(update={"tools": names})
        return self._bound[names]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_options: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        last = max(number for number, message in enumerate(messages) if isinstance(message, HumanMessage))
        pending = any(isinstance(message, SystemMessage) and PENDING in str(message.content) for message in messages)
        steps = self._steps(slots.plain(str(messages[last].content)), pending)
        made = _made(messages[last + 1 :])
        for name, arguments in steps:
            if name in self.tools and not _found(made, (name, arguments)):
                return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"plan{len(messages)}"}])
        answered = [_found(made, step) for step in steps]
        said = [_answer(message) for _step, message in made if message not in answered]
        for step, found in zip(steps, answered, strict=True):
            said.append(_answer(found) if found else step[1].get("say", answers.PERSONAL))
        return AIMessage("\n\n".join(dict.fromkeys(said)))

    def _steps(self, text: str, pending: bool) -> list[Step]:
        """One step for each thing that a burst asks, in its order; what waits for a confirmation comes last, and only one of it."""
        answer = decided(text) if pending else ""
        if answer:
            return [("confirm" if answer == "yes" else "cancel", {})]
        if not pending and _AGREES.fullmatch(text):
            return [("", {"say": answers.NOTHING_WAITS})]
        chosen = [self._choose(part) for part in self._questions(text)]
        steps = [step for number, step in enumerate(chosen) if step not in chosen[:number]]
        if len(steps) > 1:
            steps = [step for step in steps if step[1].get("say") not in (answers.GREETING, answers.THANKS)] or steps[:1]
        asking = [step for step in steps if step[0] in ASKING]
        rest = [step for step in steps if step[0] not in ASKING]
        later: list[Step] = [("", {"say": answers.ONE_BY_ONE})] if len(asking) > 1 else []
        return [*rest, *asking[:1], *later]

    def _questions(self, text: str) -> list[str]:
        """The lines of a burst, those that say nothing by themselves joined with the next (the last ones with the line before)."""
        parts: list[str] = []
        open_lines: list[str] = []
        for line in filter(None, map(str.strip, text.splitlines())):
            open_lines.append(line)
            if self.intents.ruled(line) or _QUESTION.search(line):
                parts.append("\n".join(open_lines))
                open_lines = []
        if open_lines and parts:
            parts[-1] = "\n".join([parts[-1], *open_lines])
        elif open_lines:
            parts.append("\n".join(open_lines))
        if len(parts) > MOST_QUESTIONS:
            parts = parts[-MOST_QUESTIONS:]
        return parts or [""]

    def _choose(self, text: str) -> Step:
        """(tool, arguments), or ("", {"say": …}) when a sentence is all there is to say."""
        intent = self.intents.of(text)
        if intent in answers.SMALL_TALK:
            return "", {"say": answers.SMALL_TALK[intent]}
        make = _ARGUMENTS.get(intent)
        return make(text) if make else (intent, {})


def _made(messages: list[BaseMessage]) -> list[tuple[Step, ToolMessage]]:
    """The calls made since the person spoke, each with its result."""
    calls = {
        call["id"]: (call["name"], dict(call["args"]))
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    return [
        (calls[message.tool_call_id], message) for message in messages if isinstance(message, ToolMessage) and message.tool_call_id in calls
    ]


def _found(made: list[tuple[Step, ToolMessage]], step: Step) -> ToolMessage | None:
    """What came of a step. A deed that another model of this turn has done in its own words is the same deed."""
    same = [message for one, message in made if one == step]
    alike = [message for one, message in made if one[0] == step[0] != "search_knowledge"]
    return next(iter(same or alike), None)


def _answer(message: ToolMessage) -> str:
    try:
        data = json.loads(str(message.content))
    except ValueError:
        data = {}
    return answers.answer(message.name or "", data) if isinstance(data, dict) and data else answers.UNKNOWN


def _claim(text: str) -> Step:
    number = slots.order_number(text)
    return ("claim_cashback", {"order_no": number}) if number else ("", {"say": answers.NEED_ORDER})


def _claim_points(text: str) -> Step:
    number = slots.order_number(text)
    return ("claim_points", {"order_no": number}) if number else ("", {"say": answers.NEED_CLAIM})


def _redeem(text: str) -> Step:
    wanted = slots.item(text)
    return ("redeem", {"item": wanted, "quantity": slots.quantity(text)}) if wanted else ("", {"say": answers.NEED_ITEM})


def _wish(text: str) -> Step:
    said = slots.wish(text)
    return ("make_wish", {"text": said}) if said else ("", {"say": answers.NEED_WISH})


def _invited(text: str) -> Step:
    code = slots.invite_code(text)
    return ("use_invite_code", {"code": code}) if code else ("", {"say": answers.NEED_CODE})


def _survey(text: str) -> Step:
    chosen = slots.choices(text)
    return ("answer_survey", {"choices": chosen}) if chosen else ("whats_on", {})


def _prefer(text: str) -> Step:
    said = slots.preference(text)
    return ("set_preference", dict(said)) if said else ("", {"say": answers.NEED_PREFERENCE})


_ARGUMENTS: dict[str, Callable[[str], Step]] = {
    "claim_cashback": _claim,
    "why_no_cashback": lambda text: ("why_no_cashback", {"order_no": slots.order_number(text)}),
    "claim_points": _claim_points,
    "redeem": _redeem,
    "exchange": lambda text: ("exchange", {"quantity": slots.quantity(text)}),
    "make_wish": _wish,
    "use_invite_code": _invited,
    "answer_survey": _survey,
    "set_preference": _prefer,
    "opt_out": lambda text: ("opt_out", {"topic": slots.topic(text)}),
    "opt_in": lambda text: ("opt_in", {"topic": slots.topic(text)}),
    "hand_over": lambda text: ("hand_over", {"reason": text[:100]}),
    "search_knowledge": lambda text: ("search_knowledge", {"query": text[:300]}),
}
