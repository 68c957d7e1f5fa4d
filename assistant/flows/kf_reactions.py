"""What follows from 微信客服's facts: tasks with ready text, and sessions that end where they are given back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from assistant.base.ids import derive
from assistant.channels import outbox, session
from assistant.channels.message import Address
from assistant.domain import staff
from assistant.flows.kf_welcome import PREFIX
from assistant.store import Due, Work


def end_session(work: Work, conversation: str, by: str, at: datetime) -> None:
    """Given back by a person in the console at this time while the session is with people: it is to end. What followed the client is left
    alone."""
    current = session.get(work, conversation)
    if by or current is None or not current.held:
        return
    address = Address(session.CHANNEL, current.account, current.peer)
    work.due(Due("kf.end", conversation, work.now, {"address": asdict(address), "at": at.isoformat()}, order_key=conversation))


def task_for_waiting(work: Work, row_id: str) -> None:
    """A task with the text ready; done, the text is not said a second time."""
    row = outbox.get(work, row_id)
    if row is None or row.state != "waiting":
        return
    staff.open_ticket(
        work,
        [
            staff.OpenTicket(
                _task(row_id),
                kind="task",
                member_id=row.message.member_id,
                conversation=row.message.address.conversation,
                title="客服消息此刻发不出去，请换个方式告诉客户",
                summary=f"{row.reason}。客户再次来信时会自动发出；您已经告诉客户的话，请点“处理好了”，就不会再发。",
                ready_text=row.message.text,
            )
        ],
    )


def forget_waiting(work: Work, ticket_id: str) -> None:
    """The task is done: what waited for the customer to write again is cancelled."""
    ticket = staff.ticket(work, ticket_id)
    if ticket is None or ticket.kind != "task" or not ticket.conversation:
        return
    for row in outbox.waiting(work, ticket.conversation):
        if derive("ticket", _task(row.id)) == ticket_id:
            outbox.cancel_waiting(work, row.id, "同事已经告诉客户")


def welcomed(work: Work, row_id: str) -> Address | None:
    """Where this row of the outbox was a welcome, else None."""
    row = outbox.get(work, row_id)
    return row.message.address if row is not None and row.message.key.startswith(PREFIX) else None


def _task(row_id: str) -> str:
    return f"waiting:{row_id}"
