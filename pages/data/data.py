"""Data: what the chosen model was trained on, and what its metrics rest on."""

import streamlit as st

from pages.data import group_tastes, movie, movies, planted, ratings, sentences, timestamps
from pages.shared import dataset_profiles, resources
from pages.shared.dataset_profiles import LoadedProfile
from pages.shared.format import escape_markdown


def render() -> None:
    """Draw the page: the sentence, the counts, and the section that is open."""
    bundle = resources.chosen()
    loaded = dataset_profiles.get()
    if loaded is None:
        dataset_profiles.load()
        return
    profile = loaded.profile
    st.title(sentences.headline(bundle, profile.counts), anchor=False)
    st.caption(escape_markdown(sentences.title_and_days(bundle, profile)))
    if profile.notes:
        st.caption(escape_markdown(f"Assumed when its files were read: {' '.join(profile.notes)}"))
    _draw_counts(loaded)
    sections = {
        ratings.TITLE: lambda: ratings.render(profile),
        movies.TITLE: lambda: movies.render(profile),
        group_tastes.TITLE: lambda: group_tastes.render(profile),
        timestamps.TITLE: lambda: timestamps.render(bundle, profile),
        movie.TITLE: lambda: movie.render(bundle, loaded),
        planted.TITLE: lambda: planted.render(profile),
    }
    if not profile.tastes:  # nobody's sex, age or occupation is known
        del sections[group_tastes.TITLE]
    if bundle.dataset != planted.DATASET:
        del sections[planted.TITLE]
    # only the open section is drawn
    tabs = st.tabs(list(sections), key=f"data_tabs_{len(sections)}", on_change="rerun")
    for tab, draw_section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                draw_section()


def _draw_counts(loaded: LoadedProfile) -> None:
    counts = loaded.profile.counts
    with st.container(horizontal=True, gap="medium"):
        for label, value, meaning in (
            ("Mean rating", f"{counts.mean:.2f} ★", None),
            ("Ratings per user", f"{counts.a_user[1]:,.0f}", sentences.median_and_range(counts.a_user, "user")),
            ("Ratings per movie", f"{counts.a_movie[1]:,.0f}", sentences.median_and_range(counts.a_movie, "movie")),
            ("Density", f"{counts.filled:.1%}", "The share of all pairs of a user and a movie that have a rating."),
        ):
            st.metric(label, value, help=meaning, width="content")


render()
