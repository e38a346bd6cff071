"""Who this browser is to training runs: a random number that it keeps as a cookie from its first training on.

A reload has a new session, but the same cookies, so a run stays its own. Where a browser keeps no cookie, the run
counts as someone else's after a reload, and ending it needs a confirmation. Only a digest of the number is written
down: who reads it cannot pass for the owner.
"""

import hashlib
import re
import secrets

import streamlit as st

COOKIE = "bst_owner"
_SECRET = re.compile(r"[0-9a-f]{32}")


def key() -> str | None:
    """Return what this browser is known by to its runs (see ``bst.training.ownership``); None if it has none yet."""
    secret = _secret()
    return None if secret is None else hashlib.sha256(secret.encode()).hexdigest()[:32]


def claim() -> str:
    """Return ``key``, which this browser has from now on. The next run of the page gives it the cookie."""
    st.session_state["owner"] = _secret() or secrets.token_hex(16)
    return str(key())


def cookie() -> str | None:
    """Return the cookie that the browser is to keep, once it has started a run in this session."""
    secret = st.session_state.get("owner")
    return f"{COOKIE}={secret}" if secret else None


def _secret() -> str | None:
    secret = st.session_state.get("owner") or st.context.cookies.get(COOKIE, "")
    return secret if _SECRET.fullmatch(secret) else None
