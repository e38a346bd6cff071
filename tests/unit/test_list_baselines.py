"""Simple recommenders of lists: one tiny world whose right answer is known, and each one's numbers by hand."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from bst.baselines.als import ImplicitAls
from bst.baselines.item_lists import Ease, ItemNeighbours, MostLiked
from bst.baselines.list_baseline import MOST_ROWS, LikeHistories, ListBaseline
from bst.baselines.prefix_ridge import PrefixRidge


def histories(*users: list[tuple[int, bool]], movies: int, demographics=None) -> LikeHistories:
    """Return histories of users, each a list of (movie, whether it was liked)."""
    events = [event for user in users for event in user]
    return LikeHistories(
        movie=np.array([movie for movie, _ in events], np.int32),
        liked=np.array([liked for _, liked in events], bool),
        offsets=np.append(0, np.cumsum([len(user) for user in users])),
        demographics=np.zeros((len(users), 0), np.float32) if demographics is None else demographics,
        movies=movies,
    )


# Two kinds of people: some like movies 0 … 3 and not 4 … 7, others the other way round; movie 8 nobody likes. Each
# leaves out one movie of their own kind and starts with another, and there is one person more of the first kind.
MOVIES = 9


def person(kind: int, without: int, start: int) -> list[tuple[int, bool]]:
    liked = [4 * kind + movie for movie in range(4) if movie != without]
    liked = liked[start:] + liked[:start]
    return [(movie, True) for movie in liked] + [(4 * (1 - kind) + without, False), (8, False)]


EVERYBODY = [person(kind, without, start) for kind in (0, 1) for without in range(4) for start in range(3)]
TRAINING = histories(*EVERYBODY, person(0, 3, 0), movies=MOVIES)
FIRST_KIND, SECOND_KIND = [(0, True), (8, False)], [(5, True), (8, False)]


class Contract:
    """What every recommender does in that world."""

    model: type[ListBaseline]
    # for so few people
    settings: ClassVar[dict] = {}

    def fitted(self) -> ListBaseline:
        return replace(self.model.fit(TRAINING, events=1), **self.settings)

    def scores(self, *users: list[tuple[int, bool]]) -> np.ndarray:
        return self.fitted().scores(histories(*users, movies=MOVIES))

    def test_each_user_and_movie_has_a_score(self):
        scores = self.scores(FIRST_KIND, SECOND_KIND, [])
        assert scores.shape == (3, MOVIES)
        assert np.isfinite(scores).all()

    def test_who_likes_one_movie_of_a_kind_gets_the_others(self):
        first, second = self.scores(FIRST_KIND, SECOND_KIND)
        assert first[[1, 2, 3]].min() > first[[4, 5, 6, 7, 8]].max()
        assert second[[4, 6, 7]].min() > second[[0, 1, 2, 3, 8]].max()

    def test_a_user_gets_the_same_alone_and_among_others(self):
        together = self.scores(FIRST_KIND, SECOND_KIND, [])
        assert self.scores(SECOND_KIND)[0] == pytest.approx(together[1], abs=1e-5)

    def test_variants_differ_in_their_setting_alone(self):
        fitted = self.fitted()
        variants = list(fitted.variants())
        settings = [variant.setting for variant in variants]
        assert len(set(settings)) == len(settings)
        assert all(type(variant) is type(fitted) for variant in variants)

    def test_there_is_no_obstacle(self):
        assert self.model.obstacle(TRAINING) is None


class TestMostLiked(Contract):
    model = MostLiked

    def test_who_likes_one_movie_of_a_kind_gets_the_others(self):
        """Everybody gets the same: 9 of 12 like each movie of their kind, and one person more 0, 1 and 2."""
        first, second = self.scores(FIRST_KIND, SECOND_KIND)
        assert first.tolist() == second.tolist() == [10, 10, 10, 9, 9, 9, 9, 9, 0]


class TestItemNeighbours(Contract):
    model = ItemNeighbours

    def test_cosines_by_hand(self):
        # users like {0, 1}, {0, 1}, {0}: 2 / √(3 · 2)
        training = histories([(0, True), (1, True)], [(0, True), (1, True)], [(0, True)], movies=3)
        similarity = ItemNeighbours.fit(training).similarity
        assert similarity == pytest.approx(np.array([[0, 2 / 6**0.5, 0], [2 / 6**0.5, 0, 0], [0, 0, 0]]))

    def test_a_candidate_is_compared_with_its_nearest_neighbours_alone(self):
        similarity = np.array([[0, 0.5, 0.2], [0.5, 0, 0.1], [0.2, 0.1, 0]], np.float32)
        known = histories([(1, True), (2, True)], movies=3)
        assert ItemNeighbours(similarity, 1).scores(known)[0] == pytest.approx([0.5, 0, 0])
        assert ItemNeighbours(similarity, 3).scores(known)[0] == pytest.approx([0.7, 0.1, 0.1])


class TestEase(Contract):
    model = Ease

    def test_weights_by_hand(self):
        # likes {0, 1}, {0, 1}, {0}, λ = 1: G + λI = [[4, 2], [2, 3]], P = [[3, −2], [−2, 4]] / 8
        training = histories([(0, True), (1, True)], [(0, True), (1, True)], [(0, True)], movies=2)
        weights = replace(Ease.fit(training), damping=1.0).weights
        assert weights == pytest.approx(np.array([[0, 2 / 4], [2 / 3, 0]]))


class TestPrefixRidge(Contract):
    model = PrefixRidge
    settings: ClassVar[dict] = {"damping": 1.0}

    def test_scores_by_hand(self):
        # two people start with movie 0 and like 2 later, two start with 1 and like 3 later. Centred, inputs
        # are ±(½, −½) and targets ±(½, −½), so K = ½ s sᵀ with s = (1, 1, −1, −1) and (K + λI)⁻¹ ½ s = ½ s / (2 + λ).
        # Who starts with 0 has k = ½ s: ŷ = ½ ± 1 / (2 + λ), with λ = 2 three quarters and one quarter
        users = [[(0, True), (2, True)]] * 2 + [[(1, True), (3, True)]] * 2
        model = replace(PrefixRidge.fit(histories(*users, movies=4), events=1), damping=2.0)
        first, nothing = model.scores(histories([(0, True)], [], movies=4))
        assert first == pytest.approx([0, 0, 0.75, 0.25], abs=1e-6)
        assert nothing == pytest.approx([0, 0, 0.5, 0.5], abs=1e-6), "the mean of all later likes"

    def test_demographics_and_low_ratings_count(self):
        women, men = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
        users = [[(0, True), (2, True)]] * 2 + [[(0, True), (3, True)]] * 2
        by_sex = histories(*users, movies=4, demographics=np.array([women, women, men, men]))
        scores = PrefixRidge.fit(by_sex, events=1).scores(histories([(0, True)], movies=4, demographics=women[None]))
        assert scores[0, 2] > scores[0, 3]
        users = [[(0, False), (2, True)]] * 2 + [[(0, True), (3, True)]] * 2
        model = PrefixRidge.fit(histories(*users, movies=4), events=1)
        disliked, liked = model.scores(histories([(0, False)], [(0, True)], movies=4))
        assert disliked[2] > disliked[3]
        assert liked[2] < liked[3]

    def test_who_likes_nothing_later_teaches_nothing(self):
        useful = [[(0, True), (2, True)]] * 2 + [[(1, True), (3, True)]] * 2
        known = histories([(0, True)], movies=4)
        with_others = histories(*useful, [(1, True), (2, False)], [(1, True)], movies=4)
        scores = [
            PrefixRidge.fit(users, events=1).scores(known) for users in (histories(*useful, movies=4), with_others)
        ]
        assert scores[0] == pytest.approx(scores[1])


class TestImplicitAls(Contract):
    model = ImplicitAls
    settings: ClassVar[dict] = {"factors": 2, "regularisation": 0.1}

    @pytest.fixture(autouse=True)
    def needs_the_package(self):
        pytest.importorskip("implicit")


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr("bst.baselines.als.PACKAGE", "no_such_package")
    assert ImplicitAls.obstacle(TRAINING) == "the package “no_such_package” is not installed"


@pytest.mark.parametrize("model", [ItemNeighbours, Ease])
def test_a_matrix_too_large_for_memory_is_not_made(model):
    huge = replace(TRAINING, movies=MOST_ROWS + 1)
    assert model.obstacle(huge) == "more than 20,000 movies: its matrix would not fit into memory"


def test_histories_are_cut_by_hand():
    # one user rates movies 3, 1, 3 again and 0; the other 2 alone; the third nothing
    users = histories([(3, True), (1, False), (3, False), (0, True)], [(2, True)], [], movies=4)
    assert users.likes.toarray().tolist() == [[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]]
    first, after = users.first(2), users.after(2)
    assert (first.movie.tolist(), first.offsets.tolist()) == ([3, 1, 2], [0, 2, 3, 3])
    assert (after.movie.tolist(), after.offsets.tolist()) == ([0], [0, 1, 1, 1]), "what is known is no label"
    taken = users.take(np.array([1, 0]))
    assert (taken.movie.tolist(), taken.offsets.tolist()) == ([2, 3, 1, 3, 0], [0, 1, 5])
    assert taken.liked.tolist() == [True, True, False, False, True]
