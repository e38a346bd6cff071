"""TensorFlow and Keras: loaded when a model is needed, as that takes seconds; one clear error where it fails."""

import os

from bst.errors import InstallationError

INSTALL = "python -m pip install -r requirements.txt"


def load() -> None:
    """Import TensorFlow, and Keras on top of it. Raises ``InstallationError`` with what is wrong and what to do."""
    # the models are written for TensorFlow: another program's preference for JAX or PyTorch must not apply to them
    os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        import keras
        import tensorflow
    except Exception as error:  # a broken installation raises ImportError, AttributeError, TypeError, OSError …
        raise InstallationError(
            f"TensorFlow cannot be loaded ({type(error).__name__}: {error}); install what the project needs: {INSTALL} "
            "(Python 3.11–3.13, and a processor with AVX)"
        ) from error
    if not hasattr(tensorflow, "__version__"):  # an empty folder of that name is a package, too
        raise InstallationError(f"TensorFlow is installed in part only; install it again: {INSTALL} --force-reinstall")
    if keras.backend.backend() != "tensorflow":
        raise InstallationError(
            f"Keras was loaded with {keras.backend.backend()} before, and the models need TensorFlow; start anew, "
            "without another program's Keras"
        )
