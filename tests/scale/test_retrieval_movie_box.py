"""The box to choose a movie in, of a large catalogue: a field for its title, and what the search finds."""

import pytest
from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow


def page():
    import pandas as pd
    import streamlit as st

    from bst.datasets.catalogue import Catalogue
    from pages.shared.widgets import movie_box

    titles = ["Amber Fjord (1999)", "Birch Haven (2000)", "Amber Grove (2001)", "Cedar Inlet (2002)"]
    movies = pd.DataFrame({"movie_id": [10, 20, 30, 40], "title": titles})
    catalogue = Catalogue(movies)
    chosen = movie_box.selectbox(
        catalogue,
        "Movie",
        list(catalogue.titles),
        index=None,
        format_func=catalogue.search_labels.__getitem__,
        key="box",
    )
    st.write(f"chosen {chosen}")


def test_a_small_catalogue_is_offered_whole():
    app = AppTest.from_function(page).run()
    assert app.selectbox(key="box").options == [
        "Amber Fjord (1999)",
        "Birch Haven (2000)",
        "Amber Grove (2001)",
        "Cedar Inlet (2002)",
    ]
    assert not app.text_input


def test_of_a_large_one_what_is_found_is_offered(monkeypatch):
    from bst.datasets import catalogue
    from pages.shared.widgets import movie_box

    monkeypatch.setattr(movie_box, "MOST_OFFERED", 2)
    monkeypatch.setattr(catalogue, "MOST_COMPARED", 2)
    app = AppTest.from_function(page).run()
    assert app.selectbox(key="box").options == []
    app.text_input(key="box_search").input("amber").run()
    assert app.selectbox(key="box").options == ["Amber Fjord (1999)", "Amber Grove (2001)"]
    app.selectbox(key="box").select(30).run()
    assert "chosen 30" in app.markdown[-1].value
    # what is chosen stays chosen, whatever is searched for then
    app.text_input(key="box_search").input("cedar").run()
    assert app.selectbox(key="box").options == ["Amber Grove (2001)", "Cedar Inlet (2002)"]
    assert "chosen 30" in app.markdown[-1].value
    assert not app.exception
