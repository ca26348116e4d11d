"""Plain words for Shopify's states."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from orders import part_labels
from orders.choices import Stage
from orders.fields.states import HOLD_REASONS
from orders.labels import AXES, Label, known, label

# OrderDisplayFinancialStatus, OrderDisplayFulfillmentStatus, OrderReturnStatus, RiskAssessmentResult and DisputeStatus
# of Admin GraphQL 2026-10.
SHOPIFYS = {
    "payment": "AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED",
    "fulfilment": "FULFILLED FULFILLMENT_NOT_REQUIRED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT "
    "REQUEST_DECLINED RESTOCKED SCHEDULED UNFULFILLED",
    "return": "INSPECTION_COMPLETE IN_PROGRESS NO_RETURN RETURNED RETURN_FAILED RETURN_REQUESTED",
    "risk": "HIGH LOW MEDIUM NONE PENDING",
    "dispute": "ACCEPTED CHARGE_REFUNDED LOST NEEDS_RESPONSE PREVENTED UNDER_REVIEW WON",
}


@pytest.mark.row("FEAT-A28")
@pytest.mark.parametrize("axis", sorted(SHOPIFYS))
def test_every_state_that_shopify_knows_has_words_of_its_own(axis):
    values = SHOPIFYS[axis].split()
    assert sorted(AXES[axis]) == sorted(values)
    texts = [label(axis, value).text for value in values]
    assert len(set(texts)) == len(values)
    assert not any(text in values for text in texts)


@pytest.mark.row("FEAT-A2")
def test_every_stage_is_explained():
    assert {value for value, _ in known("order")} == set(Stage.values)
    assert all(shown.explanation for _, shown in known("order"))
    assert "on hold and scheduled" in label("order", Stage.TO_FULFIL).explanation.lower()


def test_a_state_that_we_do_not_know_is_shown_as_it_is():
    assert label("payment", "PAID_IN_SHELLS") == Label("PAID_IN_SHELLS", "neutral")
    assert part_labels.transaction_kind("BARTER") == "BARTER"
    assert part_labels.shipment_state("BEAMED") == Label("BEAMED", "neutral")
    assert part_labels.fulfilment_order_state("NEW_ONE").text == "NEW_ONE"
    assert part_labels.hold_reason("MOON_PHASE") == "MOON_PHASE"


def test_no_state_at_all_is_said_to_be_none():
    assert label("payment", "").text == "None"


def test_every_hold_reason_has_words():
    assert not [reason for reason in HOLD_REASONS if part_labels.hold_reason(reason) == reason]


def test_a_label_is_translated_when_it_is_asked_for():
    with override("en"):
        assert label("payment", "PAID").text == "Paid"
