"""A new version of a document, on the pages."""

from __future__ import annotations

import io

import pytest

from stc import background
from stc.documents import ingest
from stc.sleep import run
from stc.ui import library
from tests.pages.conftest import LIGHTHOUSE, all_text, button

CHANGED = LIGHTHOUSE.replace("$48,200", "$51,700")


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("pages/documents.py").run()


def upload(page, *files):
    for name, text in files:
        page.file_uploader[0].upload(name, text.encode(), "text/markdown")
    return page.run()


def labels(page):
    return [one.label for one in page.button]


def text_of(services, document_id):
    page = library.page(services, document_id, 1)
    assert page is not None
    return page.text


def test_a_file_of_the_same_name_is_asked_about_and_may_replace(page, add, services):
    document_id = add()
    upload(page.run(), ("lighthouse.md", CHANGED))
    assert not page.exception
    assert "lighthouse.md is here already, with other content" in all_text(page).replace("**", "")
    button(page, "Replace").click().run()
    assert not page.exception
    assert "Keep both" not in labels(page)
    assert [document.id for document in library.documents(services)] == [document_id]
    shown = all_text(page)
    assert "A new version is being read" in shown
    assert "lighthouse.md :gray[· new version, " in shown
    ingest.process_pending(services)
    page.run()
    assert "being read" not in all_text(page)
    assert "51,700" in text_of(services, document_id)


@pytest.mark.parametrize("how", ["said", "closed"])
def test_both_are_kept_unless_told_otherwise(page, add, services, how):
    document_id = add()
    upload(page.run(), ("lighthouse.md", CHANGED))
    if how == "said":
        button(page, "Keep both").click().run()
        assert "Keep both" not in labels(page)
    else:
        del page.session_state["dialog"]  # what closing it does
        page.run()
    ingest.process_pending(services)
    kept = library.documents(services)
    assert len(kept) == 2
    assert {document.name for document in kept} == {"lighthouse.md"}
    assert "48,200" in text_of(services, document_id)


def test_of_several_files_those_chosen_replace(page, add, services):
    first, second = add("a.md"), add("b.md", LIGHTHOUSE + "\nMore of it.\n")
    upload(page.run(), ("a.md", CHANGED), ("b.md", CHANGED + "\nMuch more.\n"), ("c.md", "# Another\n\nOne text.\n"))
    boxes = {one.label.replace("\\", "").replace("\u2060", ""): one for one in page.checkbox}
    assert boxes.keys() == {"a.md", "b.md"}
    boxes["a.md"].set_value(False).run()
    button(page, "Replace").click().run()
    ingest.process_pending(services)
    assert sorted(document.name for document in library.documents(services)) == ["a.md", "a.md", "b.md", "c.md"]
    assert "48,200" in text_of(services, first)
    assert "51,700" in text_of(services, second)


def test_a_file_of_the_same_name_and_content_is_not_asked_about(page, add):
    add()
    upload(page.run(), ("lighthouse.md", LIGHTHOUSE))
    assert "Keep both" not in labels(page)
    assert "already here" in page.info[0].value.replace("\\", "")


def test_files_dropped_into_a_chat_are_asked_about_too(app, add, services):
    document_id = add()
    app.run()
    received = ingest.receive(services, "lighthouse.md", io.BytesIO(CHANGED.encode()))
    app.session_state["dialog"] = {"name": "same-name", "pairs": {received.document_id: document_id}}
    app.run()
    button(app, "Replace").click().run()
    assert not app.exception
    assert [document.id for document in library.documents(services)] == [document_id]


def test_a_new_version_is_added_from_the_options(page, add, services):
    document_id = add()
    page.run()
    button(page, "Options").click().run()
    button(page, "Replace with a new version").click().run()
    assert not page.exception
    page.file_uploader(key=f"new-version-{document_id}").upload("other.md", CHANGED.encode(), "text/markdown").run()
    assert not page.exception
    ingest.process_pending(services)
    page.run()
    assert [(each.id, each.name) for each in library.documents(services)] == [(document_id, "other.md")]
    assert "51,700" in text_of(services, document_id)


def test_a_new_version_that_fails_leaves_its_line(page, add, services):
    document_id = add()
    page.run()
    button(page, "Options").click().run()
    button(page, "Replace with a new version").click().run()
    page.file_uploader(key=f"new-version-{document_id}").upload("empty.md", b"", "text/markdown").run()
    assert "empty.md" in all_text(page.run())
    assert "48,200" in text_of(services, document_id)


def test_what_is_out_of_date_is_said_with_what_refreshing_costs(page, add, services, monkeypatch):
    document_id = add()
    list(run.sleep_now(services, [document_id], until_done=True))
    noted = library.documents(services)[0].notes
    received = ingest.receive(services, "lighthouse.md", io.BytesIO(CHANGED.encode()), replaces=document_id)
    ingest.process(services, received.document_id)
    page.run()
    shown = all_text(page)
    assert f"{noted} of {noted} notes out of date" in shown
    assert "Refreshing costs nothing." in shown
    asked = []
    monkeypatch.setattr(background, "prepare_now", lambda of, documents=None: asked.append(documents))
    button(page, "Refresh the notes").click().run()
    assert asked == [[document_id]]
    list(run.sleep_now(services, [document_id], until_done=True))
    page.run()
    assert "out of date" not in all_text(page)
    assert "Refresh the notes" not in labels(page)


def test_what_a_model_takes_to_refresh_is_said_before(page, add, services, monkeypatch):
    document_id = add()
    list(run.sleep_now(services, [document_id], until_done=True))
    received = ingest.receive(services, "lighthouse.md", io.BytesIO(CHANGED.encode()), replaces=document_id)
    ingest.process(services, received.document_id)
    services.change_settings(sleep_model="openai/gpt-4o-mini", consent="openai/gpt-4o-mini")
    page.run()
    shown = all_text(page)
    assert "Refreshing takes about" in shown
    assert "tokens, at most $0.0" in shown
    library.change_document(services, document_id, prepare=False)
    page.run()
    assert "notes out of date" in all_text(page)
    assert "Refreshing" not in all_text(page)
