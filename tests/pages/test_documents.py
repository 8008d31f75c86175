from __future__ import annotations

import pytest

from stc.documents import ingest
from stc.sleep import run
from stc.storage import documents as document_rows
from stc.ui import library
from tests.pages.conftest import LIGHTHOUSE, all_text, button


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/documents.py").run()


def test_an_empty_page_says_so_and_takes_several_files_at_once(page, services):
    assert "Nothing here yet" in all_text(page)
    page.file_uploader[0].upload("a.md", LIGHTHOUSE.encode(), "text/markdown")
    page.file_uploader[0].upload("b.txt", b"The mill was built in 1750.", "text/plain").run()
    assert not page.exception
    assert {document.name for document in library.documents(services)} == {"a.md", "b.txt"}
    assert len(page.get("progress")) == 1, "one total"
    shown = all_text(page)
    assert "a.md :gray[· waiting to be read]" in shown
    ingest.process_pending(services)
    page.run()
    assert not page.get("progress")
    assert [one.label for one in page.button if one.label == "Ask"] == ["Ask", "Ask"]


def test_progress_tells_the_stage_of_each_document_and_survives_a_new_visit(page, services, app):
    page.file_uploader[0].upload("a.md", LIGHTHOUSE.encode(), "text/markdown").run()
    document = library.documents(services)[0]
    with services.database.write() as connection:
        document_rows.change(connection, document.id, stage_done=11, stage_total=160)
    from streamlit.testing.v1 import AppTest

    visit = AppTest.from_file(app._script_path, default_timeout=30).run().switch_page("pages/documents.py").run()
    assert "reading section 12 of 160" in all_text(visit)
    with services.database.write() as connection:
        document_rows.change(connection, document.id, status="embedding", stage_done=80, stage_total=400)
    assert "embedding 80 of 400" in all_text(visit.run())


def test_the_same_bytes_again_are_already_here(page, add, services):
    add()
    page.run()
    page.file_uploader[0].upload("other name.md", LIGHTHOUSE.encode(), "text/markdown").run()
    assert [one.value.replace("\\", "") for one in page.info] == ["other name.md is already here, as lighthouse.md."]
    assert not page.error
    assert len(library.documents(services)) == 1
    assert not page.run().info, "it is said once"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "The file is empty"),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n" + b"0" * 100, "could not be added"),
        ("table.xlsx", b"PK\x03\x04" + b"0" * 100, "could not be added"),
    ],
)
def test_a_file_that_is_not_taken_leaves_a_line_to_dismiss(page, services, name, content, reason):
    page.file_uploader[0].upload(name, content, "application/octet-stream").run()
    assert not page.exception
    shown = all_text(page)
    assert name in shown
    assert reason in shown
    assert library.documents(services) == []
    button(page, "Dismiss").click().run()
    assert name not in all_text(page)


def test_what_may_be_done_with_a_document_is_set_beside_it(page, add, services):
    document_id = add()
    page.run()
    button(page, "Options").click().run()
    page.toggle(key=f"keep_local-{document_id}").set_value(True).run()
    page.toggle(key=f"prepare-{document_id}").set_value(False).run()
    document = library.document(services, document_id)
    assert (document.keep_local, document.prepare) == (True, False)
    page.run()
    shown = all_text(page)
    assert "Kept on this computer" in shown
    assert "Not prepared in the background" in shown


def test_a_document_is_deleted_after_a_second_word(page, add, services):
    document_id = add()
    path = services.files.path(library.document(services, document_id).content_hash)
    page.run()
    button(page, "Options").click().run()
    button(page, "Delete this document").click().run()
    assert library.documents(services)
    button(page, "Yes, delete it").click().run()
    assert library.documents(services) == []
    assert not path.exists()
    assert not page.exception


def test_many_documents_come_in_pages_and_can_be_found_by_name(page, add, services):
    for number in range(24):
        add(f"Contract {number:02d}.md", f"# Contract {number}\n\nParty {number} pays ${number} a month.\n")
    add("A" * 300 + " [x](http://evil.test).md", "# Long\n\nA long name has this one.\n")
    page.run()
    assert not page.exception
    assert sum(one.label == "Ask" for one in page.button) == 20
    page.get("pagination")[0].set_value(2).run()
    assert sum(one.label == "Ask" for one in page.button) == 5
    page.text_input(key="find").set_value("contract 0").run()
    assert sum(one.label == "Ask" for one in page.button) == 10
    page.text_input(key="find").set_value("zebra").run()
    assert "No document has that in its name" in all_text(page)


def test_a_document_says_its_figures_and_whether_it_sleeps(page, add, services, tmp_path, monkeypatch):
    add()
    page.run()
    assert "1 section · " in all_text(page)
    assert "used just now · awake" in all_text(page)
    clock = tmp_path / "clock"
    clock.write_text("600")
    monkeypatch.setenv("STC_FAKE_CLOCK", str(clock))
    page.run()
    assert "used 10 min ago · asleep" in all_text(page)


def test_notes_thrown_away_stay_away_until_preparation_is_allowed_again(page, add, services):
    document_id = add()
    list(run.sleep_now(services, until_done=True))
    page.run()
    button(page, "Options").click().run()
    button(page, "Throw the prepared notes away").click().run()
    said = page.toast[0].value
    assert "thrown away" in said
    assert "not prepared again until you allow it" in said
    assert "Not prepared in the background" in all_text(page)
    assert list(run.sleep_now(services, until_done=True)) == []
    button(page, "Options").click().run()
    page.toggle(key=f"prepare-{document_id}").set_value(True).run()
    assert {one.status for one in run.sleep_now(services, until_done=True)} == {"done"}
    assert library.document(services, document_id).notes
