"""What one person may use is looked at before it is used."""

from __future__ import annotations

import dataclasses
import io
import threading

import pytest

from stc.access import limits, people
from stc.documents import ingest, sharing
from stc.errors import BudgetReached, UserError
from stc.storage import ledger
from stc.storage.database import new_id
from stc.words import LedgerRow, Usage
from tests.access.conftest import GOOD


@pytest.fixture
def bert(services):
    people.add(services, "Anna", admin=True, password=GOOD)
    people.add(services, "Bert", password=GOOD)
    return services.of(people.find(services, "Bert"))


def call(services, *, tokens=1000, usd: float | None = 0.1, purpose="chat", at=None, owner=None) -> None:
    """Enter a call as the chat does: looked at and entered in one go."""
    usage = Usage(input_tokens=tokens, cost_usd=usd)
    row = LedgerRow(
        id=new_id(), owner=owner or services.owner, at=at or services.now(), purpose=purpose, model="openai/x", answer_id=None,
        run_id=None, document_id=None, document_shares={}, raw_usage={}, usage=usage, price_revision=None,
        litellm_cost_usd=None, tier="standard", route="", origin="", first_token_s=None, seconds=0.0, error=None,
    )  # fmt: skip
    with services.database.write() as connection:
        if purpose == "chat":
            limits.check_asking(services, connection, usage)
        ledger.add(connection, row)


def test_nobody_is_limited_unless_an_admin_says_so(services, bert):
    for who in (services, bert):
        for _ in range(5):
            call(who, usd=100.0)


def test_dollars_are_looked_at_before_they_are_spent(services, bert):
    people.limit(services, "Bert", ask_usd=0.25)
    call(bert)
    call(bert)
    with pytest.raises(BudgetReached, match=r"of today's \$0.25 you have spent \$0.2000"):
        call(bert)
    call(services)


def test_tokens_are_too(services, bert):
    people.limit(services, "Bert", ask_tokens=2500)
    call(bert)
    call(bert)
    with pytest.raises(BudgetReached, match=r"today's 2,500 you have used 2,000"):
        call(bert)


def test_a_new_day_begins_at_midnight_utc_and_what_others_ask_or_the_sleeper_does_counts_for_nobody(services, bert):
    people.limit(services, "Bert", ask_usd=0.15)
    call(bert, at=services.now() // 86_400 * 86_400 - 1, purpose="sleep")
    call(bert, purpose="sleep")
    call(services, usd=5.0)
    call(bert)
    with pytest.raises(BudgetReached):
        call(bert)


def test_a_limit_in_dollars_lets_nothing_through_at_an_unknown_price(services, bert):
    people.limit(services, "Bert", ask_usd=0.25)
    with pytest.raises(BudgetReached, match="price of this model is not known"):
        call(bert, usd=None)


def test_calls_at_the_same_moment_stay_within_the_limit(services, bert):
    people.limit(services, "Bert", ask_usd=0.35)
    refused = []

    def one():
        try:
            call(bert)
        except BudgetReached as error:
            refused.append(error)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5


def test_who_is_disabled_asks_nothing_more(services, bert):
    people.disable(services, "Bert")
    with pytest.raises(UserError, match="disabled"):
        call(bert)


def test_documents_are_limited_by_number_and_bytes(services, bert):
    people.limit(services, "Bert", most_documents=2, most_bytes=30)
    ingest.receive(bert, "one.txt", io.BytesIO(b"first of two"))
    with pytest.raises(UserError, match="B more than the 30 B that you may have"):
        ingest.receive(bert, "two.txt", io.BytesIO(b"second, which is too large"))
    ingest.receive(bert, "two.txt", io.BytesIO(b"second"))
    with pytest.raises(UserError, match="2 of at most 2 documents"):
        ingest.receive(bert, "three.txt", io.BytesIO(b"third"))
    ingest.receive(services, "three.txt", io.BytesIO(b"third"))
    assert ingest.receive(bert, "one.txt", io.BytesIO(b"first of two")).status == "duplicate"


def test_a_new_version_counts_by_what_it_is_larger(services, bert):
    people.limit(services, "Bert", most_documents=1, most_bytes=30)
    received = ingest.receive(bert, "one.txt", io.BytesIO(b"The first version."))
    document_id = ingest.process(bert, received.document_id).id

    def replace(text):
        newer = ingest.receive(bert, "one.txt", io.BytesIO(text), replaces=document_id)
        assert ingest.process(bert, newer.document_id).id == document_id

    replace(b"The second version, longer.")
    with pytest.raises(UserError, match="B more than the 30 B that you may have"):
        replace(b"The third version, which is too long.")
    people.limit(services, "Bert", most_bytes=10)
    replace(b"Shorter may always be.")
    sharing.share(bert, document_id)
    anna = services.of(people.find(services, "Anna"))
    people.limit(services, "Anna", most_bytes=5)
    longer = io.BytesIO(b"By an admin, for whom it is not counted.")
    assert ingest.receive(anna, "one.txt", longer, replaces=document_id).status == "new"


def test_an_admin_sees_who_used_how_much_and_no_text(services, bert):
    call(bert, usd=0.1)
    call(bert, usd=0.2, purpose="sleep")
    ingest.receive(bert, "one.txt", io.BytesIO(b"first of two"))
    used = people.used(services, bert.owner)
    assert (used.asked_usd, used.asked_tokens, used.prepared_usd, used.documents, used.bytes) == (0.1, 1000, 0.2, 1, 12)
    assert all(isinstance(value, (int, float)) for value in dataclasses.asdict(used).values())
