"""Customer service (微信客服) as its customers and servicers have it; the API verbs stand in kfaccounts, kfsending and kfpulling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from assistant.wecom.simulator.callbacks import Callbacks, Delivery, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes, Upload, Verb
from assistant.wecom.simulator.kfaccount import WINDOW, Account, Session
from assistant.wecom.simulator.kfaccounts import Accounts
from assistant.wecom.simulator.kfpulling import Pulling
from assistant.wecom.simulator.kfsending import Sending
from assistant.wecom.simulator.media import MEGABYTE, keep
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World

JUST_NOW = timedelta(seconds=20)
PULLED_MOST = {"image": 2 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
_MEDIA = ("image", "voice", "video", "file")


class Kf:
    """Human verbs are coroutines that wake the service; ``account`` is an open_kfid, empty for the account of the configuration."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._corp_id = config.corp_id
        self._world = world
        self._callbacks = callbacks
        self.accounts = Accounts(world, config.kf.open_kfid)
        self.pulling = Pulling(world)
        self.sending = Sending(world, self._failed)

    def routes(self) -> Routes:
        accounts, pulling, sending = self.accounts, self.pulling, self.sending

        def on_account(verb: Callable[[Account, dict[str, Any]], dict[str, Any]]) -> Verb:
            return lambda body: verb(accounts.of(body), body)

        verbs: dict[str, Verb] = {
            "kf/sync_msg": on_account(pulling.sync),
            "kf/send_msg": on_account(sending.send),
            "kf/send_msg_on_event": lambda body: sending.send_on_event(self._giver_of(str(body.get("code", ""))), body),
            "kf/service_state/get": accounts.state_get,
            "kf/service_state/trans": accounts.state_trans,
            "kf/customer/batchget": accounts.batchget,
            "kf/account/list": accounts.list,
            "kf/account/add": accounts.create,
            "kf/account/update": accounts.update,
            "kf/account/del": accounts.delete,
            "kf/add_contact_way": accounts.add_contact_way,
            "GET kf/servicer/list": accounts.servicers,
            "kf/servicer/add": accounts.add_servicers,
            "kf/servicer/del": accounts.delete_servicers,
        }
        return {path: ("kf", verb) for path, verb in verbs.items()}

    def session(self, external_userid: str, account: str = "") -> Session:
        """The session, closed if it lay idle for 48 h."""
        return self.accounts.the(account).session(external_userid)

    # What customers do.

    async def customer_says(
        self,
        external_userid: str,
        text: str,
        *,
        kind: str = "text",
        menu_id: str = "",
        account: str = "",
        body: dict[str, Any] | None = None,
    ) -> list[Delivery]:
        """A message of any kind: text, media with ``text`` as its media_id, or ``body`` as it will be pulled; in state 4 it begins anew."""
        customer, place, now = self._world.the_customer(external_userid), self.accounts.the(account), self._world.now()
        session = place.session(external_userid)
        session.last_said, session.sent = now, 0
        if session.state == 4:
            session.state, session.servicer = 0, ""
        content = dict(body) if body is not None else self._content(kind, text)
        if menu_id:
            content["menu_id"] = menu_id
        msgid = self._world.new_id("kfmsg")
        customer.phone.append(PhoneMessage(now, external_userid, text, "kf", kind, msgid, body=dict(body or {})))
        place.note(3, {"msgid": msgid, "open_kfid": place.open_kfid, "external_userid": external_userid, "msgtype": kind, kind: content})
        return await self.wake(place)

    async def customer_shows(
        self, external_userid: str, kind: Literal["image", "voice", "video", "file"], file: Upload, *, account: str = ""
    ) -> list[Delivery]:
        """A picture, voice, video or file that media/get hands out for three days; one too large arrives as words."""
        if len(file.content) > PULLED_MOST[kind]:
            return await self.customer_says(external_userid, f"[{kind} 文件过大，请在客户端查看]", account=account)
        media = keep(self._world, kind, "people", file)
        return await self.customer_says(external_userid, media.media_id, kind=kind, account=account)

    async def customer_enters(
        self, external_userid: str, scene: str = "", scene_param: str = "", *, url: str = "", account: str = ""
    ) -> list[Delivery]:
        """Opens the chat by a link (``url`` of add_contact_way): enter_session, with welcome_code for who never wrote."""
        self._world.the_customer(external_userid)
        place = self.accounts.the(account)
        if url:
            place, scene, scene_param = self.accounts.by_link(url)
        session, now = place.session(external_userid), self._world.now()
        session.entered = {"scene": scene, "scene_param": scene_param}
        event: dict[str, Any] = {"external_userid": external_userid, **session.entered}
        if session.last_said is None and (session.welcomed is None or now - session.welcomed > WINDOW):
            event["welcome_code"] = place.code(external_userid, JUST_NOW, None, True)
        place.event("enter_session", event)
        return await self.wake(place)

    async def customer_recalls(self, external_userid: str, msgid: str) -> list[Delivery]:
        place = self._recalled(external_userid, msgid, external_userid)
        place.event("user_recall_msg", {"external_userid": external_userid, "recall_msgid": msgid})
        return await self.wake(place)

    def customer_refuses(self, external_userid: str, refuses: bool = True) -> None:
        """Messages to this customer are accepted and then fail with fail_type 10."""
        self._world.the_customer(external_userid)
        if refuses:
            self.sending.refusing.add(external_userid)
        else:
            self.sending.refusing.discard(external_userid)

    # What servicers do in the staff client.

    async def servicer_takes(self, userid: str, external_userid: str, account: str = "") -> list[Delivery]:
        """Takes a customer out of the waiting pool: change_type 1, with a code for one text within 48 h."""
        place, session = self._attended(userid, external_userid, account)
        if session.state != 2:
            raise SimulatorError(f"客户 {external_userid} 不在待接入池里")
        code = place.code(external_userid, WINDOW, 3, False)
        self._change(place, external_userid, session, 1, userid, {"msg_code": code})
        return await self.wake(place)

    async def servicer_transfers(self, userid: str, external_userid: str, to: str, account: str = "") -> list[Delivery]:
        """Hands his customer to another servicer: change_type 2."""
        place, session = self._attended(userid, external_userid, account)
        place.the_servicer(to)
        if session.state != 3 or session.servicer != userid:
            raise SimulatorError(f"员工 {userid} 没有在接待客户 {external_userid}")
        self._change(place, external_userid, session, 2, to, {})
        return await self.wake(place)

    async def servicer_says(self, userid: str, external_userid: str, text: str, account: str = "") -> list[Delivery]:
        """A human answers in the staff client: the session becomes his (state 3) and the API can no longer send."""
        place, session = self._attended(userid, external_userid, account)
        if session.state != 3 or session.servicer != userid:
            change = {4: 4, 3: 2}.get(session.state, 1)
            self._change(place, external_userid, session, change, userid, {})
        msgid = self._world.new_id("kfmsg")
        self._world.the_customer(external_userid).phone.append(PhoneMessage(self._world.now(), userid, text, "kf", msgid=msgid))
        ids = {"msgid": msgid, "open_kfid": place.open_kfid, "external_userid": external_userid, "servicer_userid": userid}
        place.note(5, {**ids, "msgtype": "text", "text": {"content": text}})
        return await self.wake(place)

    async def servicer_recalls(self, userid: str, external_userid: str, msgid: str) -> list[Delivery]:
        place = self._recalled(external_userid, msgid, userid)
        detail = {"external_userid": external_userid, "recall_msgid": msgid, "servicer_userid": userid}
        place.event("servicer_recall_msg", detail)
        return await self.wake(place)

    async def servicer_ends(self, userid: str, external_userid: str, account: str = "") -> list[Delivery]:
        """The human closes the session: state 4, and a code for one closing message within 20 s."""
        place, session = self._attended(userid, external_userid, account)
        if session.state != 3 or session.servicer != userid:
            raise SimulatorError(f"员工 {userid} 没有在接待客户 {external_userid}")
        session.state, session.servicer = 4, ""
        code = place.code(external_userid, JUST_NOW, 4, True)
        detail = {"external_userid": external_userid, "change_type": 3, "old_servicer_userid": userid, "msg_code": code}
        place.event("session_status_change", detail)
        return await self.wake(place)

    async def servicer_receives(self, userid: str, receiving: bool, account: str = "") -> list[Delivery]:
        """Starts or stops receiving: servicer_status_change counts 1 and 2, servicer/list 0 and 1."""
        place = self.accounts.the(account)
        place.the_servicer(userid).receiving = receiving
        detail: dict[str, Any] = {"servicer_userid": userid, "status": 1 if receiving else 2}
        place.event("servicer_status_change", detail if receiving else {**detail, "stop_type": 0})
        return await self.wake(place)

    async def servicer_rejects(self, userid: str, rejects: bool, account: str = "") -> list[Delivery]:
        """Turns "refuse customers' messages" on or off."""
        place = self.accounts.the(account)
        place.the_servicer(userid)
        place.event("reject_customer_msg_switch_change", {"servicer_userid": userid, "reject_switch": int(rejects)})
        return await self.wake(place)

    async def admin_authorises(self, account: str, managed: bool) -> list[Delivery]:
        """The admin page hands an account to the API or takes it back: kf_account_auth_change; without it calls answer 48007."""
        place = self.accounts.the(account)
        place.managed = managed
        head = to_xml(self._head("kf_account_auth_change")).removesuffix("</xml>")
        name = "AuthAddOpenKfId" if managed else "AuthDelOpenKfId"
        return await self._callbacks.deliver("kf", f"{head}<{name}><![CDATA[{place.open_kfid}]]></{name}></xml>")

    async def wake(self, place: Account) -> list[Delivery]:
        """kf_msg_or_event with a fresh token: at once, or by the knob ``kf_wake_seconds`` one for all that came meanwhile."""
        delay = self._world.knobs.kf_wake_seconds
        if not delay:
            return await self._wake_now(place)
        if not place.waking:
            place.waking = True
            self._world.later(delay, lambda: self._callbacks.spawn(self._wake_now(place)))
        return []

    # Parts.

    async def _wake_now(self, place: Account) -> list[Delivery]:
        place.waking = False
        told: list[Delivery] = []
        for _ in range(max(1, self._world.knobs.kf_wakes)):
            fields = {**self._head("kf_msg_or_event"), "Token": self.pulling.token(), "OpenKfId": place.open_kfid}
            told += await self._callbacks.deliver("kf", to_xml(fields))
        return told

    def _head(self, event: str) -> dict[str, str | int]:
        return {"ToUserName": self._corp_id, "CreateTime": self._world.seconds(), "MsgType": "event", "Event": event}

    def _content(self, kind: str, text: str) -> dict[str, Any]:
        match kind:
            case _ if kind in _MEDIA:
                return {"media_id": text or self._world.new_id("media")}
            case "location":
                return {"latitude": 31.23, "longitude": 121.47, "name": text, "address": text}
            case "link":
                return {"title": text, "desc": "", "url": "https://example.com/", "pic_url": ""}
            case "business_card":
                return {"userid": text}
        return {"content": text}

    def _attended(self, userid: str, external_userid: str, account: str) -> tuple[Account, Session]:
        place = self.accounts.the(account)
        place.the_servicer(userid)
        self._world.the_customer(external_userid)
        return place, place.session(external_userid)

    def _change(self, place: Account, external_userid: str, session: Session, change: int, to: str, more: dict[str, Any]) -> None:
        detail = {"external_userid": external_userid, "change_type": change, "new_servicer_userid": to, **more}
        if session.servicer:
            detail["old_servicer_userid"] = session.servicer
        session.state, session.servicer = 3, to
        place.event("session_status_change", detail)

    def _recalled(self, external_userid: str, msgid: str, sender: str) -> Account:
        for bubble in self._world.the_customer(external_userid).phone:
            if bubble.msgid == msgid and bubble.sender == sender:
                bubble.recalled = True
                return next(place for place in self.accounts.all.values() if any(item.get("msgid") == msgid for _, item in place.log))
        raise SimulatorError(f"消息 {msgid} 不在客户 {external_userid} 的手机上，或者不是 {sender} 发的，不能撤回")

    def _giver_of(self, code: str) -> Account:
        """The account that gave this code; raises ApiError when none did."""
        for place in self.accounts.all.values():
            if code in place.codes:
                return place
        raise ApiError(41050, "invalid or expired code")

    def _failed(self, place: Account, external_userid: str, msgid: str, fail_type: int) -> None:
        """msg_send_fail, after the knob ``kf_fail_seconds``."""

        def tell() -> None:
            place.event("msg_send_fail", {"external_userid": external_userid, "fail_msgid": msgid, "fail_type": fail_type})
            self._callbacks.spawn(self.wake(place))

        delay = self._world.knobs.kf_fail_seconds
        if delay:
            self._world.later(delay, tell)
        else:
            tell()
