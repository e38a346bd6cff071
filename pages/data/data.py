"""Data: what the chosen model was made from, and what its figures rest on."""

import streamlit as st

from pages.data import group_tastes, loaded, movie, movies, planted, ratings, sentences, timestamps
from pages.shared import resources
from pages.shared.format import escape_markdown


def render() -> None:
    """Draw the page: the sentence, the counts, and one section at a time."""
    bundle = resources.chosen()
    seen = loaded.ready()
    if seen is None:
        loaded.load()
        return
    counts = seen.profile.counts
    st.title(sentences.headline(bundle, counts), anchor=False)
    days = (
        f", from {sentences.day(counts.first)} to {sentences.day(counts.last)}" if seen.profile.ties.has_times else ""
    )
    st.caption(f"{escape_markdown(bundle.dataset_title)}{days}.")
    if seen.profile.notes:
        st.caption(escape_markdown(f"Assumed when its files were read: {' '.join(seen.profile.notes)}"))
    _draw_counts(seen)
    sections = {
        "Ratings": lambda: ratings.render(seen),
        "Movies": lambda: movies.render(seen),
        "Who likes what": lambda: group_tastes.render(bundle, seen),
        "What order means": lambda: timestamps.render(bundle, seen),
        "One movie": lambda: movie.render(bundle, seen),
    }
    if not seen.profile.tastes:  # nobody's sex, age or occupation is known
        del sections["Who likes what"]
    if bundle.dataset == planted.DATASET:
        sections["What was planted"] = lambda: planted.render(seen)
    # what is not looked at is not drawn
    tabs = st.tabs(list(sections), key=f"data_tabs_{len(sections)}", on_change="rerun")
    for tab, section in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                section()


def _draw_counts(seen: loaded.Seen) -> None:
    counts = seen.profile.counts
    with st.container(horizontal=True, gap="medium"):
        for label, value, meaning in (
            ("Mean rating", f"{counts.mean:.2f} ★", None),
            (
                "Ratings a person",
                f"{counts.ratings_per_user[1]:,.0f}",
                sentences.spread(counts.ratings_per_user, "one person"),
            ),
            (
                "Ratings a movie",
                f"{counts.ratings_per_movie[1]:,.0f}",
                sentences.spread(counts.ratings_per_movie, "one movie"),
            ),
            ("Filled", f"{counts.density:.1%}", "The share of all pairs of a person and a movie that are rated."),
        ):
            st.metric(label, value, help=meaning, width="content")


render()
