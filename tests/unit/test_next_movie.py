"""Figures of the next movie by protocol: ours as they were measured, beside published ones."""

import json

import pytest

from bst.presentation.next_movie import OURS, PUBLISHED, QUESTIONS, figures_table, summary


@pytest.fixture
def results(tmp_path, override_settings):
    """The folder of figures, to be filled."""
    override_settings(results=tmp_path)
    return tmp_path


def write(folder, protocol: str, ndcg: float, hr: float, seeds=(0, 1, 2)) -> None:
    metrics = {"ndcg@10": ndcg, "hr@10": hr}
    result = {
        "protocol": protocol,
        "seeds": list(seeds),
        "preset": "timeline",
        "metrics": metrics,
        "command": "measure",
    }
    (folder / f"{protocol}.json").write_text(json.dumps(result))


def test_ours_stand_among_published_figures_of_the_same_question(results):
    write(results, "last", 0.18, 0.31)
    write(results, "temporal", 0.11, 0.2, seeds=[0])
    table = figures_table()
    assert list(dict.fromkeys(table["protocol"])) == [question.protocol for question in QUESTIONS]
    last = table[table["protocol"] == "last"]
    assert last["model"].tolist() == [
        "SASRec+, cross-entropy",
        "SASRec+, 3,000 negatives",
        OURS,
        "eSASRec",
        "gSASRec",
    ]
    assert last.set_index("model").loc[OURS, "source"] == "measure, mean of 3 seeds"
    assert table[table["protocol"] == "temporal"].iloc[0].tolist() == ["temporal", OURS, 0.11, 0.2, "measure, one seed"]
    assert OURS not in table[table["protocol"] == "last-timed"]["model"].tolist(), "nobody measured it"
    assert summary(table) == (
        "The movie is among the first ten in **31.0%** under “last” (best published model: 32.1%); **20.0%** under "
        "“temporal” (best published model: 16.0%)."
    )


def test_without_figures_of_ours_the_published_ones_are_left(results):
    table = figures_table()
    assert len(table) == len(PUBLISHED)
    assert summary(table) == "No figures of this project are here."
