"""The command line: serve, simulate, import, goal, chat, migrate, learn, doctor. Owns the process: clock, signals, exit codes."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.base.clock import SystemClock, parse_instant
from assistant.base.errors import Invalid, LaoyouError
from assistant.base.principal import Principal
from assistant.settings import Settings

OK, SOME_BAD, NOTHING_DONE, TOTALS_DIFFER = 0, 1, 2, 3
ME = Principal("operator", "cli", frozenset({"owner"}), via="cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0 done, 1 done in part, 2 nothing was done, 3 totals differ."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.load(
            os.environ, {key: value for key, value in vars(options).items() if key in ("host", "port", "home") and value is not None}
        )
        run: Callable[[argparse.Namespace, Settings], int] = options.run
        return run(options, settings)
    except LaoyouError as error:
        print(error.say, file=sys.stderr)
        return NOTHING_DONE
    except KeyboardInterrupt:
        return OK
    except OSError as error:
        print(f"无法继续：{error.strerror or error}（{error.filename or '端口或文件'}）", file=sys.stderr)
        return NOTHING_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="main.py", description="老友 Laoyou：企业微信私域的运营助手")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace, Settings], int], help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text)
        command.set_defaults(run=run)
        return command

    for name, text in (("serve", "启动服务，连接真实的企业微信"), ("simulate", "启动服务和内置的企业微信模拟器、演示品牌")):
        command = add(name, serve if name == "serve" else simulate, text)
        command.add_argument("--host")
        command.add_argument("--port", type=int)
        if name == "simulate":
            command.add_argument("--now", help="模拟的当前时间，如 2026-11-22T10:00:00+08:00")
            command.add_argument("--personas", help="请角色上场：all，或像 chatty_customer,night_owl 的名单")
            command.add_argument("--reset", action="store_true", help="清空演示数据，重新开始")
    import_command = add("import", import_files, "导入 JSONL 文件，或店铺导出的订单表")
    import_command.add_argument("files", nargs="*", type=Path, metavar="FILE")
    import_command.add_argument("--totals", type=Path, metavar="TOTALS.json", help="导入之后和旧系统的控制总数核对，有差异时退出码是 3")
    import_command.add_argument("--profile", help="店铺订单表（csv、xlsx）：taobao、jd、douyin，或自己写的 .json")
    add("goal", goal, "说一个目标，得到一份可预览的方案").add_argument("sentence")
    chat_command = add("chat", chat, "在终端里以某位会员的身份和助手聊天")
    chat_command.add_argument("--member", required=True, help="会员编号、店铺会员号或 命名空间:值")
    add("migrate", migrate, "升级数据库")
    add("learn", learn, "把文件放进知识库").add_argument("files", nargs="+", type=Path, metavar="FILE")
    add("archive", take_archive, "收进会话存档（已解密的 JSON 行）").add_argument("files", nargs="+", type=Path, metavar="FILE")
    add("media", keep_media, "把图片、视频、文件放进素材库，得到发送时用的编号").add_argument("files", nargs="+", type=Path, metavar="FILE")
    export_command = add("export", export, "导出一位会员的全部资料（zip）")
    erase_command = add("erase", erase, "删除一位会员，账目不变")
    for command in (export_command, erase_command):
        command.add_argument("member", help="会员编号、店铺会员号或 命名空间:值")
    export_command.add_argument("--out", type=Path, help="写到哪个文件，默认 会员编号.zip")
    erase_command.add_argument("--yes", action="store_true", help="不再询问")
    erase_command.add_argument("--reason", default="会员要求删除")
    add("reconcile-wecom", reconcile_wecom, "和企业微信核对好友、客户群和标签")
    doctor_command = add("doctor", doctor, "检查设置、数据库和账本")
    doctor_command.add_argument("--book", action="store_true", help="用独立的核对程序逐笔核对账本")
    doctor_command.add_argument("--wecom", action="store_true", help="检查企业微信的设置，逐项说出该点哪里")
    return parser


def _clock(options: argparse.Namespace) -> SystemClock:
    text = getattr(options, "now", None)
    if not text:
        return SystemClock()
    try:
        return SystemClock(parse_instant(text))
    except ValueError:
        raise Invalid(f"--now 的时间“{text}”不对，请写成 2026-11-22T10:00:00+08:00", code="bad_now") from None


def serve(options: argparse.Namespace, settings: Settings) -> int:
    """Serves until it is told to stop."""
    settings.require_wecom()
    return _run(_serve(settings, _clock(options), simulated=False))


def simulate(options: argparse.Namespace, settings: Settings) -> int:
    """Serves with the simulator and the demo brand, seeded on the first start."""
    with _importing():
        from assistant import demo  # noqa: PLC0415 - only this command needs it

    demo.only_locally(settings)
    clock = _clock(options)
    if options.reset:
        demo.forget(settings)
    demo.prepare(settings, clock)
    return _run(_serve(settings, clock, simulated=True, personas=options.personas or ""))


def _run(service: Coroutine[Any, Any, int]) -> int:
    """On the faster event loop where it exists (not on Windows)."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - not there on Windows
    except ImportError:
        return asyncio.run(service)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(service)


