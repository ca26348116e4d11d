"""Structured logs: one line an outcome, facts beside the sentence, the request's id on every line of it."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

import structlog

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    return _request_id.get()


def set_request_id(value: str) -> None:
    _request_id.set(value)


def _add_request_id(logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if request_id := current_request_id():
        event["request_id"] = request_id
    return event


def formatter(*, as_json: bool) -> logging.Formatter:
    """Named in settings.LOGGING; turns `extra=` of the standard library's loggers into fields."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last.append(structlog.processors.format_exc_info)
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*last, renderer])
