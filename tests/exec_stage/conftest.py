"""The same locks and environments as in ``tests/environments``."""

from tests.environments.conftest import (  # noqa: F401 - fixtures
    extracted_pythons,
    home,
    iniconfig,
    make_environment,
    make_lock,
    small_disk,
)
