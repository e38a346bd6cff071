"""Edit a story: its person, the change, the steps and their texts; save it as a file, and open one."""

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.domain import DEMOGRAPHICS, MOVIES, DemographicName, DemographicValue
from bst.errors import BSTError
from bst.public_mode import Feature
from bst.stories import DemographicChange, RatingChange, Story, make_cast
from bst.stories.file import SUFFIX, read_story, write_story
from bst.stories.story import MOST_NAME, MOST_TITLE, MOST_WATCHED
from pages.shared import resources
from pages.shared.format import escape_markdown, message, stars
from pages.shared.state import chosen_model, visitor_state
from pages.shared.state.controlled import controlled
from pages.shared.widgets import movie_box, page_frame, switched_off, toolbar
from pages.story import ending, state, step_editor
from pages.story.state import Shown

MIN_COLUMN_WIDTH = 320
NEW_RATING = 4.0
NOTHING, RATING = "nothing", "rating"


def render(shown: Shown) -> None:
    """Draw the editor: the story on the left, its steps on the right."""
    bundle = chosen_model.bundle()
    catalogue, levels = resources.catalogue(bundle.dataset), bundle.levels
    st.title(escape_markdown(f"Edit “{shown.story.title}”"), anchor=False)
    _draw_buttons(shown)
    _draw_problems(shown, catalogue, levels)
    grid = st.grid(2, min_column_width=MIN_COLUMN_WIDTH)
    with grid.cell():
        _draw_person(shown.story, catalogue, levels)
        _draw_change(shown.story, catalogue, levels)
    with grid.cell():
        step_editor.render(shown.story)


def _draw_buttons(shown: Shown) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        st.button(
            "Present",
            key="story_present",
            type="primary",
            icon=":material/slideshow:",
            on_click=state.present,
        )
        if shown.index:
            st.button(
                f"Present from step {shown.index + 1}",
                key="story_present_here",
                icon=":material/play_arrow:",
                on_click=state.present,
                args=(shown.index,),
            )
        st.menu_button(
            "Other stories",
            list(range(len(state.all_stories()))),
            key="story_other",
            icon=":material/library_books:",
            format_func=lambda index: escape_markdown(ending.name(state.all_stories()[index])),
            on_click=lambda: state.open_story(state.all_stories()[st.session_state["story_other"]], editing=True),
        )
        with st.popover("Open a file", icon=":material/folder_open:", key="story_open"):
            _draw_opening()
        file = f"{_file_name(shown.story)}{SUFFIX}"
        st.download_button(
            "Save as a file",
            write_story(shown.story),
            file,
            "application/json",
            key="story_save",
            icon=":material/download:",
            on_click=_confirm_saved,
            args=(file,),
        )
        with st.popover("Share", icon=":material/share:", key="story_share"):
            if shown.name == state.OWN:
                st.markdown("This story is too long for a link. Save it as a file, and pass that on.")
            else:
                address = state.link_to_present()
                st.markdown("**A link to this story:** it opens the first step, full screen.")
                st.code(address, language=None, wrap_lines=True)
                st.caption(toolbar.reach(address))
    if shown.story in state.own_stories():
        st.caption("Your stories are under “Other stories” until you close this tab. A file keeps one for longer.")


def _confirm_saved(file: str) -> None:
    st.toast(
        escape_markdown(f"Saved as {file} in your downloads. “Open a file” brings it back."),
        icon=":material/check:",
    )


def _file_name(story: Story) -> str:
    words = "".join(character if character.isalnum() else " " for character in story.title.lower()).split()
    return "-".join(words) or "story"


def _draw_opening() -> None:
    if switched_off.caption(Feature.STORY_FILES):
        return
    file = st.file_uploader("A story that was saved as a file", type=[SUFFIX.removeprefix(".")], key="story_file")
    if file is None:
        return
    try:
        story = read_story(file.getvalue())
    except BSTError as error:
        st.error(f"{escape_markdown(f'{file.name}: {error}'.rstrip('.'))}.", icon=":material/error:")
        st.caption("Nothing was changed.")
        return
    st.button(
        escape_markdown(f"Open “{story.title}”"),
        key="story_take_file",
        icon=":material/check:",
        on_click=state.open_story,
        args=(story, True),
    )


