"""The reads about people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from assistant.domain.members import store
from assistant.domain.members.model import CustomerGroup, Identity, Member
from assistant.store import View


def find(view: View, ref: str) -> str | None:
    """The member whom our id, the shop's own key or ``namespace:value`` names; for one who was merged, whom it was merged into."""
    return find_all(view, [ref]).get(ref)


def find_all(view: View, refs: Iterable[str]) -> dict[str, str]:
    """Reference → member id; unknown references are left out."""
    wanted = list(dict.fromkeys(refs))
    ours = store.standing_for(view, wanted)
    candidates = {ref: [Identity("shop", ref), *_pairs(ref)] for ref in wanted if ref not in ours}
    owners = store.owners(view, {item for items in candidates.values() for item in items})
    found = dict(ours)
    for ref, items in candidates.items():
        for item in items:
            if item in owners:
                found[ref] = owners[item]
                break
    return found


def _pairs(ref: str) -> list[Identity]:
    """All ways to read ``namespace:value``, since either side may hold a colon."""
    parts = ref.split(":")
    return [Identity(":".join(parts[:n]), ":".join(parts[n:])) for n in range(1, len(parts))]


def resolve(view: View, identities: Iterable[Identity]) -> dict[Identity, str]:
    """Identity → member id; unknown identities are left out."""
    return store.owners(view, set(identities))


def profiles(view: View, ids: Iterable[str]) -> dict[str, Member]:
    """Members by id; unknown ids are left out."""
    return store.members_of(view, set(ids))


def nicknames(view: View, ids: Iterable[str]) -> dict[str, str]:
    """What members are called, by id; unknown ids are left out."""
    return store.nicknames_of(view, set(ids))


def search(view: View, text: str, after: str = "", limit: int = 50) -> list[Member]:
    """Members by a part of the nickname, the first or last digits of the phone, the shop key, an identity or our id, in order of id."""
    ids = store.search_ids(view, text.strip(), after, limit)
    found = store.members_of(view, ids)
    return [found[number] for number in ids]


def identities(view: View, ids: Iterable[str]) -> dict[str, list[Identity]]:
    """The identities of each member; the shop's own key is namespace ``shop``."""
    return store.identities_of(view, sorted(set(ids)))


def with_identity(view: View, namespace: str) -> list[tuple[str, str, str]]:
    """(value, nickname, owner staff) of every identity of this namespace."""
    return store.with_namespace(view, namespace)


def groups(view: View) -> list[CustomerGroup]:
    """All customer groups that are not dismissed, with the members inside."""
    return store.groups_of(view)


def group_list(view: View) -> list[CustomerGroup]:
    """As ``groups``, without who is inside, by their ids."""
    return store.group_list(view)


def choose_groups(
    view: View, chats: Collection[str] = (), owners: Collection[str] = (), names: Collection[str] = (), personas: Collection[str] = ()
) -> list[CustomerGroup]:
    """The groups that fit each list that is given, by their ids; ``names`` are parts of names."""
    return [
        one
        for one in group_list(view)
        if (not chats or one.chatid in chats)
        and (not owners or one.owner in owners)
        and (not personas or one.persona in personas)
        and (not names or any(part in one.name for part in names))
    ]


def inside_groups(view: View, chats: Sequence[str]) -> int:
    """How many members are in at least one of these groups."""
    return store.inside_groups(view, chats)


def group_name(view: View, chatid: str) -> str:
    """What a customer group is called; empty for one nobody has told us about."""
    return store.group_name(view, chatid)


def count(view: View) -> int:
    """How many members there are."""
    return store.total(view)
