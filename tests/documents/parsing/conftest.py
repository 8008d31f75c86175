"""Fixtures of the tests of reading."""

import pytest


@pytest.fixture(autouse=True)
def how_text_is_read() -> None:
    """By real children."""
