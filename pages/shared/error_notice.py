"""What a page shows where an error ended it, or a part of it: a sentence, never a traceback."""

import streamlit as st

from bst import error_log
from bst.errors import BSTError, ModelServerAwayError
from pages.shared import streamlit_private
from pages.shared.format import escape_markdown, message


def show(error: Exception) -> bool:
    """Show an error; returns True, so that Streamlit does not.

    An expected error says what to do. Of any other the page shows the id under which the log has it.
    """
    if isinstance(error, ModelServerAwayError) and not streamlit_private.is_callback_of_part():
        from pages.shared import model_server  # few need it

        model_server.show_away(error)
        return True
    if isinstance(error, BSTError):
        text = message(f"{str(error).rstrip('.')}.")
    else:
        text = escape_markdown(unexpected(error, "Reload the page: what you entered stays."))
    if streamlit_private.is_callback_of_part():
        # what it draws on the page would take the place of the first thing there, which may be out of sight
        st.toast(text, icon=":material/error:", duration="infinite")
    else:
        st.error(text, icon=":material/error:")
    return True


def unexpected(error: Exception, what_to_do: str) -> str:
    """Return the message about an unexpected error, with the id under which it was logged."""
    return (
        f"Something went wrong; error {error_log.error_id(error)}. {what_to_do} If it happens again, give this number "
        "to the operator of this app: its log has the rest."
    )
