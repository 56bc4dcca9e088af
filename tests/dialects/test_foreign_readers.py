"""The readers of GitHub, Stripe and ConnectReport: who is let in, and what is one callback sent again."""

import hashlib
import hmac

import msgspec
import pytest

from tidings.core.clock import MINUTE
from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.receipt import Receipt
from tidings.core.row import Row
from tidings.core.secret import Secret
from tidings.dialects.connectreport.reader import ConnectReportReader
from tidings.dialects.discovery import SAMPLE_AT, discover
from tidings.dialects.github.reader import GithubReader
from tidings.dialects.stripe.reader import TOLERANCE_MS, StripeReader

SECRET = Secret("not a real one")
RECEIVED = discover().received
SECONDS = SAMPLE_AT // 1_000


def mac(content: bytes, *, secret: Secret = SECRET) -> str:
    return hmac.new(secret.reveal().encode(), content, hashlib.sha256).hexdigest()


def with_headers(receipt: Receipt, **headers: str) -> Receipt:
    added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return msgspec.structs.replace(receipt, headers=(*receipt.headers, *added))


def row(receipt: Receipt, table: str) -> dict[str, object]:
    changes = discover().readers[receipt.source].read(receipt).changes
    [found] = [one for one in changes if isinstance(one, Row) and one.place.name == table]
    return {one.name: one.value for one in (*found.key, *found.fields)}


def test_what_github_signed_is_let_in_and_what_it_did_not_is_not() -> None:
    [receipt] = RECEIVED["github"]
    genuine = with_headers(receipt, x_hub_signature_256=f"sha256={mac(receipt.body)}")

    GithubReader().check(genuine, secret=SECRET, now=0)
    for forged in (
        msgspec.structs.replace(genuine, body=receipt.body + b" "),
        with_headers(receipt, x_hub_signature_256=f"sha256={mac(receipt.body, secret=Secret('x'))}"),
    ):
        with pytest.raises(Unauthenticated, match="not made with this secret"):
            GithubReader().check(forged, secret=SECRET, now=0)
    for missing in (receipt, with_headers(receipt, x_hub_signature="sha1=00")):
        with pytest.raises(Unauthenticated, match="expected the header X-Hub-Signature-256"):
            GithubReader().check(missing, secret=SECRET, now=0)


def test_github_sending_again_under_whatever_headers_is_one_event() -> None:
    [receipt] = RECEIVED["github"]
    again = msgspec.structs.replace(
        receipt, headers=(("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", "forged")), at=SAMPLE_AT + 1
    )

    assert GithubReader().read(again).once == GithubReader().read(receipt).once
    assert row(again, "events")["event_id"] == row(receipt, "events")["event_id"]


def test_a_body_of_github_without_its_kind_is_invalid() -> None:
    with pytest.raises(Invalid, match="X-GitHub-Event is missing"):
        GithubReader().read(Receipt(source="github", at=0, body=b"{}"))


def test_what_stripe_signed_is_let_in_under_either_secret_of_a_roll() -> None:
    [receipt] = RECEIVED["stripe"]
    good = mac(b"%d.%b" % (SECONDS, receipt.body))

    for signature in (f"t={SECONDS},v1={good}", f"t={SECONDS},v1={'0' * 64}, v1={good},v0=x"):
        StripeReader().check(with_headers(receipt, stripe_signature=signature), secret=SECRET, now=SAMPLE_AT)


@pytest.mark.parametrize(
    ("signature", "after_ms", "why"),
    [
        ("", 0, "expected the header Stripe-Signature"),
        ("v1={good}", 0, "expected the header Stripe-Signature"),
        ("t={at}", 0, "expected the header Stripe-Signature"),
        ("t=now,v1={good}", 0, "expected the header Stripe-Signature"),
        ("t={at},v0={good}", 0, "expected the header Stripe-Signature"),
        ("t={at},v1=0", 0, "not made with this secret"),
        ("t={at}1,v1={good}", 0, "300 seconds off"),
        ("t={at},v1={good}", TOLERANCE_MS + 1, "300 seconds off"),
        ("t={at},v1={good}", -TOLERANCE_MS - 1, "300 seconds off"),
    ],
)
def test_what_stripe_did_not_sign_just_now_is_not_let_in(signature: str, after_ms: int, *, why: str) -> None:
    [receipt] = RECEIVED["stripe"]
    good = mac(b"%d.%b" % (SECONDS, receipt.body))
    sent = with_headers(receipt, stripe_signature=signature.format(at=SECONDS, good=good))

    with pytest.raises(Unauthenticated, match=why):
        StripeReader().check(sent, secret=SECRET, now=SAMPLE_AT + after_ms)


@pytest.mark.parametrize("query", ["key=not+a+real+one", "x=1&token=not%20a%20real%20one"])
def test_connectreport_brings_the_secret_in_its_url(query: str) -> None:
    receipt = msgspec.structs.replace(RECEIVED["connectreport"][0], query=query)

    ConnectReportReader().check(receipt, secret=SECRET, now=0)
    with pytest.raises(Unauthenticated, match="in the URL as"):
        ConnectReportReader().check(receipt, secret=Secret("another"), now=0)


def test_a_bearer_token_will_do_for_connectreport_too() -> None:
    receipt = with_headers(RECEIVED["connectreport"][0], Authorization="bearer not a real one")

    ConnectReportReader().check(receipt, secret=SECRET, now=0)


def test_a_run_that_is_told_again_is_one_and_a_later_run_is_another() -> None:
    receipt = RECEIVED["connectreport"][0]
    reader = ConnectReportReader()
    start = SAMPLE_AT - SAMPLE_AT % reader.window_ms
    first, again, later = (
        msgspec.structs.replace(receipt, at=start + minutes * MINUTE) for minutes in (1, 9, 1 + 7 * 24 * 60)
    )

    assert reader.read(first).once == reader.read(again).once == reader.read(later).once
    assert row(first, "report_runs")["event_id"] == row(again, "report_runs")["event_id"]
    assert row(first, "report_runs")["event_id"] != row(later, "report_runs")["event_id"]


def test_before_and_after_a_run_are_two_rows_with_the_same_report() -> None:
    after, before = RECEIVED["connectreport"]

    assert row(before, "report_runs")["report_id"] == row(after, "report_runs")["report_id"]
    assert (row(before, "report_runs")["trigger"], row(before, "report_runs")["status"]) == ("preReportTask", None)
    assert (row(after, "report_runs")["trigger"], row(after, "report_runs")["status"]) == ("postReportTask", "failure")


def test_an_id_by_which_tidings_tells_a_run_is_taken() -> None:
    receipt = with_headers(
        RECEIVED["connectreport"][0], tidings_event_id="e1", tidings_event_time=str(SAMPLE_AT - MINUTE)
    )
    other = with_headers(RECEIVED["connectreport"][0], tidings_event_id="e2")

    assert ConnectReportReader().read(receipt).once != ConnectReportReader().read(other).once
    assert row(receipt, "report_runs")["at"] == SAMPLE_AT - MINUTE


def test_the_template_of_a_report_is_in_no_table() -> None:
    readings = [ConnectReportReader().read(receipt) for receipt in RECEIVED["connectreport"]]

    assert b"report-master-meta" not in msgspec.json.encode(readings)
