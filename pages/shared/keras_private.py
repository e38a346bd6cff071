"""All that the app needs of Keras beyond its documented API.

Checked with the version in ``CHECKED_VERSION``: see ``tests/unit/test_private_apis.py``.
"""

CHECKED_VERSION = "3.15.1"


def disable_clear_session() -> None:
    """Stop Streamlit from clearing Keras' session after every run of a page.

    That is meant for models that are built again in every run. The app builds none, and a measurement in a thread would
    lose what it works with.
    """
    import keras  # slow; who calls this needs it anyway

    keras.backend.clear_session = lambda free_memory=True: None
