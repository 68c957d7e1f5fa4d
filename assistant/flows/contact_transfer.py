"""Customers passed from one staff member to another: asked for by a person with the right, a hundred a call, polled to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant import access
from assistant.base.errors import LaoyouError, Transient
from assistant.domain import contacts
from assistant.domain.contacts import AskedTransfer, AskTransfer, Transfer, TransferTurn
from assistant.flows import contact_people as people
from assistant.flows.contact_look import ME
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import Unknown, WeComClient, calls_contact
from assistant.wecom.calls import every

SEND, POLL = "transfer.send", "transfer.poll"
POLL_EVERY = timedelta(hours=4)
GIVE_UP = timedelta(days=7)
REFUSALS = {
    40096: "不是原跟进人的客户",
    40097: "原跟进人没有离职，请用在职转接",
    40098: "接替人没有实名",
    40099: "接替人的客户已满",
    40100: "客户已在转接中",
    40128: "这位客户 90 天内已转接过两次，暂时不能再转",
    40129: "客户已在转接中",
    40130: "离职超过一年，不能再转接",
    40131: "接替人不能是原跟进人，或没有客户联系权限",
    40205: "接替人一年没有登录，不能接替",
}
"""What the error codes of one customer mean for the person who asked."""
STATUS = {1: "done", 2: "waiting", 3: "refused", 4: "limit"}

Stage = Callable[[str], None]
Route = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one call."""

    route: Route
    turns: Sequence[TransferTurn]


def ask(work: Work, request: AskTransfer) -> AskedTransfer:
    """Puts customers on their way; WeCom is told by a job."""
    access.require(work.principal, access.Permission.CONTACT_TRANSFER)
    done = contacts.ask_transfer(work, [request])[0]
    work.due(_due(SEND, (request.handover, request.takeover, request.resigned), work.now))
    return done


def _due(kind: str, route: Route, at: datetime) -> Due:
    handover, takeover, resigned = route
    key = f"{handover}:{takeover}:{'left' if resigned else 'here'}"
    payload = {"handover": handover, "takeover": takeover, "resigned": resigned}
    return Due(kind, key, at, payload, order_key=f"transfer:{key}")


def settle(work: Work, sent: Sent) -> None:
    """Writes what became of a call or a look; who takes over looks after those who are done."""
    for one in contacts.turn_transfers(work, sent.turns):
        if one.state == "done":
            ended = contacts.end(work, [(one.handover, one.external)], "transfer")
            people.pass_on(work, [(one.member_id, one.handover) for _each in ended or (one,)], heir=one.takeover)
    handover, takeover, resigned = sent.route
    left = [one for one in contacts.under_way(work, handover) if (one.takeover, one.resigned) == (takeover, resigned)]
    if any(one.state == "asked" for one in left):
        work.due(_due(SEND, sent.route, work.now))
    elif any(work.now - one.at < GIVE_UP for one in left):
        oldest = min(one.at for one in left)
        done_at = oldest + contacts.COMPLETES_AFTER
        work.due(_due(POLL, sent.route, done_at if done_at > work.now else work.now + POLL_EVERY))


class TransferDesk:
    """The handlers of transfers, by route."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    def handlers(self) -> dict[str, Handler]:
        return {SEND: self.send, POLL: self.poll}

    async def send(self, job: Job) -> None:
        """The next hundred of a route."""
        route = _route(job)
        taken: list[Transfer] = await self._store.write(contacts.claim_transfers, route, ME)
        turns: list[TransferTurn] = []
        if taken:
            try:
                told = await calls_contact.transfer_customer(
                    self._client, *route[:2], [one.external for one in taken], resigned=route[2], message=taken[0].message
                )
                turns = [_accepted(one, told.get(one.external)) for one in taken]
            except Unknown as error:
                turns = [TransferTurn(one.id, "unknown", error.say) for one in taken]
            except Transient:
                await self._store.write(contacts.turn_transfers, [TransferTurn(one.id, "asked") for one in taken], ME)
                raise
            except LaoyouError as error:
                say = REFUSALS.get(error.detail.get("errcode", 0), error.say)
                turns = [TransferTurn(one.id, "failed", say) for one in taken]
        self._stage("transfer.sent")
        await self._store.write(settle, Sent(route, turns), ME, cause=f"transfer:{job.key}")

    async def poll(self, job: Job) -> None:
        """What WeCom says of a route; those of which nobody knew whether they were begun are among them if they were."""
        route = _route(job)
        under_way = await self._store.read(lambda view: contacts.under_way(view, route[0]))
        mine = {one.external: one for one in under_way if (one.takeover, one.resigned) == route[1:] and one.state != "asked"}
        turns = []
        told = every(lambda cursor: calls_contact.transfer_result(self._client, *route[:2], cursor, resigned=route[2]))
        async for row in told:
            one, state = mine.get(str(row.get("external_userid"))), STATUS.get(int(row.get("status") or 0))
            if one is not None and state is not None and state != one.state:
                turns.append(TransferTurn(one.id, state))
        for start in range(0, max(len(turns), 1), 100):
            await self._store.write(settle, Sent(route, turns[start : start + 100]), ME, cause=f"transfer:{job.key}")


def _accepted(one: Transfer, errcode: int | None) -> TransferTurn:
    if errcode is None:
        return TransferTurn(one.id, "unknown", "企业微信没有提到这位客户")
    if errcode == 0:
        return TransferTurn(one.id, "waiting")
    return TransferTurn(one.id, "failed", REFUSALS.get(errcode, f"企业微信不接受（错误码 {errcode}）"))


def _route(job: Job) -> Route:
    return str(job.payload["handover"]), str(job.payload["takeover"]), bool(job.payload["resigned"])
