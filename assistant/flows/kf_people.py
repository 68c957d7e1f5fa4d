"""Who is who at 微信客服, asked of WeCom: the accounts we may manage, who receives there, and the names of customers we do not know."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from assistant.base.errors import Invalid, LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import accounts, session
from assistant.channels.message import InboundMessage
from assistant.domain import members
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import WeComClient, calls_kf

ME = system("kf")
NOT_OURS = "这个客服账号没有交给本应用管理，请在企业微信后台“微信客服 → API”里开启"


def handlers(store: Store, client: WeComClient, named: Sequence[str], used: bool) -> dict[str, Handler]:
    """The handlers of kf.accounts and kf.customers; ``named`` are the accounts of the settings, ``used`` whether 微信客服 is set up."""
    desk = _Desk(store, client, tuple(named))

    async def idle(_job: Job) -> None:
        """No 微信客服 here."""

    return {"kf.accounts": desk.accounts if used else idle, "kf.customers": desk.customers if used else idle}


def auth_changed(work: Work, message: InboundMessage) -> None:
    """Accounts were handed to us or taken away: facts at once, names and servicers a moment later."""
    listed = [accounts.Listed(one, "", True) for one in _names(message.raw.get("AuthAddOpenKfId"))]
    listed += [accounts.Listed(one, "", False) for one in _names(message.raw.get("AuthDelOpenKfId"))]
    accounts.keep(work, listed, whole=False)
    work.due(Due("kf.accounts", "changed", work.now, {}, order_key="kf.accounts"))


def _names(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one]


class _Desk:
    def __init__(self, store: Store, client: WeComClient, named: tuple[str, ...]) -> None:
        self._store = store
        self._client = client
        self._named = named

    async def accounts(self, _job: Job) -> None:
        """What WeCom lists is what we know; an account of the settings that is not ours to manage is somebody's to look at."""
        try:
            listed = await calls_kf.account_list(self._client)
        except Transient:
            raise
        except LaoyouError as error:
            await self._store.write(_trouble, [(one, error.say) for one in self._named], ME)
            return
        await self._store.write(_keep, (listed, self._named), ME)
        for one in listed:
            if one.managed:
                await self._servicers(one.id)

    async def _servicers(self, account: str) -> None:
        try:
            found = await calls_kf.servicer_list(self._client, account)
        except Transient:
            raise
        except LaoyouError as error:
            await self._store.write(_trouble, [(account, error.say)], ME)
            return
        await self._store.write(_set_receiving, (account, found), ME)

    async def customers(self, _job: Job) -> None:
        """A hundred at a time, each hundred a commit of its own, so that a run goes on where the last one ended."""
        while True:
            peers: list[str] = await self._store.read(session.nameless, calls_kf.CUSTOMERS)
            if not peers:
                return
            try:
                told = await calls_kf.customer_batchget(self._client, peers)
            except Transient:
                raise
            except LaoyouError:
                told = []
            await self._store.write(_name, (peers, told), ME)


def _name(work: Work, told: tuple[list[str], list[dict[str, Any]]]) -> None:
    """Writes names where we had none, and unionids as evidence of who somebody is."""
    peers, rows = told
    ids = _met(work, peers)
    profiles = members.profiles(work, sorted(set(ids.values())))
    known = []
    for row in rows:
        peer, nickname, unionid = (str(row.get(key) or "").strip() for key in ("external_userid", "nickname", "unionid"))
        if peer not in ids:
            continue
        known.append(peer)
        member_id = ids[peer]
        if nickname and not profiles[member_id].nickname:
            with contextlib.suppress(Invalid):  # A name that no profile takes is no name.
                members.update(work, [members.Update(f"kfname:{peer}:{member_id}", member_id, {"nickname": nickname[:60]})])
        if unionid:
            identity = members.Identity("unionid", unionid)
            members.bind(work, [members.Bind(f"kfunion:{peer}:{unionid}:{member_id}", member_id, identity, source="wecom_kf")])
    session.note_asked(work, peers, known)


def _met(work: Work, peers: list[str]) -> dict[str, str]:
    """Who these customers are; one whose first turn is still to come is met now, as that turn would."""
    identities = {peer: members.Identity("wecom_external", peer) for peer in peers}
    found = members.resolve(work, list(identities.values()))
    strangers = [peer for peer, identity in identities.items() if identity not in found]
    new = [members.Register(f"met:{peer}", "", (identities[peer],), members.Profile(joined_at=work.now)) for peer in strangers]
    made = members.register(work, new) if new else []
    return {identity.value: member_id for identity, member_id in found.items()} | {
        peer: one.member_id for peer, one in zip(strangers, made, strict=True)
    }


def _keep(work: Work, told: tuple[list[accounts.Listed], tuple[str, ...]]) -> None:
    listed, named = told
    accounts.keep(work, listed, whole=True)
    ours = {one.id for one in listed if one.managed}
    for account in named:
        if account not in ours:
            accounts.note_trouble(work, account, NOT_OURS)


def _trouble(work: Work, told: list[tuple[str, str]]) -> None:
    for account, say in told:
        accounts.note_trouble(work, account, say)


def _set_receiving(work: Work, told: tuple[str, list[accounts.Receives]]) -> None:
    accounts.set_receiving(work, *told)