@contextmanager
def _importing() -> Iterator[None]:
    """The collector rests while the parts are loaded, which saves a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        spare_collector()
        gc.enable()


def spare_collector() -> None:
    """What is loaded stays, so the collector passes it over; a set of waiting requests is not looked through ten times over."""
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


async def _serve(settings: Settings, clock: SystemClock, *, simulated: bool, personas: str = "") -> int:
    with _importing():
        from assistant import demo  # noqa: PLC0415 - as the next
        from assistant.app import opened  # noqa: PLC0415 - the parts are heavy, other commands start without them

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(settings, clock, simulate=simulated) as service:
        if service.simulation is not None and personas:
            service.simulation.bring_in(personas)
        print(demo.welcome(settings) if simulated else f"老友已启动：{service.address}", flush=True)
        warming = asyncio.create_task(service.knowledge.warm())
        await stop.wait()
        warming.cancel()
    return OK


def import_files(options: argparse.Namespace, settings: Settings) -> int:
    """Imports JSONL files; bad lines are named and left out."""
    from tqdm import tqdm  # noqa: PLC0415

    from assistant.flows import control  # noqa: PLC0415 - only an import needs these
    from assistant.flows.importing import import_file, import_orders  # noqa: PLC0415
    from assistant.flows.order_files import load_profile  # noqa: PLC0415
    from assistant.store import Store, migrate  # noqa: PLC0415

    if not options.files and not options.totals:
        raise Invalid("请写上要导入的文件，或用 --totals 核对控制总数", code="no_file")
    profile = load_profile(options.profile) if options.profile else None
    totals = control.read(options.totals) if options.totals else None
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, SystemClock())
    code = OK
    try:
        for path in options.files:
            size = path.stat().st_size if path.is_file() else 0
            with tqdm(total=size, unit="B", unit_scale=True, desc=path.name, disable=not sys.stderr.isatty()) as bar:
                report = import_orders(store, path, profile, ME) if profile else import_file(store, path, ME, _moving(bar))
            for bad in report.bad:
                print(bad, file=sys.stderr)
            counts = "，".join(f"{kind} {count}" for kind, count in report.applied.items()) or "没有新内容"
            print(
                f"{path.name}：{counts}"
                + (f"；之前已导入到第 {report.skipped} 行" if report.skipped else "")
                + (f"；{len(report.bad)} 行有问题" if report.bad else "")
            )
            code = max(code, (SOME_BAD if report.total else NOTHING_DONE) if report.bad else OK)
        if totals is not None:
            code = max(code, _print_totals(control.report(store.look(control.compare, totals))))
    finally:
        store.close()
    return code


def _print_totals(found: dict[str, Any]) -> int:
    for row in found["rows"]:
        print(row)
    print(f"核对 {found['compared']} 项，{found['different']} 项有差异" if found["different"] else f"核对 {found['compared']} 项，全部一致")
    return TOTALS_DIFFER if found["different"] else OK


def _moving(bar: Any) -> Callable[[int], None]:
    def move(count: int) -> None:
        bar.update(count)

    return move


def goal(options: argparse.Namespace, settings: Settings) -> int:
    """Turns a sentence into a plan with its preview and prints it; nothing is sent."""
    from assistant import terminal  # noqa: PLC0415

    print(terminal.plan_of(settings, SystemClock(), options.sentence, ME))
    return OK


def chat(options: argparse.Namespace, settings: Settings) -> int:
    """Talks with the assistant as one member, on the terminal."""
    from assistant import terminal  # noqa: PLC0415

    return asyncio.run(terminal.chat(settings, SystemClock(), options.member))


def migrate(_options: argparse.Namespace, settings: Settings) -> int:
    """Brings the database to the newest schema."""
    from assistant.store import migrate as migrations  # noqa: PLC0415

    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database_url)
    print("数据库已是最新")
    return OK


def reconcile_wecom(_options: argparse.Namespace, settings: Settings) -> int:
    """Holds friends, groups and tags against WeCom, each with a bar; differences are kept in the book."""
    from tqdm import tqdm  # noqa: PLC0415

    from assistant import terminal  # noqa: PLC0415

    settings.require_wecom()
    bars: dict[str, Any] = {}

    def show(kind: str, looked: int, total: int, trouble: str) -> None:
        bar = bars.setdefault(kind, tqdm(desc=kind, position=len(bars), disable=not sys.stderr.isatty()))
        bar.total, bar.n = max(total, looked), looked
        bar.set_postfix_str(trouble[:40])

    told = asyncio.run(terminal.reconcile(settings, SystemClock(), ME, show))
    for bar in bars.values():
        bar.close()
    for line in told.done:
        print(line)
    for line in told.failed:
        print(line, file=sys.stderr)
    return SOME_BAD if told.failed else OK


def learn(options: argparse.Namespace, settings: Settings) -> int:
    """Puts Markdown and CSV files into the knowledge base."""
    from knowledge import Knowledge  # noqa: PLC0415

    knowledge = Knowledge.open(settings.home / "knowledge")
    try:
        print(knowledge.ingest(options.files))
    finally:
        knowledge.close()
    return OK


def take_archive(options: argparse.Namespace, settings: Settings) -> int:
    """Takes decrypted archive files in; bad lines are named and left out, an interrupted file goes on where it stopped."""
    from tqdm import tqdm  # noqa: PLC0415

    from assistant.flows.archiving import take_file  # noqa: PLC0415 - only this command needs these
    from assistant.store import Store, migrate  # noqa: PLC0415

    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, SystemClock())
    code = OK
    try:
        for path in options.files:
            size = path.stat().st_size if path.is_file() else 0
            with tqdm(total=size, unit="B", unit_scale=True, desc=path.name, disable=not sys.stderr.isatty()) as bar:
                report = take_file(store, path, ME, _moving(bar))
            for number, why in report.bad:
                print(f"{path.name} 第 {number} 行：{why}", file=sys.stderr)
            print(f"{path.name}：{report.summary}")
            code = max(code, SOME_BAD if report.bad else OK)
    finally:
        store.close()
    return code


def keep_media(options: argparse.Namespace, settings: Settings) -> int:
    """Puts files into the media library and prints the key of each."""
    from assistant.channels import media  # noqa: PLC0415 - only this command needs these
    from assistant.store import Store, migrate  # noqa: PLC0415

    folder = media.Folder(settings.home / "media")
    kept = [folder.put(media.kind_of(path.name), path.name, path.read_bytes()) for path in options.files]
    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, SystemClock())
    try:
        for one, key in zip(kept, store.do(media.keep, kept, ME), strict=True):
            print(f"{key}  {media.SAID[one.kind]}  {one.filename}")
    finally:
        store.close()
    return OK


def export(options: argparse.Namespace, settings: Settings) -> int:
    """Writes everything the book holds about one person into a file."""
    from assistant import terminal  # noqa: PLC0415

    member_id, archive = terminal.export(settings, SystemClock(), options.member, ME)
    target = options.out or Path(f"{member_id}.zip")
    target.write_bytes(archive)
    print(f"已导出到 {target}（{len(archive)} 字节）")
    return OK


def erase(options: argparse.Namespace, settings: Settings) -> int:
    """Erases one person for good, after a question."""
    from assistant import terminal  # noqa: PLC0415

    if not options.yes and input(f"删除会员 {options.member} 之后不能恢复，输入 删除 确认：").strip() != "删除":
        print("没有删除")
        return NOTHING_DONE
    done = terminal.erase(settings, SystemClock(), options.member, options.reason, ME)
    print(f"已删除，{done.dropped} 条个人资料清除，{done.kept} 条账目保留在 {done.alias} 名下")
    return OK


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """Checks what can be checked without changing anything."""
    from assistant import terminal  # noqa: PLC0415

    if options.wecom:
        from assistant import checkup  # noqa: PLC0415 - only this command needs it

        findings = asyncio.run(checkup.wecom(settings, SystemClock(), print))
        return SOME_BAD if any(finding.state == "wrong" for finding in findings) else OK
    if options.book:
        # A process of its own: the checker shares no code with what it checks.
        checker = Path(__file__).parent.parent / "scripts" / "check_book.py"
        return subprocess.run([sys.executable, str(checker), settings.database_url], check=False).returncode  # noqa: S603 - our own file
    folder = settings.home if settings.home.exists() else settings.home.absolute().parent
    problems = terminal.examine(settings, SystemClock(), shutil.disk_usage(folder).free)
    for problem in problems:
        print(problem, file=sys.stderr)
    print("一切正常" if not problems else f"发现 {len(problems)} 个问题")
    return OK if not problems else SOME_BAD
