"""Each rule finds an offence that is planted for it, and lets the like of it pass where it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules

ROOM = "assistant/domain/points/commands.py"
LONG = '"""A."""\ndef long() -> None:\n' + "    x = 1\n" * 50

PLANTED = [
    (rules.sizes, ROOM, LONG),
    (rules.sizes, ROOM, "x = 1\n" * 401),
    (rules.sizes, ROOM, "class A:\n    async def long(self) -> None:\n" + "        x = 1\n" * 50),
    (rules.purpose, ROOM, "import os\n"),
    (rules.purpose, ROOM, '"""no sentence"""\n'),
    (rules.clock_reads, ROOM, "from datetime import datetime\nx = datetime.now(UTC)\n"),
    (rules.clock_reads, ROOM, "import time\nx = time.monotonic()\n"),
    (rules.clock_reads, ROOM, "from time import time\nx = time()\n"),
    (rules.clock_reads, ROOM, "import datetime\nx = datetime.datetime.utcnow()\n"),
    (rules.clock_reads, ROOM, "import time\nclock = time.time\n"),
    (rules.chance_reads, ROOM, "import uuid\nx = uuid.uuid4()\n"),
    (rules.chance_reads, ROOM, "from random import choice\n"),
    (rules.commits, ROOM, "def f(connection):\n    connection.commit()\n"),
    (rules.patches, "tests/rooms/test_a.py", "from unittest.mock import patch\n"),
    (rules.patches, "tests/rooms/test_a.py", "from unittest import mock\nmock.patch('a')\n"),
    (rules.patches, "tests/rooms/test_a.py", "import unittest.mock\n"),
    (rules.environment_reads, ROOM, "import os\nx = os.environ['A']\n"),
    (rules.environment_reads, ROOM, "import os\nx = os.getenv('A')\n"),
    (rules.environment_reads, ROOM, "from os import environ\n"),
    (rules.back_doors, ROOM, "from assistant.domain.orders.store import rows\n"),
    (rules.back_doors, "tools/points.py", "import assistant.domain.points.commands\n"),
    (rules.back_doors, "tools/points.py", "from assistant.domain.ledger import model\n"),
    (rules.back_doors, "tests/rooms/test_points.py", "from assistant.domain.ledger.model import Account\n"),
    (rules.addresses, "requirements.lock", "--index-url https://mirror.example/simple\na==1 \\\n    --hash=sha256:1\n"),
    (rules.addresses, "requirements.lock", "a==1\nb==2 \\\n    --hash=sha256:1\n"),
]

FINE = [
    (rules.sizes, ROOM, LONG.rsplit("    x", 1)[0]),
    (rules.purpose, ROOM, ""),
    (rules.purpose, ROOM, '"""What this is for. Not for that."""\nx = 1\n'),
    (rules.clock_reads, "assistant/base/clock.py", "import time\nx = time.time()\n"),
    (rules.clock_reads, ROOM, "def f(work):\n    return work.now\n"),
    (rules.commits, "assistant/store/writer.py", "def f(connection):\n    connection.commit()\n"),
    (rules.environment_reads, "assistant/settings.py", "import os\nx = os.environ\n"),
    (rules.back_doors, ROOM, "from assistant.domain.points.model import Lot\nfrom assistant.domain import orders\n"),
    (rules.back_doors, "assistant/app.py", "from assistant.domain.orders import take_in\n"),
    (rules.back_doors, "tests/rooms/test_points.py", "from assistant.domain.points.model import Lot\n"),
    (rules.addresses, "requirements.lock", "a==1 \\\n    --hash=sha256:1\n"),
]

Case = tuple[Callable[[str, str], Iterator[str]], str, str]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: f"{case[0].__name__}")
def test_a_planted_offence_is_found(case: Case) -> None:
    rule, name, text = case
    assert list(rule(name, text))


@pytest.mark.parametrize("case", FINE, ids=lambda case: f"{case[0].__name__}")
def test_what_is_allowed_passes(case: Case) -> None:
    rule, name, text = case
    assert list(rule(name, text)) == []
