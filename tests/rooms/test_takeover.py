"""Whoever has taken a conversation over here keeps the word, whatever is heard late of WeCom's own client."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal, system
from assistant.channels.message import Address
from assistant.dialogue import conversation as talk
from assistant.dialogue.who import Speaker
from assistant.store import Store, Work
from assistant.triggers import Happened, follow_client

ME = system("test")
TALK = Address("kf", "wk1", "wm1")


def heard(store: Store, state: str, before: str, clock: ManualClock, ago: timedelta) -> None:
    told = {"conversation": TALK.conversation, "state": state, "servicer": "", "before": before, "why": ""}
    fact = Happened("kf.session", "", "", told, "", clock.now() - ago)
    store.do(lambda work, _: follow_client(work, fact), None, ME)


def holder(store: Store) -> str:
    return store.look(talk.get, TALK.conversation).holder


def _begun(work: Work, _nothing: None) -> None:
    talk.touch(work, TALK, Speaker(Principal("member", "m1"), "m1", "林小满"))
    talk.hold(work, [talk.Take("t1", TALK.conversation, "he")])


def test_only_a_session_that_ended_after_the_takeover_gives_the_word_back(store: Store, clock: ManualClock) -> None:
    store.do(_begun, None, ME)
    clock.advance(timedelta(minutes=1))
    heard(store, "new", "", clock, timedelta())
    assert holder(store) == "he"
    heard(store, "ended", "person", clock, timedelta(minutes=2))
    assert holder(store) == "he"
    heard(store, "ended", "person", clock, timedelta())
    assert holder(store) == ""
