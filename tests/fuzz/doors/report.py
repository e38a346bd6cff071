"""The report of a bundle whose figures, curves and card somebody else has written."""

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.bundles.bundle import open_bundle
from bst.bundles.storage import FILES
from bst.errors import BundleError, ReportError
from bst.presentation import report
from bst.presentation.report import parts
from tests.fuzz.door import Door
from tests.fuzz.doors.bundles import NAMES, SHIPPED, Change, Copies, short
from tests.fuzz.mutations import damaged, damaged_json, json_text
from tests.fuzz.outcome import require, require_clear

TARGETS = ("evaluation.json", "lists.json", "metrics.json", "history.csv", "README.md", "bundle.json")
# one report in so many is drawn, which takes seconds
DRAWN = 500
HOSTILE = (
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "](javascript:alert(1))",
        "{{ 7*7 }}",
        "</svg><script>",
    ),
    *("<svg onload=alert(1)>", "&lt;script&gt;", "![x](http://example.org/x.png)", "[x](javascript:alert(1))", "\x00"),
)


@st.composite
def reports(draw: DrawFn) -> tuple[Change, bool]:
    """Draw a change of what a report is made of, and whether its charts are drawn."""
    bundle, file = draw(st.sampled_from(NAMES)), draw(st.sampled_from(TARGETS))
    content = (SHIPPED / bundle / file).read_bytes()
    if file.endswith(".json"):
        values = draw(damaged_json(short(json.loads(content))))
        content = json_text(_with_text(draw, values) if draw(st.booleans()) else values)
    else:
        content = draw(damaged(content))
        start = draw(st.integers(0, len(content)))
        content = content[:start] + draw(st.sampled_from(HOSTILE)).encode() + content[start:]
    return Change(bundle, file, content), draw(st.sampled_from(range(DRAWN))) == DRAWN - 1


def _with_text(draw: DrawFn, values: Any) -> Any:
    """Return values with something hostile in place of one of their texts."""
    if isinstance(values, dict) and (texts := sorted(key for key, value in values.items() if isinstance(value, str))):
        return values | {draw(st.sampled_from(texts)): draw(st.sampled_from(HOSTILE))}
    return values


class Report(Door):
    """A report is refused in a line, or is a whole page that fetches and runs nothing."""

    name = "report"
    inputs = reports()

    def open(self) -> None:
        """Copy the bundles, and leave out the drawing of most charts."""
        self.copies = Copies(self.folder)
        self.patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        # charts are made all the same; that they are valid is told when they are drawn
        self.stack.enter_context(alt.utils.schemapi.debug_mode(False))
        self.inline = parts.inline

    def check(self, given: tuple[Change, bool]) -> bool:
        """Write the report of a damaged bundle."""
        change, drawn = given
        folder, target = self.copies.apply(change), self.folder / "report.html"
        self.patch.setattr(parts, "inline", self.inline if drawn else lambda chart: "<svg></svg>")
        target.unlink(missing_ok=True)
        try:
            bundle = open_bundle(folder)
            report.write_report(target, report.make_report(bundle))
        except (BundleError, ReportError) as error:
            require_clear(error, folder, *(folder / name for name in ("bundle.json", *FILES)))
            require(not target.exists(), "refused, and written all the same")
            return False
        finally:
            self.copies.restore(change)
        require(not [path for path in self.folder.iterdir() if path.name.startswith(".")], "a draft is left")
        _check_page(target)
        return True


class _Page(HTMLParser):
    """What a browser would make of a report."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _check_page(path: Path) -> None:
    html = path.read_text("utf-8")
    require(html.rstrip().endswith("</html>"), "not whole")
    page = _Page(html)
    forbidden = {"script", "iframe", "object", "embed", "link", "img", "base", "form"} & set(page.tags)
    require(not forbidden, f"tags: {forbidden}")
    for name, value in page.attributes:
        require(not name.startswith("on"), f"{name}={value!r}")
        require(name not in ("src", "srcset", "data"), f"{name}={value!r}")
        require("javascript:" not in value.lower().replace(" ", ""), f"{name}={value!r}")
