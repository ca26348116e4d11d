"""Settings from the environment: a value that cannot be right stops the start with its name and the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backoffice import keys
from backoffice.env import Environment

ROOT = Path(__file__).resolve().parents[2]


def test_values_are_read_in_their_kind():
    env = Environment({"A": " yes ", "B": "7", "C": "x, y,,", "D": "https://a.example.com/", "E": "a=1,b=2"})

    assert env.flag("A", default=False) is True
    assert env.flag("MISSING", default=True) is True
    assert env.number("B", default=1, at_least=1, at_most=9) == 7
    assert env.words("C") == ["x", "y"]
    assert env.url("D", "") == "https://a.example.com"
    assert env.pairs("E") == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "read",
    [
        lambda env: env.flag("ODD", default=True),
        lambda env: env.number("ODD", default=1, at_least=1, at_most=9),
        lambda env: env.choice("ODD", "a", "b"),
        lambda env: env.zone("ODD", "UTC"),
        lambda env: env.url("ODD", ""),
        lambda env: env.pairs("ODD"),
    ],
)
def test_an_odd_value_is_named(read):
    with pytest.raises(ImproperlyConfigured, match=r"^ODD=Mars/Base: "):
        read(Environment({"ODD": "Mars/Base"}))


@pytest.mark.parametrize("name", ["DATABASE_URL", "EMAIL_URL", "SECRET_KEY", "FIELD_KEYS"])
def test_what_holds_a_secret_is_named_without_it(name):
    env = Environment({name: "postgres://u:hunter2@h/x"})

    assert str(env.odd(name, "is odd")) == f"{name}=(hidden): is odd."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL=(hidden): is not PostgreSQL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL=(hidden): is missing"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY=(hidden): is shorter than 50 characters"),
        ({"FIELD_KEYS": "not a key"}, "FIELD_KEYS=(hidden): must hold one or more keys"),
        ({"PUBLIC_URL": "http://bo.example.com"}, "PUBLIC_URL=http://bo.example.com: must begin with https://"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS=: is empty"),
        ({"DEBUG": "1"}, "DEBUG=1: must be off in production"),
        ({"REHEARSAL_SHOPS": "a=http://127.0.0.1:1"}, "REHEARSAL_SHOPS=a=http://127.0.0.1:1: is for the demo"),
        ({"Q_WORKERS": "zero"}, "Q_WORKERS=zero: is not a whole number from 1 to 64"),
        ({}, ""),
    ],
)
def test_production_starts_only_with_what_it_needs(tmp_path, changes, said):
    environment = {
        "PATH": os.environ["PATH"],
        "BACKOFFICE_MODE": "production",
        "PUBLIC_URL": "https://bo.example.com",
        "ALLOWED_HOSTS": "bo.example.com",
        "DATABASE_URL": "postgres://u:p@127.0.0.1:1/x",
        "SECRET_KEY": keys.new_secret_key(),
        "FIELD_KEYS": keys.new_field_key(),
        "VAR_DIR": str(tmp_path),
        **changes,
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode == 0) is (said == "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
