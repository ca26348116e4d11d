"""The house keeps its expected shape: small modules that say what they promise, no leftovers."""

from __future__ import annotations

import ast
import re

from tests.architecture.imports import modules

LONGEST = 400


def test_no_module_is_longer_than_two_screens_of_twenty():
    long = {name: count for name, path in modules().items() if (count := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


def test_every_module_says_what_it_promises():
    silent = [
        name
        for name, path in modules().items()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_nothing_unfinished_is_left():
    found = [
        f"{name}: {match.group()}"
        for name, path in modules().items()
        for match in re.finditer(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text())
    ]
    assert found == []


def test_orders_are_written_by_services_alone():
    """A queryset's update() on orders passes by timeline, outbox and locks."""
    pattern = re.compile(r"Order\.(objects|_base_manager)[^\n]*\.(update|delete|bulk_update)\(")
    found = [
        name
        for name, path in modules().items()
        if pattern.search(path.read_text())
        and ".services." not in name
        and not name.startswith("backoffice.management")
    ]
    assert found == []
