"""Control verbs of the shops that send order notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes
from assistant.wecom.simulator.orders import LIVES, Step
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {("GET", "/orders"): _orders, ("POST", "/orders"): _play, ("POST", "/orders/{number}"): _tell}


async def _orders(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    shops = simulator.shops
    known = [
        {"number": str(number), "shop": shop, "paid_fen": order.paid_fen, "buyer": order.buyer}
        for number, (shop, order) in shops.orders.items()
    ]
    return {"lives": list(LIVES), "orders": known, "sent": [each.to_json() for each in shops.sent]}


async def _play(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """A new order that goes through a life (``life`` of the table)."""
    shops, shop = simulator.shops, asked.text("shop")
    order = shops.new_order(shop, int(asked.number("paid_fen", 19900)), asked.text("buyer", ""), asked.text("title", "棉质睡衣"))
    told = await shops.play(shop, asked.text("life", "smooth"), order, form=asked.text("form", ""))
    return {"number": str(order.number), "notices": [each.to_json() for each in told]}


async def _tell(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """One more word about a known order: ``step`` such as finished or refunded, ``share`` percent of the money."""
    number = asked.path["number"]
    known = simulator.shops.orders.get(int(number)) if number.isdecimal() and len(number) < 20 else None
    if known is None:
        raise SimulatorError(f"没有订单 {number}")
    step = Step(asked.text("step"), max(1, int(asked.number("copies", 1))), share=int(asked.number("share", 100)))
    told = await simulator.shops.tell(*known, step, msg_id=asked.text("msg_id", ""), form=asked.text("form", ""))
    return {"number": number, "notices": [each.to_json() for each in told]}
