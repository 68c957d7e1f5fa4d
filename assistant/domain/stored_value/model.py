"""Stored value as values and pure rules: what a top-up brings, what a spend takes, what a refund pays back. Whole fen throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from assistant.base.errors import Invalid
from assistant.base.money import MOST, apportion
from assistant.domain.ledger import Account

PRINCIPAL, BONUS = "stored_principal", "stored_bonus"
ASSETS = (PRINCIPAL, BONUS)
_CLOSED = ConfigDict(extra="forbid")


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Step:
    """Who pays ``pay_fen`` or more at once gets ``bonus_fen`` on top; the highest step that is reached counts, once."""

    pay_fen: Annotated[StrictInt, Field(ge=1, le=MOST)]
    bonus_fen: Annotated[StrictInt, Field(ge=0, le=MOST)]


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Rules:
    """``spend``: bonus in ``proportion`` to principal (a refund is then fair at any time), or ``principal_first``.

    ``most_fen`` is what a member may hold at most; 5,000 yuan is the limit of a prepaid card with a name.
    """

    steps: Annotated[tuple[Step, ...], Field(max_length=20)] = ()
    spend: Literal["proportion", "principal_first"] = "proportion"
    most_fen: Annotated[StrictInt, Field(ge=1, le=MOST)] = 500_000

    def bonus_on(self, pay_fen: int) -> int:
        return max((step.bonus_fen for step in self.steps if pay_fen >= step.pay_fen), default=0)


DEFAULT_RULES = Rules()
_RULES: TypeAdapter[Rules] = TypeAdapter(Rules)


def rules_from(data: Any) -> Rules:
    """Rules from plain data; Invalid names the place that is wrong."""
    try:
        made = _RULES.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "整体"
        raise Invalid(f"储值规则的“{where}”写得不对，请按说明改好再保存", code="bad_rules", where=where) from None
    paid = [step.pay_fen for step in made.steps]
    gained = [step.bonus_fen for step in made.steps]
    if len(set(paid)) != len(paid) or paid != sorted(paid) or gained != sorted(gained):
        raise Invalid("储值档位要从低到高写，充得多赠得不能更少", code="bad_rules", where="steps")
    if any(step.bonus_fen > step.pay_fen for step in made.steps):
        raise Invalid("赠送金额不能超过充值金额", code="bad_rules", where="steps")
    return made


def rules_to(rules: Rules) -> dict[str, Any]:
    """Plain data that ``rules_from`` reads back."""
    return asdict(rules)


@dataclass(frozen=True, slots=True)
class SetRules:
    """A new version of the rules in place of version ``seen``."""

    key: str
    seen: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RulesSet:
    """The version that holds from now on."""

    version: int


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money that was paid in elsewhere; ``payment`` names it, once for ever. ``bonus_fen`` None: by the rules."""

    key: str
    member_id: str
    pay_fen: int
    payment: str
    bonus_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """Pays for an order; ``order`` names it, once for ever."""

    key: str
    member_id: str
    amount_fen: int
    order: str


@dataclass(frozen=True, slots=True)
class Return:
    """Gives back what an order paid with stored value, in whole or in part, as it was taken."""

    key: str
    order: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Pays back principal of one top-up that is still there; None: all of it."""

    key: str
    payment: str
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved and what the member holds afterwards."""

    principal_fen: int
    bonus_fen: int
    principal_left_fen: int
    bonus_left_fen: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What was paid in and is still there, and the bonus."""

    principal_fen: int = 0
    bonus_fen: int = 0

    @property
    def total_fen(self) -> int:
        return self.principal_fen + self.bonus_fen


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a member's history; amounts are signed."""

    at: datetime
    kind: str
    principal_fen: int
    bonus_fen: int
    reference: str


@dataclass(slots=True)
class Lot:
    """One top-up and what is left of it. ``refunded`` principal was paid back, ``lapsed`` bonus fell away with it."""

    id: str
    member_id: str
    payment: str
    at: datetime
    principal: int
    bonus: int
    principal_left: int
    bonus_left: int
    refunded: int = 0
    lapsed: int = 0
    version: int = 0


@dataclass(slots=True)
class Part:
    """What a spend took of one top-up, and how much of that came back."""

    lot_id: str
    principal: int
    bonus: int
    principal_back: int = 0
    bonus_back: int = 0


def take(lots: Sequence[Lot], amount: int, how: str) -> list[Part]:
    """Takes from the oldest top-up first; the lots must hold enough. Every part is exact, all parts sum to ``amount``."""
    parts = {lot.id: Part(lot.id, 0, 0) for lot in lots}
    if how == "proportion":
        for lot in lots:
            now = min(amount, lot.principal_left + lot.bonus_left)
            if now:
                _draw(lot, parts[lot.id], *apportion(now, [lot.principal_left, lot.bonus_left]))
            amount -= now
    else:
        for lot in lots:
            now = min(amount, lot.principal_left)
            _draw(lot, parts[lot.id], now, 0)
            amount -= now
        for lot in lots:
            now = min(amount, lot.bonus_left)
            _draw(lot, parts[lot.id], 0, now)
            amount -= now
    return [part for part in parts.values() if part.principal or part.bonus]


def _draw(lot: Lot, part: Part, principal: int, bonus: int) -> None:
    lot.principal_left -= principal
    lot.bonus_left -= bonus
    part.principal += principal
    part.bonus += bonus


def give_back(parts: Sequence[Part], lots: Mapping[str, Lot], amount: int) -> tuple[int, int]:
    """Returns to the same top-ups what is not back yet, in proportion; the parts must lack enough."""
    lacking = [missing for part in parts for missing in (part.principal - part.principal_back, part.bonus - part.bonus_back)]
    back = apportion(amount, lacking)
    for part, principal, bonus in zip(parts, back[::2], back[1::2], strict=True):
        part.principal_back += principal
        part.bonus_back += bonus
        lots[part.lot_id].principal_left += principal
        lots[part.lot_id].bonus_left += bonus
    return sum(back[::2]), sum(back[1::2])


def pay_back(lot: Lot, amount: int) -> int:
    """Takes principal out of a top-up to be paid back; returns the bonus that falls away in proportion, rounded up."""
    stays = lot.bonus_left * (lot.principal_left - amount) // lot.principal_left
    lapsed = lot.bonus_left - stays
    lot.principal_left -= amount
    lot.refunded += amount
    lot.bonus_left -= lapsed
    lot.lapsed += lapsed
    return lapsed


def account(member_id: str, asset: str) -> Account:
    return Account(f"member:{member_id}", asset)


def brand(asset: str) -> Account:
    return Account("brand", asset)
