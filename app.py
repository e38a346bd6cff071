"""BST Studio: starts the server. ``streamlit run app.py``, from any folder."""

import os

# TensorFlow prints several lines to standard error that mean nothing to a person
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import streamlit as st
from starlette.routing import Route

from pages.shared import error_notice, warm_up

app = st.App(
    "studio.py",
    lifespan=warm_up.lifespan,
    routes=[Route("/ready", warm_up.ready)],
    on_script_error=error_notice.show,
)
