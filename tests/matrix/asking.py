"""Requests to the addresses of the matrix: which there are, and asking one as a kind of person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from stores.services.access import actor_of

from .expectations import Door, selection
from .world import World


def addresses() -> dict[str, str]:
    """Every address's name and pattern; those without a name go by their pattern."""
    return dict(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, route, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield (
                namespace + (entry.name or route.removeprefix("admin/").replace("(?P<url>.*)$", "^(?P<url>.*)$")),
                route,
            )


def ask(door: Door, world: World, role: str, side: str) -> HttpResponse:
    """One request to the door, as the role, about the things of that side."""
    thing, client = world.side(side), world.clients[role]
    user = world.users.get(role) or world.users["agent"]
    actor = actor_of(user)
    url = url_of(door, dict(door.key(thing, actor)) if door.key else {})
    body = door.body(thing, actor) if door.body else {}
    if door.query == "{selection}":
        url += "?" + urlencode(selection()(thing, actor))
    elif door.query:
        url += f"?{door.query}"
    send = getattr(client, door.method)
    if door.method == "get":
        return send(url)
    return send(url, body, content_type="application/json") if door.is_api else send(url, body)


def url_of(door: Door, arguments: dict[str, object]) -> str:
    if "<" not in door.name:
        return reverse(door.name, kwargs=arguments)
    route = addresses()[door.name]
    return "/" + re.sub(r"\(\?P<\w+>.*?\)\$?|<(\w+:)?\w+>", str(next(iter(arguments.values()))), route)


def text_of(answer: HttpResponse) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{answer.headers} {body.decode(errors='replace')}"
