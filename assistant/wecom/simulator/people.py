"""What customers and employees do in customer contact, as verbs of the simulator; most answer once the service has been told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.corp import App
from assistant.wecom.simulator.customercontact import CustomerContact
from assistant.wecom.simulator.tokens import Tokens, add_app
from assistant.wecom.simulator.world import World


class ContactPeople:
    """A base of ``Simulator``; everything impossible raises SimulatorError with one Chinese sentence."""

    world: World
    tokens: Tokens
    customer_contact: CustomerContact

    # Friendships.

    async def customer_half_adds(self, external_userid: str, userid: str, state: str = "") -> list[Delivery]:
        """A customer adds a member who needs no verification and has not confirmed yet."""
        return await self.customer_contact.contacts.half_adds(external_userid, userid, state)

    async def staff_confirms_friend(self, userid: str, external_userid: str) -> list[Delivery]:
        return await self.customer_contact.contacts.confirms(userid, external_userid)

    async def staff_edits(self, userid: str, external_userid: str, **changes: Any) -> list[Delivery]:
        """In the client: remark, description, remark_company, remark_mobiles, add_tags, remove_tags."""
        return await self.customer_contact.contacts.edits(userid, external_userid, **changes)

    async def customer_agrees(self, external_userid: str, userid: str) -> list[Delivery]:
        """To the archive of what they write to this employee: msg_audit_approved."""
        return await self.customer_contact.contacts.agrees(external_userid, userid)

    def staff_chats(self, userid: str, external_userid: str, text: str) -> str:
        """In private: sent, warned, or stopped by a rule of sensitive words. No callback tells it."""
        return self.customer_contact.staff_chats(userid, external_userid, text)

    def customer_chats(self, external_userid: str, userid: str, text: str) -> None:
        """In private, to an employee. No callback tells it."""
        self.customer_contact.customer_chats(external_userid, userid, text)

    async def customer_scans(self, external_userid: str, code: str) -> list[Delivery]:
        """The code of a contact way or of a way into a group, by its config_id."""
        if code in self.customer_contact.join_ways.ways:
            return await self.customer_contact.join_ways.scans(external_userid, code)
        return await self.customer_contact.ways.scans(external_userid, code)

    async def customer_opens(self, external_userid: str, link_id: str, channel: str = "") -> list[Delivery]:
        """An acquisition link; ``channel`` comes back as State."""
        return await self.customer_contact.ways.opens(external_userid, link_id, channel)

    async def staff_accepts(self, userid: str, external_userid: str) -> list[Delivery]:
        """Lets a customer in who scanned a code that needs verification."""
        return await self.customer_contact.ways.accepts(userid, external_userid)

    # Groups.

    async def group_created(self, owner: str, chatid: str, name: str, members: Sequence[str] = ()) -> list[Delivery]:
        return await self.customer_contact.groups.creates(owner, chatid, name, members)

    async def group_joined(self, chatid: str, people: Sequence[str], *, scene: int = 3, invitor: str = "") -> list[Delivery]:
        """Some come in together; ``scene`` 1 invited, 2 invite link, 3 QR code."""
        return await self.customer_contact.groups.joins(chatid, people, scene=scene, invitor=invitor)

    async def group_left(self, chatid: str, people: Sequence[str], *, removed: bool = False) -> list[Delivery]:
        return await self.customer_contact.groups.leaves(chatid, people, removed=removed)

    async def group_renamed(self, chatid: str, name: str) -> list[Delivery]:
        return await self.customer_contact.groups.renames(chatid, name)

    async def group_announced(self, chatid: str, notice: str) -> list[Delivery]:
        return await self.customer_contact.groups.announces(chatid, notice)

    async def group_handed_over(self, chatid: str, owner: str) -> list[Delivery]:
        return await self.customer_contact.groups.hands_over(chatid, owner)

    async def group_dismissed(self, chatid: str) -> list[Delivery]:
        return await self.customer_contact.groups.dismisses(chatid)

    def group_says(self, chatid: str, who: str, text: str) -> None:
        """Somebody speaks in a customer group; no callback tells it."""
        self.customer_contact.group_says(chatid, who, text)

    # Employees.

    def staff_leaves(self, userid: str) -> None:
        """Resigns: customers and groups wait to be assigned, and nothing tells the service."""
        self.customer_contact.transfers.leaves(userid)

    def transfer_refused(self, external_userid: str, takeover: str) -> None:
        """The customer refuses to be handed to ``takeover``: transfer_fail."""
        self.customer_contact.transfers.refuses(external_userid, takeover)

    def transfer_accepted(self, external_userid: str, takeover: str) -> None:
        """The customer agrees before the 24 hours are over."""
        self.customer_contact.transfers.accepts(external_userid, takeover)

    def moment_published(self, userid: str, moment_id: str) -> int:
        """The employee publishes a moment; answers how many customers see it."""
        return self.customer_contact.moments.publishes(userid, moment_id)

    def staff_sends(self, userid: str, text: str, customers: Iterable[str]) -> dict[str, int]:
        """A personal 群发 from the client; it counts in the customers' allowance."""
        return self.customer_contact.mass.personal(userid, text, customers)

    # The admin.

    async def admin_makes_tags(self, group_name: str, names: Sequence[str]) -> list[Delivery]:
        return await self.customer_contact.tags.admin_makes(group_name, [*names])

    async def admin_renames_tag(self, which: str, name: str) -> list[Delivery]:
        """A tag or a group of tags."""
        return await self.customer_contact.tags.admin_renames(which, name)

    async def admin_deletes_tag(self, which: str) -> list[Delivery]:
        """A tag, or a group with its tags (of which nothing is told)."""
        return await self.customer_contact.tags.admin_deletes(which)

    async def admin_shuffles_tags(self, group_id: str = "") -> list[Delivery]:
        return await self.customer_contact.tags.admin_shuffles(group_id)

    def admin_adds_app(self, app: App) -> App:
        """Another self-built app, with rights and a visible range of its own."""
        return add_app(self.world, app)

    def admin_trusts(self, app: str, addresses: Iterable[str] | None) -> None:
        """Changes an app's list of trusted IP addresses; it takes effect a minute later."""
        self.tokens.trust(app, None if addresses is None else frozenset(addresses))
