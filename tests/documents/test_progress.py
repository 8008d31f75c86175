from stc.documents.progress import Rates, measure, overall, say_seconds, sentence
from stc.storage import documents as rows
from stc.words import Document


def document(status="reading", done=0, total=0, *, id="d", pages=0, chunks=0, media_type="application/pdf", error=None):
    return Document(
        id=id,
        owner="local",
        name=f"{id}.pdf",
        media_type=media_type,
        size_bytes=500_000,
        content_hash=id,
        status=status,
        stage_done=done,
        stage_total=total,
        pages=pages,
        chunks=chunks,
        error=error,
        added_at=0.0,
        last_used_at=0.0,
    )


MEASURED = Rates(pages_per_s=100.0, passages_per_s=30.0)


def test_each_stage_has_its_sentence():
    assert sentence(document()) == "waiting to be read"
    assert sentence(document(done=11, total=160)) == "reading page 12 of 160"
    assert sentence(document(done=160, total=160)) == "reading page 160 of 160"
    assert sentence(document(done=1, total=5, media_type="text/plain")) == "reading section 2 of 5"
    assert sentence(document("embedding")) == "cutting into passages"
    assert sentence(document("embedding", 80, 400)) == "embedding 80 of 400"
    assert sentence(document("ready")) == "ready"
    assert sentence(document("failed", error="It is empty.")) == "failed: It is empty."


def test_time_to_go_is_unknown_until_something_was_measured():
    progress = overall([document(done=10, total=160)], Rates())
    assert progress.seconds_to_go is None
    assert progress.line == "reading page 11 of 160"


def test_time_to_go_is_what_is_left_at_the_measured_rates():
    progress = overall([document("embedding", 100, 400, pages=160)], MEASURED)
    assert progress.seconds_to_go == 10.0
    assert progress.line == "embedding 100 of 400, about 10 seconds to go"


def test_the_bar_never_runs_backwards_through_the_stages():
    stages = [
        document(),
        document(done=80, total=160),
        document(done=160, total=160),
        document("embedding", 0, 480, pages=160),
        document("embedding", 240, 480, pages=160),
        document("ready", 480, 480, pages=160, chunks=480),
    ]
    fractions = [overall([stage], MEASURED).done_fraction for stage in stages]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0


def test_finished_files_of_the_batch_count():
    batch = [
        document("ready", id="a", pages=10, chunks=30),
        document("failed", id="b"),
        document("embedding", 0, 30, id="c", pages=10),
    ]
    progress = overall(batch, MEASURED)
    assert 0.5 < progress.done_fraction < 1.0
    assert progress.line == "2 of 3 files done, a few seconds to go"
    assert overall(batch[:2], MEASURED).done_fraction == 1.0


def test_nothing_to_do_is_done():
    assert overall([], Rates()).done_fraction == 1.0


def test_rates_are_measured_between_two_looks():
    before = [document(done=20, total=160, id="a"), document("embedding", 10, 90, id="b")]
    after = [document(done=120, total=160, id="a"), document("embedding", 70, 90, id="b")]
    assert measure(before, after, 2.0, Rates()) == Rates(pages_per_s=50.0, passages_per_s=30.0)


def test_a_document_that_changed_its_stage_says_nothing_of_the_old_one():
    before = [document(done=20, total=160)]
    after = [document("embedding", 32, 400, pages=160)]
    assert measure(before, after, 2.0, Rates()) == Rates()


def test_a_document_that_became_ready_counts_what_was_left():
    before = [document("embedding", 30, 90)]
    after = [document("ready", 90, 90, pages=30, chunks=90)]
    assert measure(before, after, 2.0, Rates()).passages_per_s == 30.0


def test_a_standstill_does_not_make_the_time_infinite():
    same = [document("embedding", 30, 90)]
    assert measure(same, same, 1.0, MEASURED) == MEASURED


def test_times_are_said_roughly():
    assert say_seconds(3) == "a few seconds"
    assert say_seconds(38) == "about 40 seconds"
    assert say_seconds(60) == "about a minute"
    assert say_seconds(200) == "about 3 minutes"
    assert say_seconds(3500) == "about an hour"
    assert say_seconds(8000) == "about 2 hours"


def test_arriving_are_those_being_read_and_those_ready_since_the_first_of_them_came(services):
    with services.database.write() as connection:
        for name, added_at, status, ready_at in (
            ("long ago", 1.0, "ready", 5.0),
            ("first", 10.0, "embedding", None),
            ("quick", 11.0, "ready", 12.0),
            ("last", 13.0, "reading", None),
            ("broken", 14.0, "failed", None),
        ):
            rows.insert_document(connection, document(status, id=name))
            rows.change(connection, name, added_at=added_at, ready_at=ready_at)
        assert [each.id for each in rows.list_arriving(connection, "local")] == ["first", "quick", "last"]
        assert rows.list_arriving(connection, "somebody") == []
        rows.change(connection, "first", status="ready", ready_at=15.0)
        rows.change(connection, "last", status="ready", ready_at=15.0)
        assert rows.list_arriving(connection, "local") == []
