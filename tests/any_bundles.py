"""Bundles with topics of many kinds, for tests that nothing depends on the 46 topics of the shipped models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.tiny_bundle import write_any_bundle

Topics = Mapping[str, tuple[str, str]]

KOREAN: Topics = {
    "정치": ("정치", "국회"),
    "경제": ("경제와 산업", "환율"),
    "사회": ("사회", "경찰"),
    "스포츠": ("스포츠", "야구"),
}
ARABIC: Topics = {
    "سياسة": ("السياسة", "البرلمان"),
    "اقتصاد": ("الاقتصاد", "النفط"),
    "رياضة": ("الرياضة", "المباراة"),
}
STRANGE: Topics = {
    "has spaces": ("Has spaces, and a comma", "spaces"),
    'has "quotes"': ("Has \"double\" and 'single' quotes", "quotes"),
    "<script>alert(1)</script>": ("<img src=x onerror=alert(2)>", "script"),
    "back\\slash": ("C:\\new\\table", "backslash"),
    "a/b?c=d&e#f%20": ("a/b?c=d&e#f%20", "address"),
    "😀🏳️‍🌈": ("😀 emoji", "emoji"),
    "line\u202ebreak": ("line\u202ebreak and \u200fmark", "line"),
    "x" * 2_000: ("A very long name " * 120, "long"),
    "{name}": ("$title {{name}} %s", "template"),
    "=1+1": ("=HYPERLINK(1)", "formula"),
}


def numbered(count: int) -> Topics:
    """`count` topics."""
    return {f"t{number}": (f"Topic {number}", f"word{number}") for number in range(count)}


BUNDLES: Mapping[str, tuple[Topics, dict[str, Any]]] = {
    "two": (numbered(2), {}),
    "four": (numbered(4), {"name": "support-requests"}),
    "many": (numbered(150), {}),
    "hundreds": (numbered(400), {}),
    "korean": (KOREAN, {"format": 3, "name": "news", "title": "한국 뉴스", "language": "ko"}),
    "arabic": (ARABIC, {"format": 3, "name": "news", "title": "أخبار", "language": "ar"}),
    "several": (numbered(4), {"format": 4, "multi_label": {"thresholds": [0.5, 0.5, 0.5, 0.25]}}),
    "strange": (STRANGE, {"format": 3, "title": "</title><script>alert('title')</script> & $title"}),
}


def write(folder: Path, kind: str, golden: Sequence[str] = ()) -> Path:
    """Write one of BUNDLES into a folder that does not exist yet; `golden`: its golden headlines."""
    topics, more = BUNDLES[kind]
    return write_any_bundle(folder, topics, golden=golden, **more)
