"""Checks every draw of a lottery against its seed: python verify_draws.py draws.json (the file from /api/v1/activities/NAME/draws)."""

import hashlib
import hmac
import json
import sys
from pathlib import Path

book = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
assert hashlib.sha256(book["seed"].encode()).hexdigest() == book["seed_sha256"], "this is not the seed that was promised"
for draw in book["draws"]:
    word = f"{book['activity']}|{draw['player']}|{draw['number']}".encode()
    left = int.from_bytes(hmac.new(book["seed"].encode(), word, "sha256").digest()[:8], "big") * 1_000_000 >> 64
    hit = next(prize["id"] for prize in book["prizes"] if (left := left - prize["odds"]) < 0)
    assert hit == draw["hit"], f"draw {draw['number']} of {draw['player']} should have hit {hit}"
sys.stdout.write(f"{len(book['draws'])} draws agree with the seed\n")
