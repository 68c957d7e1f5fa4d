"""The forms of the phones page: each leads to a verb there is, offers what there is to choose, and has words in both languages."""

from __future__ import annotations

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.web import pages
from assistant.web.console.phones_deeds import DEEDS, body_of, options
from assistant.wecom.simulator.control import FAMILIES
from tests.browser.web_house import simulator

HOLDERS = {"customer": "wm_m00001", "staff": "lin", "group": "wr_office", "stage": ""}


def test_every_form_leads_to_a_verb_and_knows_its_choices_and_its_english(clock: ManualClock) -> None:
    made, places, english = simulator(clock), {place for family in FAMILIES for place in family()}, pages._english()
    for tab, deeds in DEEDS.items():
        found = options(made, tab, HOLDERS[tab])
        for name, deed in deeds.items():
            assert (deed.method, deed.place) in places, (tab, name)
            assert {one.of for one in deed.fields if one.of} <= set(found), (tab, name)
            assert {deed.word, *(one.word for one in deed.fields)} <= set(english), (tab, name)


def test_a_form_is_read_strictly_and_names_what_is_missing() -> None:
    assert body_of(DEEDS["stage"]["knob"], "", {"name": "callback_duplicates", "value": "3"}) == {"callback_duplicates": 3}
    edit = {"customer": "wm1", "add_tags": "et1, et2"}
    assert body_of(DEEDS["staff"]["edit"], "lin", edit) == {
        "action": "edit",
        "userid": "lin",
        "customer": "wm1",
        "add_tags": ["et1", "et2"],
    }
    with pytest.raises(Invalid, match="秒数"):
        body_of(DEEDS["stage"]["clock"], "", {"seconds": "bald"})
    with pytest.raises(Invalid, match="内容"):
        body_of(DEEDS["staff"]["answer"], "lin", {"customer": "wm1"})
