"""How to get MovieLens 1M; licences, citations and versions."""

import platform
from collections.abc import Mapping
from importlib import metadata

import streamlit as st

from bst import datasets
from bst.bundles.bundle import Bundle
from bst.datasets import tmdb
from bst.public_mode import Feature
from bst.settings import get_settings
from pages.shared.format import escape_markdown
from pages.shared.widgets import dataset_prompt, switched_off
from pages.shared.wording import is_about_movies, say

TITLE = "Data and licences"
DATASET = "ml-1m"
PACKAGES = ("streamlit", "altair", "pandas", "numpy", "keras", "tensorflow", "tensorflow-cpu")
MOVIELENS = "MovieLens"
CITATIONS = {
    MOVIELENS: "F. Maxwell Harper and Joseph A. Konstan (2015). The MovieLens Datasets: History and Context. ACM "
    "Transactions on Interactive Intelligent Systems 5(4), article 19. https://doi.org/10.1145/2827872",
    "The Behavior Sequence Transformer": "Qiwei Chen, Huan Zhao, Wei Li, Pipei Huang and Wenwu Ou (2019). Behavior "
    "Sequence Transformer for E-commerce Recommendation in Alibaba. https://arxiv.org/abs/1905.06874",
}


def render(bundle: Bundle) -> None:
    """Draw the section."""
    left, right = st.columns(2, gap="large")
    with left:
        if is_about_movies():
            _draw_dataset()
        _draw_versions(bundle)
    with right:
        _draw_licences(bundle)
        _draw_citations()


def _draw_dataset() -> None:
    source = datasets.SOURCES[DATASET]
    st.header(f"Get {source.title}", anchor=False)
    if folder := datasets.find(DATASET):
        st.markdown(
            f"{source.title} is on this computer: {source.users:,} users, {source.movies:,} movies, "
            f"{source.ratings:,} ratings."
        )
        if not switched_off.caption(Feature.PATHS):
            st.caption(escape_markdown(str(folder)))
        return
    st.markdown(
        "Without it, the app shows the demo world, whose audience is simulated; with it, ratings by real people. It is "
        "downloaded from GroupLens and stays on this computer."
    )
    dataset_prompt.offer(DATASET)


def _draw_licences(bundle: Bundle) -> None:
    st.header("Licences", anchor=False)
    if get_settings().tmdb_key and is_about_movies():
        st.markdown(
            say(
                f"**Posters**: from [The Movie Database](https://www.themoviedb.org). {tmdb.NOTICE} Your browser loads "
                "them from there. Without BST_TMDB_KEY, they are drawn here."
            )
        )
        st.markdown(say("**The app**: MIT, see the file LICENSE. Beside posters, it asks for nothing."))
    else:
        st.markdown("**The app**: MIT, see the file LICENSE. It sends nothing anywhere and works without a network.")
    for name in dict.fromkeys((bundle.dataset, *((DATASET, "demo") if is_about_movies() else ()))):
        if name in datasets.SOURCES:
            st.markdown(
                f"**{escape_markdown(datasets.SOURCES[name].title)}**: {escape_markdown(datasets.licence_text(name))}"
            )


def _draw_citations() -> None:
    st.header("Please cite", anchor=False)
    for work, citation in CITATIONS.items():
        if work == MOVIELENS and not is_about_movies():
            continue
        st.markdown(f"**{work}**: {citation}")


def _draw_versions(bundle: Bundle) -> None:
    st.header("Versions", anchor=False)
    installed = {name: version for name in PACKAGES if (version := _installed_version(name))}
    st.markdown(f"**Installed here**: {_list_versions({'Python': platform.python_version()} | installed)}.")
    if bundle.versions:
        st.markdown(
            f"**The chosen model was trained with**: {_list_versions(bundle.versions)}, on "
            f"{escape_markdown(bundle.created)}."
        )


def _list_versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{escape_markdown(name)} {escape_markdown(str(version))}" for name, version in versions.items())


def _installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
