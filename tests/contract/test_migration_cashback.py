"""An older database keeps its cards, and budgets that were a count become accounts in the book."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.domain import cashback, ledger
from assistant.store import Store, migrate
from tests.contract.test_migrations import empty

__all__ = ["empty"]
AT = "2026-11-20 00:00:00+00:00"
OLD = (
    "INSERT INTO cashback_template (id, name, ratio_bp, fixed_fen, floor_fen, cap_fen, scope, valid_days, uses, stock, budget_fen, issued,"
    f" committed_fen, created_at) VALUES ('t', '卡', 500, 0, 0, 2000, '{{}}', 90, 2, NULL, 10000, 2, 8000, '{AT}')",
    "INSERT INTO cashback_card (id, template_id, member_id, issued_at, expires_at, uses_left, reason)"
    f" VALUES ('c1', 't', 'm', '{AT}', '2027-02-20 00:00:00+00:00', 1, ''), ('c2', 't', 'm', '{AT}', '2027-02-20 00:00:00+00:00', 2, '')",
    "INSERT INTO cashback_claim (id, member_id, order_id, order_no, card_id, amount_fen, recovered_fen, paid_fen, clawed_fen, state,"
    " reason, attempt, first_approver, approver, payee, created_at, updated_at)"
    f" VALUES ('k', 'm', 'o', 'T1', 'c1', 995, 0, 0, 0, 'waiting_receipt', '', 1, '', '', '', '{AT}', '{AT}')",
)


def test_budgets_move_into_accounts_of_their_own(empty: str, clock: ManualClock) -> None:
    migrate._run(empty, lambda config: command.upgrade(config, "0006"))
    engine = migrate.open_engine(empty, writing=True, size=1)
    with engine.begin() as connection:
        for statement in OLD:
            connection.execute(sa.text(statement))
    engine.dispose()
    store = Store(empty, clock)
    me = system("test")
    old = ledger.Account("brand:cashback:t", "cashback")
    store.do(ledger.post, [ledger.Posting("t:fund", ledger.Account("brand", "cashback"), old, 10_000)], me)
    store.do(ledger.post, [ledger.Posting("k:bind", old, ledger.Account("member:m", "cashback", "pending"), 995)], me)
    store.close()
    migrate.upgrade(empty)
    store = Store(empty, clock)
    try:
        assert store.look(cashback.budgets, ["t"]) == {"t": (2000, 7005)}
        assert (store.look(ledger.totals), store.look(ledger.drift)) == ({"cashback": 0}, {})
        assert store.look(ledger.balances, [old]) == {old: 0}
        assert [(card.used_fen, card.window_days, card.kind) for card in store.look(cashback.cards_of, "m")] == [
            (995, 7, "multi"),
            (0, 7, "multi"),
        ]
        assert store.look(cashback.claims_of, "m")[0].signs == ()
    finally:
        store.close()
