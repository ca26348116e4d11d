"""Mail for staff: composing for chosen orders, following a batch, keeping templates."""

from __future__ import annotations

import uuid

import pytest
from django_scopes import scopes_disabled

from notifications.choices import BatchState, MessageState
from notifications.models import Batch, Message, Template
from orders import chosen
from orders.choices import Stage
from stores.services.access import actor_of
from tests.admin.conftest import text_of
from tests.builders.orders import make_customer, make_order

pytestmark = pytest.mark.django_db
BATCHES, TEMPLATES = "/admin/notifications/batch/", "/admin/notifications/template/"
COMPOSE = f"{BATCHES}compose/"
BODY = "<p>Hello {{ customer.first_name }}, about {{ order_names }}</p>"


@pytest.fixture
def template(db) -> Template:
    return Template.objects.create(name="Late", subject="About {{ order_names }}", body=BODY)


@pytest.fixture
def orders(store):
    """Two of one customer, one of another, and one that is on its way already."""
    anna, ben = (
        make_customer(store, email="anna@example.com"),
        make_customer(store, name="Ben", email="ben@example.com"),
    )
    return [
        make_order(store, customer=anna),
        make_order(store, customer=anna),
        make_order(store, customer=ben),
        make_order(store, customer=ben, stage=Stage.ARCHIVED),
    ]


def given(user, orders, template=None, **fields):
    selection = chosen.dumps([order.pk for order in orders], actor=actor_of(user))
    return {"selection": selection, **({"template": template.pk} if template else {}), **fields}


@pytest.mark.row("FEAT-A23")
def test_the_plan_counts_customers_says_who_is_left_out_and_shows_one_mail(agents_browser, agent, orders, template):
    response = agents_browser.get(COMPOSE, given(agent, orders, template))
    plan = response.context["plan"]
    assert (plan.recipients, plan.orders) == (2, 3)
    assert [(one.order_name, one.message) for one in response.context["left_out"]] == [
        (orders[3].name, f"Order {orders[3].name} is archived.")
    ]
    page = text_of(response)
    assert 'sandbox=""' in page
    assert f"Hello Anna, about {orders[0].name}" in page
    assert "Send to 2 customers" in page
    # What a template says is content of the frame, never of our page.
    raw = response.content.decode()
    assert "<p>Hello Anna" not in raw
    assert "&lt;p&gt;Hello Anna" in raw
    assert not Batch.objects.exists()


def test_sending_starts_one_batch_however_often_it_is_clicked(agents_browser, agent, orders, template):
    batch_id = agents_browser.get(COMPOSE, given(agent, orders, template)).context["draft"].batch_id
    form = given(agent, orders, template, batch=str(batch_id), do="send")
    places = {agents_browser.post(COMPOSE, form)["Location"] for _ in range(2)}
    assert places == {f"{BATCHES}{batch_id}/"}
    assert [batch.total for batch in Batch.objects.all()] == [2]


def test_showing_sends_nothing(agents_browser, agent, orders, template):
    assert agents_browser.post(COMPOSE, given(agent, orders, template, do="preview")).status_code == 200
    assert agents_browser.post(COMPOSE, given(agent, orders, template)).status_code == 200
    assert not Batch.objects.exists()


def test_a_mistake_in_ones_own_text_is_told_and_the_text_stays(agents_browser, agent, orders):
    form = given(agent, orders, template=None, subject="Hi", body="Dear {{ customer.nmae }}", do="send")
    response = agents_browser.post(COMPOSE, {**form, "template": ""})
    page = text_of(response)
    assert "nmae" in page
    assert "Dear {{ customer.nmae }}" in page
    assert 'value="send"' not in page


def test_a_viewer_sends_nothing(signed_in, viewer, orders, template):
    browser = signed_in(viewer)
    assert browser.get(COMPOSE, given(viewer, orders, template)).status_code == 403
    assert browser.post(COMPOSE, given(viewer, orders, template, do="send")).status_code == 403
    assert not Batch.objects.exists()


@pytest.mark.row("REL-T05")
def test_nobody_of_another_store_is_written_to(agents_browser, agent, orders, other_store, template):
    foreign = make_order(other_store, customer=make_customer(other_store, email="far@example.com"))
    response = agents_browser.post(COMPOSE, given(agent, [*orders, foreign], template, do="send"))
    assert response.status_code == 302
    with scopes_disabled():
        assert sorted(Message.objects.values_list("address", flat=True)) == ["anna@example.com", "ben@example.com"]


