"""What travels between machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from condavision.cluster.task import File, Job, Limits, Outcome, Reason, Task

VALUES = [
    Job("/p/a.py", "/p", "ab", "cd", "/r/running", limits=Limits(2.5, 1, 10)),
    Job("/p/a.py", "/p", "ab", "cd", "/r/running", "/p/locks", "/v"),
    Task(7, "ab-cd", ("--x", "ü"), b"\xff", ("/p/x.csv",)),
    Task(0, "ab-cd"),
    Outcome(3, 1, stdout=File("stdout", 2, b"\xff\n"), files=(File("work/a", 9),), folder="/r/3"),
    Outcome(4, reason=Reason.WORKER_LOST, detail="gone", seconds=1.5, host="n1"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_survive_the_way_as_plain_data(value: Any) -> None:
    plain = value.to_plain()
    json.dumps(plain, default=bytes.hex)  # nothing but what every reader knows
    assert type(value).of_plain(plain) == value
