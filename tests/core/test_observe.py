"""A log line cannot carry a person."""

from __future__ import annotations

import io
import json

import structlog
from hypothesis import given
from hypothesis import strategies as st

from counterseal.observe import ALLOWED_KEYS, only_allowed, set_up_logs


def test_a_careless_line_that_names_a_person():
    stream = io.StringIO()
    set_up_logs(stream)

    structlog.get_logger().info("row.looked-at", rows=3, given_name="ZEBULON", tin="900-70-0000")

    line = json.loads(stream.getvalue())
    assert line["rows"] == 3
    assert line["dropped"] == 2
    assert "ZEBULON" not in stream.getvalue()


@given(st.dictionaries(st.text(), st.text()))
def test_a_key_that_is_not_on_the_list(event: dict[str, str]):
    assert set(only_allowed(None, "info", dict(event))) <= ALLOWED_KEYS | {"dropped"}