class TestBatch:
    @pytest.fixture
    def batch(self, agents_browser, agent, orders, template) -> Batch:
        agents_browser.post(COMPOSE, given(agent, orders, template, do="send"))
        return Batch.objects.get()

    def test_it_is_listed_and_followed_until_it_ends(self, agents_browser, batch):
        assert batch.name in text_of(agents_browser.get(BATCHES))
        part = agents_browser.get(f"{BATCHES}{batch.pk}/", {"part": "1"})
        figures = {state: number for state, _, number, _ in part.context["figures"]}
        assert figures == {"queued": 2, "sent": 0}
        assert "data-done" not in text_of(part)
        Batch.objects.update(state=BatchState.FINISHED)
        assert "data-done" in text_of(agents_browser.get(f"{BATCHES}{batch.pk}/", {"part": "1"}))

    def test_messages_are_shown_by_state_with_their_reason(self, agents_browser, batch):
        with scopes_disabled():
            Message.objects.filter(address="ben@example.com").update(state=MessageState.FAILED, reason="No such box")
        page = agents_browser.get(f"{BATCHES}{batch.pk}/", {"state": "failed"})
        assert [mail.address for mail in page.context["mails"]] == ["ben@example.com"]
        assert "No such box" in text_of(page)

    def test_a_sent_mail_is_shown_in_a_frame_that_may_do_nothing(self, agents_browser, batch):
        with scopes_disabled():
            mail = Message.objects.get(address="anna@example.com")
            Message.objects.filter(pk=mail.pk).update(html='<p>Hi</p><script>alert("x")</script>', subject="Subj")
        page = agents_browser.get(f"{BATCHES}{batch.pk}/mails/{mail.pk}/").content.decode()
        assert 'sandbox=""' in page
        assert "&lt;script&gt;alert(&quot;x&quot;)" in page
        assert '<script>alert("x")' not in page

    def test_it_is_paused_resumed_and_cancelled(self, agents_browser, batch):
        states = []
        for what in ("pause", "resume", "cancel"):
            agents_browser.post(f"{BATCHES}{batch.pk}/switch/{what}/")
            batch.refresh_from_db()
            states.append(batch.state)
        assert states == [BatchState.PAUSED, BatchState.RUNNING, BatchState.CANCELLED]
        assert agents_browser.get(f"{BATCHES}{batch.pk}/switch/pause/").status_code == 405
        assert agents_browser.post(f"{BATCHES}{batch.pk}/switch/explode/").status_code == 404

    def test_who_may_not_send_may_look_and_not_switch(self, signed_in, viewer, batch):
        browser = signed_in(viewer)
        assert browser.get(f"{BATCHES}{batch.pk}/").status_code == 200
        assert browser.post(f"{BATCHES}{batch.pk}/switch/cancel/").status_code == 403

    @pytest.mark.row("REL-T01")
    def test_a_batch_of_other_stores_is_not_there(self, signed_in, outsider, batch):
        browser = signed_in(outsider)
        with scopes_disabled():
            mail = Message.objects.first()
        assert batch.name not in text_of(browser.get(BATCHES))
        for url in (f"{batch.pk}/", f"{batch.pk}/mails/{mail.pk}/", f"{uuid.uuid4()}/"):
            assert browser.get(BATCHES + url).status_code == 404


class TestTemplates:
    FORM = {"name": "Late", "subject": "Late", "body": BODY, "only_to_fulfil": "1", "do": "save"}

    def test_an_administrator_writes_one_for_all_stores(self, admins_browser):
        response = admins_browser.post(f"{TEMPLATES}new/", {**self.FORM, "name": "Fresh"})
        kept = Template.objects.get(name="Fresh")
        assert response["Location"] == f"{TEMPLATES}{kept.pk}/"
        assert (kept.store, kept.version, kept.only_to_fulfil) == (None, 1, True)

    def test_a_change_is_a_new_version(self, admins_browser, template):
        admins_browser.post(f"{TEMPLATES}{template.pk}/", {**self.FORM, "subject": "Later"})
        template.refresh_from_db()
        assert (template.subject, template.version) == ("Later", 2)

    def test_a_manager_writes_for_his_store_alone(self, signed_in, manager, store, other_store, template):
        browser = signed_in(manager)
        browser.post(f"{TEMPLATES}new/", {**self.FORM, "name": "Own", "store": store.pk})
        assert Template.objects.get(name="Own").store == store
        for stranger in (other_store.pk, ""):
            browser.post(f"{TEMPLATES}new/", {**self.FORM, "name": "Foreign", "store": stranger})
        assert browser.post(f"{TEMPLATES}{template.pk}/", self.FORM).status_code == 403
        assert not Template.objects.filter(name="Foreign").exists()

    def test_a_mistake_is_told_and_nothing_is_kept(self, admins_browser, template):
        response = admins_browser.post(f"{TEMPLATES}{template.pk}/", {**self.FORM, "body": "{% if %}"})
        assert response.status_code == 400
        assert response.context["error_field"] == "body"
        template.refresh_from_db()
        assert template.body == BODY

    def test_it_is_tried_on_an_order_before_it_is_kept(self, admins_browser, orders, template):
        form = {**self.FORM, "body": "<p>New words for {{ order_names }}</p>", "do": "preview", "order": orders[0].name}
        page = text_of(admins_browser.post(f"{TEMPLATES}{template.pk}/", form))
        assert f"New words for {orders[0].name}" in page
        template.refresh_from_db()
        assert template.body == BODY

    def test_an_agent_reads_it_and_may_not_change_or_delete_it(self, agents_browser, template):
        assert agents_browser.get(f"{TEMPLATES}{template.pk}/").status_code == 200
        assert agents_browser.get(f"{TEMPLATES}new/").status_code == 403
        assert agents_browser.post(f"{TEMPLATES}{template.pk}/delete/").status_code == 403
        assert Template.objects.filter(pk=template.pk).exists()

    def test_one_of_another_store_is_not_there(self, agents_browser, other_store):
        foreign = Template.objects.create(name="Foreign", subject="x", body="x", store=other_store)
        assert "Foreign" not in text_of(agents_browser.get(TEMPLATES))
        assert agents_browser.get(f"{TEMPLATES}{foreign.pk}/").status_code == 404

    def test_it_is_deleted_by_whoever_may_change_it(self, admins_browser, template):
        assert admins_browser.get(f"{TEMPLATES}{template.pk}/delete/").status_code == 405
        admins_browser.post(f"{TEMPLATES}{template.pk}/delete/")
        assert not Template.objects.filter(pk=template.pk).exists()
