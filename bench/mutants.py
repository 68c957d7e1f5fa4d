"""Breaks our own code on purpose, one place at a time, and runs the test that must notice: ``make mutants``, or some of them by a word.

``make mutants ARGS="inbox"`` runs those that speak of it.
A mutant whose text is no longer there, or that no test notices, is an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "*.pyc", "__pycache__", ".mypy_cache", ".hypothesis", ".pytest_cache", "images")


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is broken: in ``file`` the ``old`` text becomes ``new``; ``tests`` must fail then."""

    name: str
    file: str
    old: str
    new: str
    tests: str


DOMAIN = "assistant/domain"
MUTANTS = (
    Mutant(
        "a message told again wakes another turn",
        "assistant/channels/inbox.py",
        'if row["id"] in new and row["state"] == "waiting"',
        'if row["state"] == "waiting"',
        "tests/contract/test_inbox.py",
    ),
    Mutant(
        "a key reused with another input is not noticed",
        "assistant/store/once.py",
        "        if digest != hashes[key]:",
        "        if False:",
        "tests/contract/test_store.py",
    ),
    Mutant(
        "an account may go below zero",
        f"{DOMAIN}/ledger/model.py",
        "            if left < 0 and not posting.allow_negative:",
        "            if False:",
        "tests/rooms/test_ledger.py",
    ),
    Mutant(
        "points are spent by their grant, not by their end",
        f"{DOMAIN}/points/model.py",
        "return self.expires_at or NEVER, self.granted_at, self.id",
        "return self.granted_at, self.expires_at or NEVER, self.id",
        "tests/rooms/test_points.py",
    ),
    Mutant(
        "shares of a refund are floored each",
        "assistant/base/money.py",
        "    for i in order[: total - sum(parts)]:",
        "    for i in order[:0]:",
        "tests/rooms/test_points_earning_rules.py",
    ),
    Mutant(
        "refunds may exceed what was paid",
        f"{DOMAIN}/orders/model.py",
        "refund_fen=min(paid_fen, _refunded(words)),",
        "refund_fen=_refunded(words),",
        "tests/rooms/test_orders_permuted.py",
    ),
    Mutant(
        "the last word about an order decides its state",
        f"{DOMAIN}/orders/model.py",
        'status = max([body["status"] for body in updates]',
        'status = max([body["status"] for body in words[-1:] if "status" in body] or ["created"]',
        "tests/rooms/test_orders_permuted.py",
    ),
    Mutant(
        "one order may have several claims",
        f"{DOMAIN}/cashback/tables.py",
        'sa.Column("order_id", sa.String(64), nullable=False, unique=True),',
        'sa.Column("order_id", sa.String(64), nullable=False),',
        "tests/contract/test_migrations.py",
    ),
    Mutant(
        "the same person approves twice",
        f"{DOMAIN}/cashback/reviewing.py",
        "        if one.first_approver == me:",
        "        if False:",
        "tests/rooms/test_cashback.py tests/rooms/test_cashback_payout.py tests/rooms/test_cashback_cards.py",
    ),
    Mutant(
        "a refund lowers a tier below what a review has left",
        f"{DOMAIN}/membership/ladder.py",
        "        reached = self.rules.higher(place.floor, reached)",
        "        pass",
        "tests/rooms/test_membership_machine.py",
    ),
    Mutant(
        "a wallet pays what it has not",
        f"{DOMAIN}/stored_value/commands.py",
        "        if left < request.amount_fen:",
        "        if False:",
        "tests/rooms/test_stored_value.py",
    ),
    Mutant(
        "an activity gives more than there is",
        f"{DOMAIN}/activities/book.py",
        "enough = stock.c.taken + amount <= stock.c.total",
        "enough = sa.true()",
        "tests/rooms/test_activities_lottery.py",
    ),
    Mutant(
        "order numbers may be guessed for ever",
        f"{DOMAIN}/cashback/naming.py",
        "        if orders.guesses_left(work, request.member_id) <= 0:",
        "        if False:",
        "tests/rooms/test_tools_cashback.py",
    ),
    Mutant(
        "an import takes a float for a whole amount",
        "assistant/flows/importing.py",
        "    return isinstance(value, int) and not isinstance(value, bool)",
        "    return isinstance(value, (int, float))",
        "tests/rooms/test_bad_book_input.py -k import",
    ),
    Mutant(
        "less than nothing is taken for one",
        "assistant/agent/planner/slots.py",
        "    return _whole(match[1]) if match else 1",
        "    return max(1, _whole(match[1])) if match else 1",
        "tests/rooms/test_bad_book_input.py -k count",
    ),
    Mutant(
        "all rows of a set share the value of the first",
        "assistant/store/document.py",
        "        if value is not last:",
        "        if last is values:",
        "tests/contract/test_store.py tests/rooms/test_points.py",
    ),
    Mutant(
        "the checker does not look where money went",
        "scripts/check_book.py",
        "    yield from _payouts(book)\n",
        "",
        "tests/rooms/test_checker.py",
    ),
    Mutant(
        "the mall sells what it has not",
        f"{DOMAIN}/activities/mall.py",
        "    if item.stock < request.quantity:",
        "    if False:",
        "tests/rooms/test_activities.py tests/races",
    ),
    Mutant(
        "behaviour earns with a key that anybody can read",
        "assistant/flows/behaviour.py",
        "trusted = [one for one in found if one.trusted]",
        "trusted = list(found)",
        "tests/rooms/test_events.py",
    ),
    Mutant(
        "a shop's signature is not looked at",
        "assistant/shops/youzan.py",
        "    if not same_sign(wanted, given):",
        "    if False:",
        "tests/rooms/test_shops_notices.py",
    ),
    Mutant(
        "an erasure leaves the identities",
        "assistant/flows/personal.py",
        '"member_identity": Holds("member_id", "身份", joins=True, drop=True),',
        '"member_identity": Holds("member_id", "身份", joins=True, plain=("namespace", "value")),',
        "tests/rooms/test_persons.py",
    ),
    Mutant(
        "an answer of the payer is believed unsigned",
        "assistant/payments/signing.py",
        "        platform.key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())",
        "        pass",
        "tests/rooms/test_wechat_pay.py",
    ),
    Mutant(
        "an old bill that is not found is paid again",
        "assistant/flows/payout.py",
        "        if age > ANSWERABLE:",
        "        if False:",
        "tests/rooms/test_payout_unknowns.py",
    ),
    Mutant(
        "a bill that the payer holds with another amount is believed",
        "assistant/flows/payout.py",
        "if seen.amount_fen is not None and seen.amount_fen != amount_fen:",
        "if False:",
        "tests/rooms/test_payout_unknowns.py",
    ),
    Mutant(
        "an openid of another app is paid",
        f"{DOMAIN}/cashback/paying.py",
        'if identity.namespace == f"openid:{app}"',
        'if identity.namespace.startswith("openid")',
        "tests/rooms/test_payout_unknowns.py",
    ),
    Mutant(
        "payouts go out while they are halted",
        f"{DOMAIN}/cashback/paying.py",
        '    if halted and (one.state == "approved" or one.state in IN_FLIGHT):',
        "    if False:",
        "tests/rooms/test_payout_unknowns.py",
    ),
    Mutant(
        "one person notes a large payment by hand twice",
        f"{DOMAIN}/cashback/attending.py",
        "    if one.hand_by == me:",
        "    if False:",
        "tests/rooms/test_payout_unknowns.py",
    ),
    Mutant(
        "a notice of the payer is believed unsigned",
        "assistant/payments/notices.py",
        "        if not genuine(self.platform, headers, body, now):",
        "        if False:",
        "tests/rooms/test_wechat_simulator.py",
    ),
    Mutant(
        "what one's own orders brought since a merge stays with the other when they are parted",
        f"{DOMAIN}/points/parting.py",
        "        total += line.amount if _caused(",
        "        total += 0 if _caused(",
        "tests/rooms/test_merging.py",
    ),
    Mutant(
        "a debt is not paid from the other's points when two are merged",
        "assistant/flows/merging.py",
        "        points.joined(work, one.kept)",
        "        pass",
        "tests/rooms/test_merging.py",
    ),
    Mutant(
        "a spend given back after a merge goes to the account it came from",
        f"{DOMAIN}/points/commands.py",
        ", into=own)",
        ")",
        "tests/rooms/test_merging.py",
    ),
    Mutant(
        "what somebody only told is proof",
        f"{DOMAIN}/members/links.py",
        '    if source in TOLD or namespace == "phone":',
        "    if False:",
        "tests/rooms/test_merging.py",
    ),
    Mutant(
        "two different WeChat accounts are merged without a person",
        "assistant/flows/merging.py",
        "        why = _hindrance(work, proposal)",
        '        why = ""',
        "tests/rooms/test_merging.py",
    ),
    Mutant(
        "a detail of the simulated WeCom does not lag behind its event",
        "assistant/wecom/simulator/lag.py",
        "        if not kept:",
        "        if True:",
        "tests/rooms/test_simulator_contacts.py",
    ),
    Mutant(
        "a half friend of the simulated WeCom gets a 群发",
        "assistant/wecom/simulator/mass.py",
        " or not relation.confirmed:",
        ":",
        "tests/rooms/test_simulator_mass.py",
    ),
    Mutant(
        "media of the simulated WeCom works behind every door",
        "assistant/wecom/simulator/media.py",
        " or (doors and media.door not in doors)",
        "",
        "tests/rooms/test_simulator_access.py",
    ),
    Mutant(
        "a transfer in the simulated WeCom adds a friend who is one already",
        "assistant/wecom/simulator/transfer.py",
        "        if taken is None or taken.gone:",
        "        if True:",
        "tests/rooms/test_simulator_transfer.py",
    ),
)


def caught(tree: Path, mutant: Mutant) -> bool:
    """Whether the tests notice; the tree is whole again afterwards."""
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutant.old) != 1:
        raise SystemExit(f"mutant “{mutant.name}”: its text stands {whole.count(mutant.old)} times in {mutant.file}")
    path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests.split()]
        return subprocess.run(command, cwd=tree, capture_output=True, check=False).returncode == 1
    finally:
        path.write_text(whole, encoding="utf-8")


def main() -> int:
    wanted = [one for one in MUTANTS if not sys.argv[1:] or any(word in f"{one.name} {one.file}" for word in sys.argv[1:])]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        for mutant in wanted:
            noticed = caught(tree, mutant)
            missed += not noticed
            print(f"{'caught' if noticed else 'MISSED'}  {mutant.name}  ({mutant.file}, {mutant.tests})", flush=True)
    print(f"{len(wanted) - missed} of {len(wanted)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
