"""Product albums (商品图册): kept and told, fen as whole numbers, pictures by upload_attachment.

Documented, but for 40058 for a wrong shape, which is guessed.
"""

from __future__ import annotations

from typing import Any

from assistant.wecom.simulator.content import attachments_of
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.paging import int_of, page
from assistant.wecom.simulator.world import ApiError, World

PRICE_MOST = 5_000_000
KEPT = ("description", "price", "product_sn", "attachments")


class Albums:
    """API verbs only."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.products: dict[str, dict[str, Any]] = {}

    def routes(self) -> Routes:
        return {
            "externalcontact/add_product_album": ("contact", self.add),
            "externalcontact/get_product_album": ("contact", self.get),
            "externalcontact/get_product_album_list": ("contact", self.listing),
            "externalcontact/update_product_album": ("contact", self.update),
            "externalcontact/delete_product_album": ("contact", self.delete),
        }

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        product_id = self._world.new_id("prod")
        self.products[product_id] = {"product_id": product_id, "create_time": self._world.seconds(), **self._checked(body)}
        return {"product_id": product_id}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"product": self._known(body)}

    def listing(self, body: dict[str, Any]) -> dict[str, Any]:
        some, cursor = page(self._world, "albums", [*self.products.values()], body, default=50, most=100)
        return {"product_list": some, "next_cursor": cursor}

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        product = self._known(body)
        product.update(self._checked({**product, **{name: body[name] for name in KEPT if name in body}}))
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        del self.products[str(self._known(body)["product_id"])]
        return {}

    def _known(self, body: dict[str, Any]) -> dict[str, Any]:
        product = self.products.get(str(body.get("product_id") or ""))
        if product is None:
            raise ApiError(40058, "invalid product_id")
        return product

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        number, price = str(body.get("product_sn") or ""), int_of(body.get("price"), "price")
        attachments = attachments_of(self._world, body, "attachment2")
        if not 1 <= len(str(body.get("description") or "")) <= 300 or not 1 <= price <= PRICE_MOST:
            raise ApiError(40058, "invalid description or price")
        if (number and not (number.isascii() and number.isalnum() and len(number) <= 128)) or any(
            row["msgtype"] != "image" for row in attachments
        ):
            raise ApiError(40058, "invalid product_sn or attachments")
        return {"description": body["description"], "price": price, "product_sn": number, "attachments": attachments}
