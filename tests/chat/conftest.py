"""Fixtures of the tests of answers."""

from __future__ import annotations

import pytest

from stc.services import Services
from tests.chat.library import FERRY, add


@pytest.fixture
def ferry(services: Services) -> str:
    """The id of a document about a ferry and a lighthouse, read and ready."""
    return add(services, "ferry.md", FERRY)
