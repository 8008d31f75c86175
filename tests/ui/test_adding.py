"""When the page around the progress of files is drawn anew."""

from __future__ import annotations

import pytest

from stc.ui import adding, library
from stc.words import Document, DocumentStatus


class Redrawn(Exception):
    pass


@pytest.fixture
def look(services, monkeypatch):
    """Look how far these documents are, on the one page that is open, drawn long ago."""

    def redrawn() -> None:
        raise Redrawn

    monkeypatch.setattr(adding, "_looking", {})
    monkeypatch.setattr(adding.st, "rerun", redrawn)
    monkeypatch.setattr(adding.st, "session_state", {"progress-drawn": float("-inf")})
    waiting = {"long"}

    def look_at(**status: DocumentStatus) -> None:
        arriving = [
            Document(name, "local", f"{name}.pdf", "application/pdf", 9, name, 1.0, 1.0, status=one)
            for name, one in status.items()
        ]
        monkeypatch.setattr(library, "arriving", lambda of: arriving)
        adding._progress(services, waiting)

    return look_at


def test_the_page_is_drawn_when_one_of_its_files_is_ready_and_when_all_are(look):
    look(long="reading")
    with pytest.raises(Redrawn):
        look(long="ready", other="reading")
    with pytest.raises(Redrawn):
        look()


def test_the_page_is_drawn_for_a_file_that_came_from_elsewhere_meanwhile(look):
    look(long="reading")
    look(long="reading", short="reading")
    with pytest.raises(Redrawn):
        look(long="reading", short="ready")


def test_a_page_that_goes_on_looking_stays_counted(look):
    look(long="reading")
    before = dict(adding._looking)
    look(long="reading")
    assert adding._looking.keys() == before.keys()
    assert adding._looking != before, "it has looked again"


def test_with_many_pages_only_the_one_that_brought_a_file_is_drawn_soon(look, monkeypatch):
    for number in range(50):
        adding._looking[f"page {number}"] = adding.time.monotonic()
    state = adding.st.session_state
    state["progress-drawn"] = adding.time.monotonic() - 10.0
    look(long="ready", other="reading")
    adding._added_here("long")
    with pytest.raises(Redrawn):
        look(long="ready", other="reading")
    state["added-here"] = {"another"}
    state["progress-drawn"] -= 100.0
    with pytest.raises(Redrawn):
        look(long="ready", other="reading")
