"""Stories: a person, one change and what it does to their list, told in a few steps to an audience.

``story``: what a story is; ``file`` and ``link``: as a file and as part of an address; ``cast``: its people and movies
in a catalogue; ``telling``, ``reasons`` and ``evidence``: what each step says, in computed numbers; ``builtin``: those
that come with the app.
"""

from bst.stories.builtin import STORIES
from bst.stories.cast import Cast, make_cast
from bst.stories.story import KINDS, DemographicChange, Kind, Person, RatingChange, Step, Story

__all__ = [
    "KINDS",
    "STORIES",
    "Cast",
    "DemographicChange",
    "Kind",
    "Person",
    "RatingChange",
    "Step",
    "Story",
    "make_cast",
]
