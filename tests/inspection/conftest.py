"""The same locks and environments as in ``tests/environments``, and the index of wheels."""

from tests.compile_stage.conftest import index, index_server  # noqa: F401 - fixtures
from tests.environments.conftest import (  # noqa: F401 - fixtures
    extracted_pythons,
    home,
    iniconfig,
    make_environment,
    make_lock,
    small_disk,
)
