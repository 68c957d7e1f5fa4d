"""Coverage-guided fuzzing of the edge by atheris, each target in a process of its own: runs, crashes and peak memory.

Run: ``python -m bench.fuzz [seconds a target, 20]``. atheris has wheels for some systems only; elsewhere nothing is run, and that is said.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec

from tests.support.fuzzing import TARGETS

MOST_MEGABYTES = 600
SEEDS = {
    "request": [b"sig\x001795000000\x00n1\x00echo\x00<xml><Encrypt>AAAA</Encrypt></xml>", b'a\x001\x00n\x00e\x00{"encrypt": "AAAA"}'],
    "signed": ["<xml><Content>积分</Content></xml>".encode()],
    "inner_xml": [b"<xml><MsgType>event</MsgType><Event>change_external_contact</Event><CreateTime>1795000000</CreateTime></xml>"],
    "inner_json": [b'{"msgtype": "mixed", "msgid": "1", "from": {"userid": "u"}, "mixed": {"msg_item": [{"msgtype": "text"}]}}'],
    "frame": [
        b'{"cmd": "aibot_msg_callback", "headers": {"req_id": "r1"}, "body": {"msgtype": "text", "text": {"content": "hi"}}}',
        b'{"cmd": "aibot_event_callback", "headers": {"req_id": "r2"}, "body": {"msgtype": "event", "event": {"eventtype": '
        b'"template_card_event", "template_card_event": {"event_key": "choice1", "task_id": "t1"}}}}',
        b'{"headers": {"req_id": "r3"}, "errcode": 846608, "errmsg": "old"}',
    ],
    "contact_event": [
        b"\x00\x00\x00\x00lin\x00wm1\x00spring\x00WELCOME",
        b"\x01\x01\x06\x02wr1\x00add_member\x000\x00\x001\x00wm1\x00v1\x00v2",
    ],
}


def child(name: str, seconds: int, corpus: str) -> None:
    """Fuzzes one target in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["assistant.wecom", "assistant.channels"]):
        from tests.support import fuzzing
    target = fuzzing.TARGETS[name]

    def once(data: bytes) -> None:
        target(data)

    options = [f"-max_total_time={seconds}", f"-rss_limit_mb={MOST_MEGABYTES}", "-max_len=4096", "-print_final_stats=1", corpus]
    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


def fuzz(name: str, seconds: int) -> bool:
    """Prints what one target stood; True if nothing broke."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS.get(name, [b"{}"])):
            with open(f"{corpus}/{number}", "wb") as file:
                file.write(seed)
        command = [sys.executable, "-m", "bench.fuzz", "--child", name, str(seconds), corpus]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    peak = re.search(r"peak_rss_mb:\s*(\d+)", done.stderr)
    broken = done.returncode != 0
    told = f"{int(runs.group(1)) if runs else 0:9,} runs, {int(broken)} crashes, peak {peak.group(1) if peak else '?'} MB"
    print(f"fuzz {name:12s} {told}", flush=True)
    if broken:
        print(done.stderr[-3000:])
    return not broken


def main() -> int:
    if "--child" in sys.argv:
        child(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return 0
    if find_spec("atheris") is None:
        print("fuzz: atheris is not installed here, nothing was run")
        return 0
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    sound = [fuzz(name, seconds) for name in TARGETS]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
