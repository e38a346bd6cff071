"""What is known of single users: where it is missing, why, and how to get it."""

import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import user_results
from bst.evaluation.user_results import UserResults
from pages.evaluation import evaluation_job
from pages.shared import real_users
from pages.shared.state import session_cache

TAKES = "Takes about half a minute for a million ratings, once."


def results(bundle: Bundle, key: str, what: str) -> UserResults | None:
    """Return the results; where there are none, offer to compute them. ``what`` they are, as the subject of "are".

    None, too, where single users may not be shown.
    """
    if real_users.caption_hidden(bundle):
        return None
    path = user_results.path_of(bundle)
    written = path.stat().st_mtime_ns if path.is_file() else 0
    key_of_results = str(path), bundle.weights_sha256, written
    found = session_cache.cached("user_results", key_of_results, lambda: user_results.read(bundle))
    if found is not None:
        return found
    if bundle.simulated:
        st.markdown(f"{what} of this model are not computed yet.")
    else:
        st.markdown(
            f"{what} are about single people of the dataset. Its licence does not allow passing them on with the "
            "model, so they are computed on this computer, once, and stay here."
        )
    evaluation_job.render(bundle, "Compute them", key, TAKES, primary=True, kind="users")
    return None
