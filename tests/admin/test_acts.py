"""Acting on chosen orders: choose, look, do, follow. The services are proved elsewhere; here it is the doors."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django_scopes import scopes_disabled

from orders import chosen
from orders.choices import ChangeState, Stage
from orders.models import Comment, Order, RemoteChange
from orders.verbs import VERBS
from stores.services.access import actor_of
from tests.admin.conftest import text_of
from tests.builders.orders import make_order, make_orders
from tests.conftest_people import WITHOUT_WRITING

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/order/"


def act_url(verb: str) -> str:
    return f"{LIST}act/{verb}/"


def selection(user, *orders: Order) -> str:
    return chosen.dumps([order.pk for order in orders], actor=actor_of(user))


def changes() -> list[tuple[int, str, str]]:
    with scopes_disabled():
        return list(RemoteChange.objects.order_by("order_id").values_list("order_id", "verb", "source"))


@pytest.mark.row("FEAT-A34")
def test_the_ticked_rows_are_taken_to_the_page_of_the_act_and_nothing_is_done_yet(agents_browser, agent, store):
    orders = make_orders(store, 3)
    response = agents_browser.post(f"{LIST}choose/", {"act": "archive", "order": [order.pk for order in orders[:2]]})
    address = urlsplit(response["Location"])
    assert address.path == act_url("archive")
    preview = agents_browser.get(response["Location"])
    assert [one.order.pk for one in preview.context["ready"]] == [orders[1].pk, orders[0].pk]
    assert parse_qs(address.query)["next"] == ["/admin/"]
    assert changes() == []


@pytest.mark.row("FEAT-A34")
def test_the_preview_tells_what_is_done_already_and_what_is_still_open(agents_browser, agent, store):
    plain = make_order(store, stage=Stage.TO_ARCHIVE)
    waiting = make_order(store)
    archived = make_order(store, stage=Stage.ARCHIVED)
    deleted = make_order(store, stage=Stage.DELETED)
    query = {"selection": selection(agent, plain, waiting, archived, deleted)}
    context = agents_browser.get(act_url("archive"), query).context
    assert {one.order.pk for one in context["ready"]} == {plain.pk, waiting.pk}
    assert [one.order.pk for one in context["already"]] == [archived.pk]
    assert [(one.order.pk, one.refusal.code) for one in context["refused"]] == [(deleted.pk, "order_deleted")]
    assert [(one.order.pk, one.warnings) for one in context["warned"]] == [(waiting.pk, ("2 pieces are not shipped.",))]


@pytest.mark.row("FEAT-A34")
def test_posting_asks_the_shop_once_and_leads_to_the_page_that_follows(agents_browser, agent, store):
    orders = make_orders(store, 2, stage=Stage.TO_ARCHIVE)
    given = {"selection": selection(agent, *orders)}
    response = agents_browser.post(act_url("archive"), given)
    assert changes() == [(order.pk, "archive", "staff") for order in orders]
    again = agents_browser.post(act_url("archive"), given)
    assert len(changes()) == 2
    assert again["Location"] == LIST
    run = agents_browser.get(response["Location"])
    assert run.context["outcome"].total == run.context["outcome"].waiting == 2
    assert "data-done" not in text_of(run)


def test_the_page_of_a_run_shows_every_outcome_and_stops_asking_when_all_are_known(agents_browser, agent, store):
    orders = make_orders(store, 3, stage=Stage.TO_ARCHIVE)
    run = agents_browser.post(act_url("archive"), {"selection": selection(agent, *orders)})["Location"]
    with scopes_disabled():
        for order, state, message in zip(
            orders,
            (ChangeState.CONFIRMED, ChangeState.SKIPPED, ChangeState.REFUSED),
            ("", "Right taken away.", "Order is busy"),
            strict=True,
        ):
            RemoteChange.objects.filter(order=order).update(state=state, message=message)
    part = agents_browser.get(f"{run}&part=1")
    page = text_of(part)
    assert [each.order_id for each in part.context["changes"]] == [orders[2].pk, orders[1].pk, orders[0].pk]
    assert part.context["percent"] == 100
    assert "Order is busy" in page
    assert "data-done" in page
    assert "<html" not in page


@pytest.mark.row("FEAT-A18")
def test_a_wrong_tag_is_told_at_its_field_and_nothing_is_asked(agents_browser, agent, store):
    order = make_order(store)
    response = agents_browser.post(
        act_url("add_tags"), {"selection": selection(agent, order), "tags": "fine," + "x" * 41}
    )
    assert response.status_code == 400
    (field,) = response.context["fields"]
    assert "at most 40 characters" in field.error
    assert field.value.startswith("fine,xxx")
    assert changes() == []


@pytest.mark.row("FEAT-A18")
def test_tags_are_separated_by_commas(agents_browser, agent, store):
    order = make_order(store)
    response = agents_browser.post(
        act_url("add_tags"), {"selection": selection(agent, order), "tags": "a, b ,,", "next": f"{LIST}{order.pk}/"}
    )
    assert response["Location"] == f"{LIST}{order.pk}/"
    with scopes_disabled():
        assert RemoteChange.objects.get().payload == {"tags": ["a", "b"]}


@pytest.mark.row("FEAT-A6")
def test_one_comment_is_written_on_many_orders(agents_browser, agent, store):
    orders = make_orders(store, 2)
    agents_browser.post(act_url("comment"), {"selection": selection(agent, *orders), "body": "Out of stock"})
    with scopes_disabled():
        assert sorted(Comment.objects.values_list("order_id", "body", "author_label")) == [
            (order.pk, "Out of stock", "agent") for order in orders
        ]


@pytest.mark.row("REL-T05")
def test_ids_of_another_store_are_left_out(agents_browser, agent, store, other_store):
    own, foreign = make_order(store), make_order(other_store)
    given = {"selection": selection(agent, own, foreign)}
    assert len(agents_browser.get(act_url("archive"), given).context["judged"]) == 1
    agents_browser.post(act_url("archive"), given)
    assert changes() == [(own.pk, "archive", "staff")]
    only_foreign = {"selection": selection(agent, foreign)}
    assert agents_browser.post(act_url("archive"), only_foreign).status_code == 404
    assert len(changes()) == 1


def test_a_selection_belongs_to_the_person_who_made_it(agents_browser, administrator, store):
    theirs = {"selection": selection(administrator, make_order(store))}
    for given in (theirs, {"selection": "forged"}, {}):
        assert agents_browser.post(act_url("archive"), given).status_code == 302
    assert changes() == []


def test_a_viewer_cannot_act_by_knowing_the_address(signed_in, viewer, store):
    order = make_order(store)
    browser = signed_in(viewer)
    page = browser.get(act_url("archive"), {"selection": selection(viewer, order)})
    assert [one.refusal.code for one in page.context["refused"]] == ["not_allowed"]
    browser.post(act_url("archive"), {"selection": selection(viewer, order)})
    assert changes() == []


@pytest.mark.row("REL-T06")
def test_a_right_taken_away_ends_with_the_next_request(agents_browser, agent, store):
    given = {"selection": selection(agent, make_order(store))}
    agent.memberships.all().delete()
    assert agents_browser.post(act_url("archive"), given).status_code == 404
    assert changes() == []


def test_a_run_of_another_store_is_a_404(agents_browser, admins_browser, administrator, other_store):
    orders = make_orders(other_store, 2)
    run = admins_browser.post(act_url("archive"), {"selection": selection(administrator, *orders)})["Location"]
    assert admins_browser.get(run).status_code == 200
    assert agents_browser.get(run).status_code == 404


def test_every_verb_of_the_table_has_its_page_and_its_button(agents_browser, agent, store):
    order = make_order(store)
    offered = {each.act.name for each in agents_browser.get(LIST).context["acts"]}
    assert offered == {*VERBS, "mail"}
    for verb in VERBS:
        given = {"selection": selection(agent, order)}
        assert agents_browser.get(act_url(verb), given).status_code == 200, verb


def test_nothing_is_done_by_following_a_link(agents_browser, agent, store):
    order = make_order(store)
    agents_browser.get(act_url("archive"), {"selection": selection(agent, order)})
    assert agents_browser.get(f"{LIST}choose/").status_code == 405
    assert changes() == []


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site_afterwards(agents_browser, agent, store, elsewhere):
    given = {"selection": selection(agent, make_order(store)), "next": elsewhere}
    assert agents_browser.post(act_url("archive"), given)["Location"] == LIST
    assert "evil" not in text_of(agents_browser.get(act_url("archive"), given))


@pytest.mark.row("FEAT-B1")
def test_the_order_page_shuts_its_buttons_and_says_why(agents_browser, poor):
    order = make_order(poor, stage=Stage.TO_ARCHIVE, tags=["VIP"])

    page = text_of(agents_browser.get(f"{LIST}{order.pk}/"))

    assert 'aria-disabled="true" aria-describedby="why-not-archive"' in page
    assert f'id="why-not-archive"><strong>Archive:</strong> {WITHOUT_WRITING}' in page
    assert 'name="tags"' not in page
    assert page.count(WITHOUT_WRITING) == 3  # the button's title, the words below, the tags


def test_the_list_shuts_an_act_only_when_no_store_can_do_it(admins_browser, poor, other_store):
    make_orders(poor, 2)

    everything = text_of(admins_browser.get(LIST))
    assert ('value="archive"' in everything, 'aria-disabled="true"' in everything) == (True, False)
    alone = text_of(admins_browser.get(LIST, {"store": poor.pk}))
    assert ('value="archive"' in alone, 'aria-describedby="why-not-archive"' in alone) == (False, True)
    assert 'value="comment"' in alone
