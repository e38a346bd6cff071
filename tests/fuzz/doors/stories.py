"""Stories that somebody wrote or passed on: as files and as part of an address."""

import json
from typing import Any

from hypothesis import strategies as st

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.errors import StoryError
from bst.packing import pack
from bst.schema import WHOLE_STARS
from bst.stories import STORIES, make_cast
from bst.stories.file import read_story, to_json, write_story
from bst.stories.link import VERSION, decode, encode
from tests.fuzz.door import Door
from tests.fuzz.mutations import any_of, damaged_json, json_values, odd_text
from tests.fuzz.outcome import require_clear, require_equal

CATALOGUE = Catalogue(load_movies("demo"))
LONG = to_json(STORIES["one-star"]) | {
    "explained": "Alien (1979)",
    "steps": [{"show": "person", "headline": "Who"}, {"show": "change", "caption": "What"}, {"show": "moves"}],
}
SAMPLES = [to_json(story) for story in STORIES.values()] + [LONG]
FILES = [json.dumps(values, ensure_ascii=False).encode() for values in SAMPLES]

any_values = st.sampled_from(SAMPLES) | st.sampled_from(SAMPLES).flatmap(damaged_json) | json_values


class Stories(Door):
    """Every story that is read says what its file says; every other one is refused in a line that names the field."""

    name = "stories"
    inputs = st.one_of(
        any_values,
        any_values,
        any_of(FILES),
        odd_text,
        any_values.map(lambda values: f"{VERSION}.{pack(values)}"),
        st.binary(max_size=100),
    )

    def open(self) -> None:
        """Nothing to prepare."""

    def check(self, given: Any) -> bool:
        """Read a story from a file (bytes, or values) or an address (text), and cast it."""
        try:
            if isinstance(given, str):
                story = decode(given)
            else:
                story = read_story(given if isinstance(given, bytes) else json.dumps(given))
        except StoryError as error:
            require_clear(error)
            return False
        require_equal(read_story(write_story(story)), story, "the same story, written again")
        if (text := encode(story)) is not None:
            require_equal(decode(text), story, "the same story, as an address")
        if isinstance(given, dict):
            watched = given["person"].get("watched") or []
            require_equal(
                [stars for _, stars in story.person.watched], [event["rating"] for event in watched], "ratings"
            )
        try:
            cast = make_cast(story, CATALOGUE, WHOLE_STARS)
        except StoryError as error:
            require_clear(error)
            return True
        require_equal({*cast.after.all_seen} <= CATALOGUE.titles.keys(), True, "movies of the catalogue")
        return True
