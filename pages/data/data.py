"""Data: what the chosen model was trained on, and what its metrics rest on."""

import streamlit as st

from bst.datasets.profile import Counts
from pages.data import group_tastes, movie, movies, planted, ratings, sentences, timestamps
from pages.shared import dataset_profiles
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model
from pages.shared.wording import say


def render() -> None:
    """Draw the page: the sentence, the counts, and the section that is open."""
    bundle = chosen_model.bundle()
    loaded = dataset_profiles.get()
    if loaded is None:
        dataset_profiles.load()
        return
    profile = loaded.profile
    st.title(sentences.headline(bundle, profile.counts), anchor=False)
    st.caption(escape_markdown(sentences.title_and_days(bundle, profile)))
    if profile.notes:
        st.caption(escape_markdown(f"Assumed when its files were read: {' '.join(profile.notes)}"))
    _draw_counts(profile.counts)
    sections = {
        say(ratings.TITLE): lambda: ratings.render(profile),
        say(movies.TITLE): lambda: movies.render(profile),
        group_tastes.TITLE: lambda: group_tastes.render(profile),
        timestamps.TITLE: lambda: timestamps.render(bundle, profile),
        say(movie.TITLE): lambda: movie.render(bundle, loaded),
        planted.TITLE: lambda: planted.render(profile),
    }
    if not profile.tastes:  # no user's sex, age or occupation is known
        del sections[group_tastes.TITLE]
    if not bundle.domain.rated:
        del sections[say(movie.TITLE)]  # how one was rated
    if bundle.dataset != planted.DATASET:
        del sections[planted.TITLE]
    # only the open section is drawn
    tabs = st.tabs(list(sections), key=f"data_tabs_{len(sections)}", on_change="rerun")
    for tab, draw_section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                draw_section()


def _draw_counts(counts: Counts) -> None:
    with st.container(horizontal=True, gap="medium"):
        if chosen_model.domain().rated:
            st.metric("Mean rating", f"{counts.mean:.2f} ★", width="content")
        for noun, low_median_high in (("user", counts.ratings_per_user), ("movie", counts.ratings_per_movie)):
            st.metric(
                say(f"Ratings per {noun}"),
                f"{low_median_high[1]:,.0f}",
                help=sentences.median_and_range(low_median_high, noun),
                width="content",
            )
        st.metric(
            "Density",
            f"{counts.density:.1%}",
            help=say("The share of all pairs of a user and a movie that have a rating."),
            width="content",
        )


render()
