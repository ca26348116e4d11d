"""The list of orders: what it shows to whom, what may be asked of it, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import models
from django.urls import reverse
from django_scopes import scopes_disabled

from backoffice.core.errors import Invalid
from orders.admin.question import question_of
from orders.choices import Stage
from orders.filters import NAMES
from orders.models import Order
from stores.models import Store, SyncStream
from stores.scoping import acting_as
from tests.admin.conftest import text_of
from tests.builders.orders import PLACED, make_customer, make_order, make_orders, make_store

pytestmark = pytest.mark.django_db
URL = "/admin/orders/order/"


def rows_of(response) -> list[int]:
    return [order.pk for order in response.context["orders"]]


@pytest.mark.row("FEAT-A1", "FEAT-A2")
def test_the_number_in_the_sidebar_is_the_number_of_rows_behind_it(agents_browser, store, other_store):
    make_orders(store, 3)
    make_order(store, pending_verbs=["archive"])
    make_order(store, stage=Stage.TO_ARCHIVE)
    make_order(other_store)
    response = agents_browser.get(URL)
    (entry,) = [
        item for group in response.context["sidebar_navigation"] for item in group["items"] if item["title"] == "Orders"
    ]
    assert entry["link"] == URL
    assert entry["badge"] == "3"
    assert len(rows_of(response)) == 3
    assert "at least one item that needs fulfilment is not fulfilled" in entry["badge_explanation"]
    assert f'title="{entry["badge_explanation"]}"' in text_of(response)


@pytest.mark.row("FEAT-A28")
def test_a_row_has_four_separate_states(agents_browser, store):
    make_order(store, financial_status="PENDING", fulfillment_status="ON_HOLD", return_status="RETURN_REQUESTED")
    page = text_of(agents_browser.get(URL))
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    badges = re.findall(r'<span class="bo-badge [^>]*>([^<]+)</span>', row)
    assert badges == ["To fulfil", "Payment pending", "On hold", "Return requested"]


@pytest.mark.row("FEAT-A11")
def test_a_total_stands_in_the_shops_currency_with_the_buyers_beside_it(agents_browser, store):
    make_order(
        store, total="25.00", presentment_currency="JPY", current_total_presentment="4100", total_presentment="4100"
    )
    page = text_of(agents_browser.get(URL))
    assert "€25.00" in page
    assert "¥4,100" in page


def test_an_order_on_its_way_to_the_archive_leaves_the_default_view_and_shows_elsewhere(agents_browser, store):
    leaving = make_order(store, pending_verbs=["archive"])
    staying = make_order(store, pending_verbs=["add_tags"])
    assert rows_of(agents_browser.get(URL)) == [staying.pk]
    response = agents_browser.get(URL, {"stage": "to_fulfil"})
    assert rows_of(response) == [staying.pk, leaving.pk]
    assert "archiving…" in text_of(response)


def test_each_tab_shows_its_stage(agents_browser, store):
    made = {stage: make_order(store, stage=stage).pk for stage in Stage}
    live = [made[Stage.TO_ARCHIVE], made[Stage.TO_SETTLE], made[Stage.TO_FULFIL]]
    response = agents_browser.get(URL)
    found = {tab.url: rows_of(agents_browser.get(URL + tab.url)) for tab in response.context["tabs"]}
    assert found == {
        "?": [made[Stage.TO_FULFIL]],
        "?stage=to_settle": [made[Stage.TO_SETTLE]],
        "?stage=to_archive": [made[Stage.TO_ARCHIVE]],
        "?stage=live": live,
        "?stage=archived": [made[Stage.ARCHIVED]],
        "?stage=all": sorted(made.values(), reverse=True),
    }


@pytest.mark.row("REL-T01", "REL-T03")
def test_nothing_of_another_store_is_on_the_page(agents_browser, store, other_store):
    make_order(store)
    make_order(other_store, name="#CANARY", customer_name="Canary Person", tags=["canary-tag"])
    for query in ({}, {"stage": "all"}, {"q": "canary"}, {"tag": "canary-tag", "stage": "all"}):
        page = text_of(agents_browser.get(URL, query))
        assert "#CANARY" not in page
        assert "Canary Person" not in page
        assert other_store.name not in page


def test_a_foreign_store_cannot_be_filtered_by(agents_browser, store, other_store):
    foreign = agents_browser.get(URL, {"store": other_store.pk})
    missing = agents_browser.get(URL, {"store": other_store.pk + 1000})
    assert foreign.status_code == missing.status_code == 400
    assert foreign.context["error"].replace(str(other_store.pk), "N") == missing.context["error"].replace(
        str(other_store.pk + 1000), "N"
    )


def _lookups() -> list[str]:
    """Every local field of an order and of what it points at, with every look-up that the field knows."""
    names = []
    for field in Order._meta.get_fields():
        if not isinstance(field, models.Field):
            continue
        names += [f"{field.name}__{lookup}" for lookup in field.get_lookups()]
        if field.related_model is not None:
            names += [f"{field.name}__{far.name}" for far in field.related_model._meta.get_fields()]
            names += [
                f"{field.name}__{far.name}__startswith"
                for far in field.related_model._meta.get_fields()
                if isinstance(far, models.CharField | models.TextField)
            ]
    return [*names, "store__credential__token__startswith", "o", "e", "_facets", "_popup", "_to_field", "p", "all"]


@pytest.mark.row("REL-T02")
def test_no_lookup_of_django_is_understood(rf, agent_actor, store):
    names = [name for name in _lookups() if name not in NAMES]
    accepted = []
    with acting_as(agent_actor):
        for name in names:
            request = rf.get(URL, {name: "1"})
            try:
                list(question_of(request.GET, actor=agent_actor).orders(actor=agent_actor))
            except Invalid:
                continue
            accepted.append(name)
    assert len(names) > 500
    assert accepted == []


@pytest.mark.row("REL-T02")
@pytest.mark.parametrize(
    "name", ["email__startswith", "store__credential__token__startswith", "customer__email__contains", "_to_field", "e"]
)
def test_the_answer_to_a_lookup_tells_nothing(agents_browser, store, name):
    make_order(store, email="anna@example.com")
    right, wrong = (agents_browser.get(URL, {name: value}) for value in ("anna", "zzzz"))
    assert right.status_code == wrong.status_code == 400
    assert rows_of(right) == rows_of(wrong) == []


def test_what_is_not_understood_is_named_with_its_remedy(agents_browser, store):
    assert "did you mean “payment”" in text_of(agents_browser.get(URL, {"paymnt": "PAID"}))
    assert "did you mean “PAID”" in text_of(agents_browser.get(URL, {"payment": "PAYD"}))
    assert agents_browser.get(URL, {"sort": "agee"}).status_code == 400
    assert agents_browser.get(URL, {"cursor": "forged"}).status_code == 400


def test_fields_that_a_form_left_empty_filter_nothing(agents_browser, store):
    order = make_order(store)
    assert rows_of(agents_browser.get(URL, {"q": "", "store": "", "payment": "", "sort": "newest"})) == [order.pk]


def test_search_finds_by_number_name_and_address(agents_browser, store):
    customer = make_customer(store, name="Zoë Ōkubo", email="zoe@example.com")
    wanted = make_order(store, customer=customer, name="#Q-778")
    make_order(store)
    for words in ("Q-778", "ōkubo", "ZOE@EXAMPLE", "zoë 778"):
        assert rows_of(agents_browser.get(URL, {"q": words})) == [wanted.pk], words


def test_pages_follow_each_other_over_equal_times(agents_browser, store):
    made = {order.pk for order in make_orders(store, 120, processed_at=PLACED)}
    seen, url = [], "?"
    for _ in range(3):
        response = agents_browser.get(URL + url)
        seen += rows_of(response)
        url = response.context["pages"].older
    assert url == ""
    assert len(seen) == 120
    assert set(seen) == made
    first = agents_browser.get(URL)
    second = agents_browser.get(URL + first.context["pages"].older)
    assert rows_of(agents_browser.get(URL + second.context["pages"].newer)) == rows_of(first)


def test_oldest_first_turns_the_list_round(agents_browser, store):
    old, new = make_order(store, processed_at=PLACED - timedelta(days=3)), make_order(store)
    assert rows_of(agents_browser.get(URL, {"sort": "oldest"})) == [old.pk, new.pk]


def test_thirty_rows_cost_as_many_queries_as_three(agents_browser, store):
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert agents_browser.get(URL).status_code == 200
        return len(queries)

    make_orders(store, 3, tags=["a", "b"])
    few = cost()
    make_orders(store, 27, tags=["a", "b"])
    for number in range(5):
        make_store(f"Other {number}")
    assert cost() == few
    assert few <= 17  # one of them the access log's row


def test_a_viewer_is_offered_nothing_to_do(signed_in, viewer, store):
    make_order(store)
    page = text_of(signed_in(viewer).get(URL))
    assert "data-bar" not in page
    assert 'name="order"' not in page


def test_an_outsider_sees_an_empty_list(signed_in, outsider, store):
    make_order(store)
    assert rows_of(signed_in(outsider).get(URL)) == []


def test_a_stranger_is_asked_to_sign_in(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("admin:login"))


def test_names_are_escaped(agents_browser, store):
    make_order(store, customer_name="<script>alert(1)</script>", tags=["<b>x"])
    page = agents_browser.get(URL).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x" not in page


def test_scopes_hold_while_the_page_is_rendered(agents_browser, store):
    """A lazy query in a template would raise outside the scope that the middleware opens."""
    make_order(store, comment_count=2)
    response = agents_browser.get(URL)
    assert response.status_code == 200
    with scopes_disabled():
        assert Order.objects.count() == 1


@pytest.mark.row("FEAT-D5", "FEAT-C22")
def test_the_list_says_how_true_it_is_and_looks_again_by_itself(admins_browser, store, other_store):
    with scopes_disabled():
        Store.objects.filter(pk=store.pk).update(history_from="2026-09-24")
        SyncStream.objects.create(store=store, resource="orders", phase="first_load", loaded=40, expected=100)
    page = text_of(admins_browser.get(URL))
    assert "North: first load 40 %" in page
    assert "history from 2026-09-24" in page
    assert 'data-live="?part=truth"' in page

    one = text_of(admins_browser.get(URL, {"store": other_store.pk, "stage": "all"}))
    assert f'data-live="?part=truth&amp;store={other_store.pk}"' in one.replace("&store", "&amp;store")
    part = admins_browser.get(URL, {"part": "truth", "store": other_store.pk})
    assert [each.store for each in part.context["truth"].stores] == [other_store]
    assert "<html" not in text_of(part)


def test_a_list_of_no_store_says_nothing_of_truth(signed_in, outsider):
    assert "data-live" not in text_of(signed_in(outsider).get(URL))
