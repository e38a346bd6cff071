"""The documentation tells the truth: its links lead somewhere, its tests exist, its examples run."""

import re
import shlex
from pathlib import Path

import pytest

from bst.cli.parser import make_parser

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "deploy").glob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_scripts_that_are_named_exist(page):
    scripts = re.findall(r"\b(?:benchmarks|bst|pages|tests)/[a-z\d_/]+\.py\b", page.read_text("utf-8"))
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def commands(page: Path) -> list[list[str]]:
    """Return the command lines of a page's blocks, each as its words."""
    lines = []
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if re.search(r"python (?:-m bst|benchmarks/)", line):
                lines.append([word for word in shlex.split(line, comments=True) if word != "…"])
    return lines


def with_siblings(script: Path) -> str:
    """Return a script's text with that of the files beside it that it imports: options may be added there."""
    code = script.read_text("utf-8")
    return code + "".join(
        file.read_text("utf-8") for file in script.parent.glob("*.py") if re.search(rf"\b{file.stem}\b.*import", code)
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_understood(page):
    parser = make_parser()
    for words in commands(page):
        if "bst" in words:
            assert parser.parse_args(words[words.index("bst") + 1 :]).run
            continue
        (script,) = (word for word in words if word.startswith("benchmarks/"))
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        code = with_siblings(ROOT / script)
        assert [option for option in options if f'"{option}"' not in code] == [], shlex.join(words)


def test_the_commands_are_found():
    assert ["python", "-m", "bst", "download", "ml-1m"] in commands(ROOT / "docs/command-line.md")
    assert sum(len(commands(page)) for page in PAGES) > 60


def test_each_fault_has_a_test_of_that_name():
    """Rows name tests as ``unit/test_x.py::test_y``, more of one file as ``::test_z``; ``…`` ends a prefix."""
    missing, file = [], None
    for path, test in re.findall(
        r"`((?:unit|app|browser|hostile|scale|serving|fuzz)/[\w/]+\.py)?(?:::(\w+…?))?`",
        (ROOT / "docs/cases.md").read_text("utf-8"),
    ):
        file = ROOT / "tests" / path if path else file
        if path and not file.is_file():
            missing.append(path)
        elif test and not re.search(rf"def {test.removesuffix('…')}", file.read_text("utf-8")):
            missing.append(f"{path}::{test}")
    assert missing == []


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


@pytest.mark.slow
def test_the_example_in_python_runs(monkeypatch):
    monkeypatch.delenv("BST_DATA_DIR", raising=False)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/command-line.md").read_text("utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert len(names["recommender"].rank(names["visitor"], k=10)) == 10
    assert names["sentence"]
