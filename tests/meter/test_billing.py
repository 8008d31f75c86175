"""The ledger against a server whose bill is known."""

from __future__ import annotations

from stc.meter import ledger
from tests.fakes import ModelServer
from tests.meter.billing import CALLS, estimated, mixed_calls


def test_after_two_hundred_mixed_calls_the_ledger_equals_the_bill_wherever_usage_was_reported(services, capsys):
    with ModelServer() as server:
        paid = mixed_calls(services, server)
    assert len(paid) >= CALLS
    for one in paid:
        cut = one.row.usage.estimated and one.row.raw_usage and one.bill.reported
        assert one.row.usage.estimated == (not one.bill.reported or bool(cut)), "each estimated row is marked"
        if one.bill.reported:
            usage, bill = one.row.usage, one.bill
            assert (usage.input_tokens, usage.output_tokens) == (bill.prompt_tokens, bill.completion_tokens)
            assert (usage.cached_tokens, usage.reasoning_tokens) == (bill.cached_tokens, bill.reasoning_tokens)
    reported = [one for one in paid if one.bill.reported]
    assert {one.row.purpose for one in reported} == {"chat", "sleep", "test"}
    total = ledger.total(one.row for one in reported)
    assert total.input_tokens == sum(one.bill.prompt_tokens for one in reported)
    assert total.output_tokens == sum(one.bill.completion_tokens for one in reported)
    off = sorted(one.off for one in estimated(paid) if not one.bill.reported)
    assert len(off) > 20
    with capsys.disabled():
        print(f"\n  estimates of {len(off)} of {len(paid)} calls: {off[0]:+.0%} to {off[-1]:+.0%} of the bill")
