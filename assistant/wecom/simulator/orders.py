"""Shops that send order notices: whole lives of orders with the trouble platforms make, resent with growing gaps until acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from assistant.wecom.simulator.callbacks import Attempt, Callbacks
from assistant.wecom.simulator.shop_words import PROBE, UNKNOWN, ShopKeys, ShopOrder, Telling, Word, acknowledged, has_word, said
from assistant.wecom.simulator.world import SimulatorError, World

FIRST_NUMBER = 4_800_000_000_000_000_000


class Step(NamedTuple):
    """One word of a life. ``same_id`` uses the msg_id of the word before; ``share`` is what part of the money goes back, in percent."""

    step: str
    copies: int = 1
    same_id: bool = False
    share: int = 100
    forged: bool = False


LIVES: Mapping[str, tuple[Step, ...]] = {
    "smooth": (Step("created"), Step("paid"), Step("shipped"), Step("finished")),
    "duplicates": (Step("created", 2), Step("paid", 3), Step("finished", 2)),
    "refund_before_paid": (Step("refunded", share=40), Step("created"), Step("paid")),
    "paid_before_created": (Step("paid"), Step("created")),
    "same_msg_id_twice": (Step("paid"), Step("paid", same_id=True)),
    "one_msg_id_two_facts": (Step("created"), Step("paid", same_id=True)),
    "two_msg_ids_one_fact": (Step("paid"), Step("paid")),
    "partial_refund": (Step("created"), Step("paid"), Step("refund_applied", share=30), Step("refunded", share=30), Step("finished")),
    "refund_after_finish": (Step("created"), Step("paid"), Step("shipped"), Step("finished"), Step("refunded")),
    "use_cancelled": (Step("paid"), Step("finished"), Step("use_cancelled")),
    "unknown_tag": (Step("paid"), Step(UNKNOWN)),
    "wrong_signature": (Step("paid", forged=True),),
    "probe": (Step(PROBE),),
}
"""What an order goes through and how its shop tells it. Words a platform does not have are left out."""


@dataclass
class ShopDelivery:
    """One notice on its way: ``acknowledged`` ends it, ``lost`` means that the last try has failed too."""

    word: Word
    attempts: list[Attempt] = field(default_factory=list)
    acknowledged: bool = False
    lost: bool = False

    def to_json(self) -> dict[str, Any]:
        status = self.attempts[-1].status if self.attempts else 0
        named = {"shop": self.word.shop, "step": self.word.step, "msg_id": self.word.msg_id}
        return {**named, "attempts": len(self.attempts), "status": status, "acknowledged": self.acknowledged, "lost": self.lost}


class Shops:
    """``sent`` keeps every notice; without keys for a platform its verbs raise SimulatorError."""

    def __init__(self, keys: Mapping[str, ShopKeys], world: World, callbacks: Callbacks) -> None:
        self._keys = keys
        self._world = world
        self._callbacks = callbacks
        self.sent: list[ShopDelivery] = []
        self.orders: dict[int, tuple[str, ShopOrder]] = {}

    def new_order(self, shop: str, paid_fen: int = 19900, buyer: str = "", title: str = "棉质睡衣") -> ShopOrder:
        """An order that its shop has not spoken of yet."""
        if paid_fen < 0:
            raise SimulatorError("订单金额不能是负的")
        number = FIRST_NUMBER + self._world.new_number() * 10 % 10**18
        order = ShopOrder(number, paid_fen, buyer or self._world.new_id("buyer"), self._world.seconds(), title)
        self.orders[number] = (shop, order)
        return order

    async def play(self, shop: str, life: str = "smooth", order: ShopOrder | None = None, *, form: str = "") -> list[ShopDelivery]:
        """A whole life in its order; answers when each word has been acknowledged or lost."""
        if life not in LIVES:
            raise SimulatorError(f"没有订单经历 {life}，只有 {'、'.join(LIVES)}")
        order, done, msg_id = order or self.new_order(shop), list[ShopDelivery](), ""
        for step in LIVES[life]:
            if not has_word(shop, step.step):
                continue
            msg_id = msg_id if step.same_id and msg_id else self._world.new_id("notice")
            done += await self.tell(shop, order, step, msg_id=msg_id, form=form)
        return done

    async def tell(self, shop: str, order: ShopOrder, step: Step, *, msg_id: str = "", form: str = "") -> list[ShopDelivery]:
        """One word about an order, in as many copies at once as the step says."""
        if shop not in self._keys:
            raise SimulatorError(f"没有配置店铺平台 {shop}，已配置 {'、'.join(self._keys) or '（没有）'}")
        telling = Telling(
            step.step, msg_id or self._world.new_id("notice"), self._world.seconds(), order.paid_fen * step.share // 100, form
        )
        word = said(shop, self._keys[shop], order, telling)
        if step.forged:
            word = replace(word, body=word.body.replace(b"}", b" }", 1))
        tries = 0 if step.forged else self._world.knobs.shop_retries
        return list(await asyncio.gather(*(self._persist(ShopDelivery(word), tries) for _ in range(step.copies))))

    async def _persist(self, delivery: ShopDelivery, retries: int) -> ShopDelivery:
        knobs, word = self._world.knobs, delivery.word
        self.sent.append(delivery)
        for number in range(1 + retries):
            if number:
                await asyncio.sleep(knobs.shop_retry_gap_seconds * knobs.shop_retry_growth ** (number - 1))
            attempt = await self._callbacks.exchange(word.path, {}, word.body, word.headers, knobs.shop_ack_seconds)
            delivery.attempts.append(attempt)
            if acknowledged(word, attempt.status, attempt.reply):
                delivery.acknowledged = True
                return delivery
        delivery.lost = True
        return delivery
