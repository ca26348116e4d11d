"""The floors of the house hold: every import goes down, inside an application too, and there is no knot anywhere."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.imports import APPS, imports_of, modules

# Who may import which of the product's own packages. The first prefix that fits a module decides.
FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("backoffice.management", ("backoffice", "stores", "orders", "notifications")),
    ("backoffice.core", ("backoffice.core",)),
    ("backoffice", ("backoffice",)),
    ("stores.shopify", ("stores.shopify",)),
    ("stores.rehearsal", ("stores.rehearsal",)),
    ("stores", ("backoffice.core", "stores")),
    ("orders", ("backoffice.core", "stores", "orders")),
    ("notifications", ("backoffice.core", "stores", "orders", "notifications")),
)
# Spoken to over HTTP alone; only the commands start it.
ONLY_FROM_COMMANDS = ("stores.rehearsal",)
FRAMEWORKS = ("django", "rest_framework", "django_q", "django_filters", "unfold")
WITHOUT_FRAMEWORK = ("stores.shopify", "stores.rehearsal")

# Inside an application, low to high. A module may import its own layer and lower ones; doors never import each other.
LAYERS = ("choices", "querysets", "models", "reading", "services", "doors", "wiring", "apps")
DOORS = ("admin", "api", "views", "urls", "tasks", "listeners")
LAYER_OF = {
    "choices": "choices",
    "stage": "choices",
    "scoping": "choices",
    "querysets": "querysets",
    "models": "models",
    "resources": "reading",
    "orders.resources": "services",  # fills the registry that the stores' own `resources` is
    "budget": "reading",
    "calendar": "reading",
    "counts": "reading",
    "copying": "reading",
    "gateway": "reading",
    "stores.tokens": "reading",
    "columns": "reading",
    "conditions": "reading",
    "fields": "reading",
    "stores.heard": "reading",
    "features": "reading",
    "filters": "reading",
    "query": "reading",
    "reading": "reading",
    "chosen": "reading",
    "labels": "reading",
    "part_labels": "reading",
    "timeline": "reading",
    "timeline_words": "reading",
    "rendering": "reading",
    "saved": "reading",
    "seen": "reading",
    "transports": "reading",
    "services": "services",
    "verbs": "services",
    "middleware": "doors",
    "templatetags": "reading",
    "wiring": "wiring",
    "apps": "apps",
    **dict.fromkeys(DOORS, "doors"),
}


def layer_of(name: str) -> int | None:
    """The height of a module inside its application; None for one that stands in no layer."""
    app, _, rest = name.partition(".")
    top = rest.split(".")[0]
    layer = LAYER_OF.get(f"{app}.{top}") or LAYER_OF.get(top)
    return None if layer is None else LAYERS.index(layer)


def floor_of(name: str) -> tuple[str, tuple[str, ...]]:
    return next((prefix, allowed) for prefix, allowed in FLOORS if _within(name, prefix))


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def test_every_import_goes_down():
    wrong = []
    for name in modules():
        prefix, allowed = floor_of(name)
        for target, line in imports_of(name):
            own = target.split(".")[0] in APPS
            if own and not any(_within(target, package) for package in allowed):
                wrong.append(f"{name}:{line} ({prefix}) imports {target}")
            is_command = _within(name, "backoffice.management")
            wrong += [
                f"{name}:{line} imports {target}"
                for hidden in ONLY_FROM_COMMANDS
                if _within(target, hidden) and not _within(name, hidden) and not is_command
            ]
    assert wrong == []


def test_gateway_and_rehearsal_shop_know_no_framework():
    wrong = [
        f"{name}:{line} imports {target}"
        for name in modules()
        if any(_within(name, package) for package in WITHOUT_FRAMEWORK)
        for target, line in imports_of(name)
        if target.split(".")[0] in FRAMEWORKS
    ]
    assert wrong == []


def test_there_is_no_knot():
    graph = {
        name: {target for target, _ in imports_of(name, run_time_only=True) if target in modules() and target != name}
        for name in modules()
    }
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_inside_an_application_layers_hold():
    wrong = []
    for name in modules():
        app, _, rest = name.partition(".")
        top = rest.split(".")[0]
        if app == "backoffice" or top in ("", "shopify", "rehearsal"):
            continue
        here = layer_of(name)
        assert here is not None, f"{name} belongs to no layer: say which in LAYER_OF"
        for target, line in imports_of(name):
            target_app, _, target_rest = target.partition(".")
            there = layer_of(target)
            if target_app != app or there is None:
                continue
            target_top = target_rest.split(".")[0]
            between_doors = here == there == LAYERS.index("doors") and top != target_top and top != "urls"
            if there > here or between_doors:
                wrong.append(f"{name}:{line} imports {target}")
    assert wrong == []