def _draw_problems(shown: Shown, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    """Say what is wrong with the link, with the latest change, or with the story on this dataset."""
    for problem in filter(None, (shown.problem, state.take_problem())):
        st.error(f"{escape_markdown(problem.rstrip('.'))}.", icon=":material/error:")
    try:
        cast = make_cast(shown.story, catalogue, levels)
    except BSTError as error:
        st.warning(f"{message(str(error).rstrip('.'))}.", icon=":material/warning:")
        return
    if cast.missing:
        st.warning(
            f"Not in this dataset, and left out: {escape_markdown(', '.join(cast.missing))}.",
            icon=":material/warning:",
        )


def _draw_person(story: Story, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    person = story.person
    with st.container(border=True):
        st.header("The story and its person", anchor=False)
        with st.container(horizontal=True):
            st.text_input("Title", max_chars=MOST_TITLE, **controlled("story_title", story.title, _set_title))
            st.text_input(
                "Name",
                max_chars=MOST_NAME,
                **controlled("story_name", person.name, lambda name: _set_person(name=name)),
            )
        with st.container(horizontal=True, gap="xsmall"):
            for name, demographic in DEMOGRAPHICS.items():
                st.selectbox(
                    demographic.label.capitalize(),
                    [None, *demographic.values],
                    format_func=demographic.value_label,
                    **controlled(f"story_{name}", person.demographics.get(name), partial(_set_demographic, name)),
                )
        st.markdown("**What they watched**, oldest first")
        _draw_watched(story, catalogue, levels)
        st.button(
            "Take the visitor of the lab",
            key="story_visitor",
            icon=":material/person:",
            help="Their sex, age group and occupation, and the newest movies that they rated",
            on_click=_take_visitor,
            args=(catalogue,),
        )


def _set_title(title: str) -> None:
    state.edit(lambda story: replace(story, title=title))


def _set_person(**values: Any) -> None:
    state.edit(lambda story: replace(story, person=replace(story.person, **values)))


def _set_demographic(name: DemographicName, value: DemographicValue | None) -> None:
    known = state.shown().story.person.demographics
    _set_person(demographics={**known, name: value})


def _draw_watched(story: Story, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    for index, (movie, rating) in enumerate(story.person.watched):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
            st.markdown(escape_markdown(movie), width="stretch")
            st.selectbox(
                f"Rating of {escape_markdown(movie)}",
                levels if rating in levels else sorted({*levels, rating}),
                format_func=stars,
                label_visibility="collapsed",
                width=90,
                **controlled(f"story_rating_{index}", rating, partial(_rate, index)),
            )
            with st.container(width="content", key=f"{page_frame.ICONS_ONLY}story_movie_{index}"):
                st.button(
                    escape_markdown(f"Remove {movie}"),
                    key=f"story_remove_{index}",
                    icon=":material/delete:",
                    help=escape_markdown(f"Remove {movie}"),
                    type="tertiary",
                    on_click=_remove,
                    args=(index,),
                )
    if len(story.person.watched) < MOST_WATCHED:
        _draw_search(catalogue, "story_add", "Add a movie", _add)


def _draw_search(catalogue: Catalogue, key: str, label: str, on_pick: Any) -> None:
    def pick() -> None:
        movie_id, st.session_state[key] = st.session_state[key], None
        if movie_id is not None:
            on_pick(catalogue.title(movie_id))

    movie_box.selectbox(
        catalogue,
        label,
        index=None,
        placeholder=f"{label} …",
        key=key,
        on_change=pick,
        label_visibility="collapsed",
    )


def _rate(index: int, rating: float) -> None:
    watched = list(state.shown().story.person.watched)
    watched[index] = watched[index][0], rating
    _set_person(watched=tuple(watched))


def _remove(index: int) -> None:
    watched = list(state.shown().story.person.watched)
    del watched[index]
    _set_person(watched=tuple(watched))


def _add(movie: str) -> None:
    _set_person(watched=(*state.shown().story.person.watched, (movie, NEW_RATING)))


def _take_visitor(catalogue: Catalogue) -> None:
    visitor = visitor_state.current()
    watched = tuple((catalogue.title(event.movie_id), event.rating) for event in visitor.history[-MOST_WATCHED:])
    _set_person(demographics=MOVIES.known(visitor.demographics), watched=watched)


# ---- the change


def _draw_change(story: Story, catalogue: Catalogue, levels: tuple[float, ...]) -> None:
    change = story.change
    kind = NOTHING if change is None else RATING if isinstance(change, RatingChange) else change.name
    labels: dict[str, str] = {
        RATING: "A movie’s rating",
        **{str(name): d.label.capitalize() for name, d in DEMOGRAPHICS.items()},
    }
    labels[NOTHING] = "Nothing"
    with st.container(border=True):
        st.header("What changes", anchor=False)
        with st.container(horizontal=True):
            st.selectbox(
                "What changes",
                list(labels),
                format_func=labels.__getitem__,
                **controlled("story_change", kind, partial(_set_change, catalogue)),
            )
            if isinstance(change, RatingChange):
                st.selectbox(
                    "New rating",
                    levels if change.rating in levels else sorted({*levels, change.rating}),
                    format_func=stars,
                    **controlled("story_new_rating", change.rating, lambda rating: _set_rating(rating=rating)),
                )
            elif change:
                demographic = DEMOGRAPHICS[change.name]
                st.selectbox(
                    "New value",
                    [None, *demographic.values],
                    format_func=demographic.value_label,
                    **controlled("story_new_value", change.value, partial(_set_new_value, change.name)),
                )
        if isinstance(change, RatingChange):
            label = "Movie whose rating changes; one they have not watched is added"
            _draw_movie(label, change.movie, catalogue, lambda movie: _set_rating(movie=movie))
        _draw_movie("Movie to explain", story.explained, catalogue, _set_explained, "The movie that moves most")


def _draw_movie(label: str, title: str, catalogue: Catalogue, on_pick: Any, none: str = "") -> None:
    """Draw the choice of a movie by its title; a title that the dataset lacks stays until another is chosen."""
    titles = list(catalogue.titles.values())
    options = [*([""] if none else []), *([title] if title and title not in titles else []), *titles]
    st.selectbox(
        label,
        options,
        format_func=lambda name: name or none,
        **controlled(f"story_movie_{bool(none)}", title, on_pick),
    )


def _set_change(catalogue: Catalogue, kind: str) -> None:
    state.edit(lambda story: replace(story, change=_first_change(story, catalogue, kind)))


def _first_change(story: Story, catalogue: Catalogue, kind: str) -> RatingChange | DemographicChange | None:
    """Return a change of a kind to start from."""
    if kind == NOTHING:
        return None
    if kind == RATING:
        newest = story.person.watched[-1][0] if story.person.watched else next(iter(catalogue.titles.values()))
        return RatingChange(newest, 1.0)
    name: DemographicName = next(name for name in DEMOGRAPHICS if name == kind)
    others = [value for value in DEMOGRAPHICS[name].values if value != story.person.demographics.get(name)]
    return DemographicChange(name, others[0])


def _set_rating(**values: Any) -> None:
    def change(story: Story) -> Story:
        return replace(story, change=replace(story.change, **values)) if story.change else story

    state.edit(change)


def _set_new_value(name: DemographicName, value: DemographicValue | None) -> None:
    state.edit(lambda story: replace(story, change=DemographicChange(name, value)))


def _set_explained(movie: str) -> None:
    state.edit(lambda story: replace(story, explained=movie))
