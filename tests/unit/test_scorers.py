"""The scorer of each family does what every scorer must, and passes are of similar histories."""

import pytest

from bst.inference.engines import make_scorer
from bst.scoring import scorer as scoring
from tests.unit.scorer_contract import ScorerContract, rows_of


class TestClassicScorer(ScorerContract):
    @pytest.fixture(scope="class")
    def scorer(self, small_bundle, world):
        return make_scorer("numpy", small_bundle, small_bundle.load_weights(world.movies), rows_of)


class TestTimelineScorer(ScorerContract):
    @pytest.fixture(scope="class")
    def scorer(self, timeline_bundle, orderly):
        return make_scorer("numpy", timeline_bundle, timeline_bundle.load_weights(orderly.movies), rows_of)


def test_histories_of_similar_length_share_a_pass(monkeypatch):
    monkeypatch.setattr(scoring, "MOST_VISITORS", 2)
    assert [group.tolist() for group in scoring.passes([5, 0, 9, 1, 8], 10)] == [[1, 3], [0, 4], [2]]
    monkeypatch.setattr(scoring, "MOST_CANDIDATES", 100)
    assert [len(group) for group in scoring.passes([1] * 4, 60)] == [1, 1, 1, 1]
    assert [len(group) for group in scoring.passes([1] * 4, 1000)] == [1, 1, 1, 1], "one visitor at least"
