"""The small worlds and models of the unit tests, for what serves large data."""

from tests.unit.conftest import (  # noqa: F401 - fixtures
    orderly,
    orderly_dir,
    own_folders,
    run,
    timeline_bundle,
    timeline_settings,
    trained_timeline,
    world_dir,
)
