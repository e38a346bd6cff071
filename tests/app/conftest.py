"""The app without a browser: each test gets a fresh session on the embedded demo bundle."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def app() -> AppTest:
    """The app as a newcomer finds it, after the model has been loaded."""
    return start()


def start() -> AppTest:
    """Open the app in a new session that has looked up the bundles anew."""
    st.cache_data.clear()
    return AppTest.from_file(str(APP), default_timeout=120).run()


def headline(app: AppTest) -> str:
    """The sentence on top, without its escapes."""
    return app.title[0].value.replace("\\", "")


def shown_titles(app: AppTest) -> list[str]:
    """The titles of the ranked list, best first."""
    return app.dataframe[0].value["title"].tolist()
