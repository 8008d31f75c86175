"""What ``app.py`` takes away from Streamlit is where it expects it: another version may have it elsewhere."""

from __future__ import annotations

from streamlit import config
from streamlit.runtime.pages_manager import PagesManager


def test_options_are_read_under_the_one_lock(monkeypatch):
    taken = []

    class Lock:
        def __enter__(self):
            taken.append(1)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(config, "_config_lock", Lock())
    assert isinstance(config.get_option("server.port"), int)
    assert taken == [1]


def test_the_pages_folder_is_asked_for_by_this_name():
    assert hasattr(PagesManager, "uses_pages_directory")
