"""BST Studio: starts the server. ``streamlit run app.py``, from any folder."""

import os

# TensorFlow prints several lines to standard error that mean nothing to a person
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import streamlit as st

from pages.shared import warm_up

app = st.App("studio.py", lifespan=warm_up.lifespan)
