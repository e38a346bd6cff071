"""Whatever is typed behind a command: it answers, or refuses in one clear line and with exit code 2."""

import argparse
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bst import datasets
from bst.bundles import bundle
from bst.cli import main
from bst.cli.parser import make_parser
from bst.errors import MOST_CHARACTERS, BSTError
from bst.settings import override_settings
from bst.training import runs

# what people and scripts type by mistake: nothing, halves of a pair, numbers that are none, names that no disk takes
ODD = (
    *("", " ", "=", "sex=", "=F", "age=", "occupation=", "sex=X", "age=26", "part=1", "unknown", "a=b=c", "-", "--"),
    *("0", "-1", "1.5", "nan", "inf", "1e999", "²", "٣", "9" * 5000, "1-", "-5", "1999-1990", "9" * 30 + "-"),
    *("😀" * 80, "x" * 300, "漢" * 100, "x" * 5000, "~nobody-of-this-name/x", "/", ".", "..", "a\nb", "\udcff"),
    *("Alien (1979)=5", "Alien (1979)", "Alien=", "Alien=9", "Alien=nan", "no such film", "no such film=3", "M=4"),
    *("%s{0}", "Alien (1979)=1", "1214", "3", "5", "rating", "next", "Drama", "Known", "demo"),
)


typed = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def _actions() -> dict[str, list[argparse.Action]]:
    """All arguments of each command."""
    (commands,) = (a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return {
        name: [a for a in sub._actions if not isinstance(a, argparse._HelpAction)]
        for name, sub in commands.choices.items()
    }


ACTIONS = _actions()


@st.composite
def command_lines(draw) -> list[str]:
    name = draw(st.sampled_from(sorted(ACTIONS)))
    line = [name]
    for action in ACTIONS[name]:
        if not (action.required and draw(st.integers(0, 9))) and draw(st.integers(0, 3)):
            continue
        values = st.sampled_from(ODD) | st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
        )
        if action.choices:
            values |= st.sampled_from([str(choice) for choice in action.choices])
        wanted = {None: 1, 0: 0}.get(action.nargs, action.nargs)
        if action.option_strings:
            line.append(draw(st.sampled_from(action.option_strings)))
        line += [draw(values) for _ in range(wanted if isinstance(wanted, int) else 1)]
    return line


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Leave out what takes minutes or writes into the project: what is tested here is what comes before."""
    folder = tmp_path_factory.mktemp("here")

    def refuse(*_, **__):
        raise BSTError("not in this test")

    def train(asked, name, **_):
        runs.check_new(name, folder / name, folder / "bundles" / name)
        datasets.load(asked.dataset)
        refuse()

    with pytest.MonkeyPatch.context() as patch, override_settings(runs=folder / "runs"):
        patch.chdir(folder)
        patch.setattr(datasets, "load", lru_cache(maxsize=None)(datasets.load))
        patch.setattr(bundle.Bundle, "load_weights", lambda opened, movies: weights(opened.name))
        patch.setattr("bst.cli.terminal.backend.load", lambda: None)
        patch.setattr("bst.datasets.download", refuse)
        patch.setattr("bst.datasets.simulation.simulate", refuse)
        patch.setattr("bst.evaluation.measure.measure", refuse)
        patch.setattr("bst.explanation.insights.make_insights", refuse)
        patch.setattr("bst.training.runs.train", train)
        yield


load_weights = bundle.Bundle.load_weights


@lru_cache(maxsize=1)
def weights(name: str):
    opened = bundle.open_bundle(name)
    return load_weights(opened, datasets.load_movies(opened.dataset))


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(line=command_lines())
def test_any_command_line_is_answered_or_refused_in_one_line(line, quick, capsys):
    capsys.readouterr()
    try:
        code = main(line)
    except SystemExit as stopped:  # argparse's own way
        code = stopped.code
    out, err = capsys.readouterr()
    assert code in (0, 2), (line, err)
    if code == 2:
        assert out == ""
        (refusal,) = (text for text in err.splitlines() if text.startswith("error: "))
        assert err.rstrip("\n").endswith(refusal)
        assert len(refusal) <= MOST_CHARACTERS + 200, "a screen's line or two"
