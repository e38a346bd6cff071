"""BST Studio: starts the server. ``streamlit run app.py``, from any folder."""

import os
import sys

# TensorFlow prints several lines to standard error that mean nothing to a person
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from bst.errors import BSTError
from pages.shared import admission, error_notice, public_guard, warm_up

try:
    guard = public_guard.middleware()
except BSTError as error:  # a setting that means nothing, or a Streamlit whose doors are not known
    sys.exit(f"{error}.")
app = st.App(
    "studio.py",
    lifespan=warm_up.lifespan,
    routes=[Route("/ready", warm_up.ready)],
    middleware=[*guard, Middleware(admission.Admission)],
    on_script_error=error_notice.show,
)
