"""The stories that come with the app. Each moves the list visibly on the demo world and on MovieLens 1M."""

from collections.abc import Mapping

from bst.stories.story import DemographicChange, Person, RatingChange, Story

# by the name that addresses have for them; the first is told first
STORIES: Mapping[str, Story] = {
    "one-star": Story(
        "One star",
        Person(
            "Sam",
            {"sex": "M", "age": 25, "occupation": "programmer"},
            (
                ("The Matrix (1999)", 5),
                ("Casablanca (1942)", 4),
                ("Pulp Fiction (1994)", 2),
                ("Rear Window (1954)", 4),
            ),
        ),
        RatingChange("The Matrix (1999)", 1),
    ),
    "who-you-are": Story(
        "Who you are",
        Person(
            "Kim",
            {"sex": "F", "age": 1},
            (("Toy Story (1995)", 4),),
        ),
        DemographicChange("age", 56),
    ),
    "a-stranger": Story("A stranger", Person("Alex"), RatingChange("Blade Runner (1982)", 5)),
}
