"""The embedded server: made once, shared, recovered after a kill, stopped with its last user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backoffice import embedded, embedded_server

from .conftest import ROOT, wait_for

USER = """
import pathlib, sys, time
from backoffice import embedded
handle = embedded.ensure_running(pathlib.Path(sys.argv[1]), fast=True)
print("running", flush=True)
time.sleep(60)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "postgres"
    yield directory
    embedded_server.stop(directory)


def connect(directory: Path) -> psycopg.Connection[tuple[object, ...]]:
    settings = embedded.database_settings(directory)
    return psycopg.connect(host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname=settings["NAME"])


def runs(directory: Path) -> bool:
    return embedded_server.answers(embedded.socket_directory(directory), embedded.NAME)


def test_settings_start_nothing_and_write_nothing(directory: Path) -> None:
    assert embedded.database_settings(directory)["HOST"] == str(directory)
    assert list(directory.parent.iterdir()) == []


def test_a_long_path_gets_a_short_socket_directory(tmp_path: Path) -> None:
    directory = tmp_path / ("x" * 120) / "postgres"

    host = embedded.database_settings(directory)["HOST"]

    assert len(os.fsencode(f"{host}/.s.PGSQL.5432")) < 104
    assert host == embedded.database_settings(directory)["HOST"]
    assert host != embedded.database_settings(directory.with_name("other"))["HOST"]


def test_it_has_our_role_and_extensions_recovers_after_a_kill_and_ends_with_its_last_user(directory: Path) -> None:
    first = embedded.ensure_running(directory)
    second = embedded.ensure_running(directory)
    with connect(directory) as connection:
        assert connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchall() == [(False, True)]
        names = {row[0] for row in connection.execute("SELECT extname FROM pg_extension").fetchall()}
        assert {"pg_trgm", "btree_gin", "unaccent"} <= names
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")

    postmaster = embedded_server._postmaster(directory)
    assert postmaster is not None
    postmaster.kill()
    third = embedded.ensure_running(directory)
    with connect(directory) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(1000,)]

    first.close()
    first.close()
    second.close()
    assert runs(directory)
    third.close()
    assert not runs(directory)
    assert not (directory / "postmaster.pid").exists()


def test_a_stale_process_number_of_a_stranger_does_not_keep_it_from_starting(directory: Path) -> None:
    embedded.ensure_running(directory, fast=True).close()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (directory / "postmaster.pid").write_text(
            f"{stranger.pid}\n{directory}\n1700000000\n5432\n{directory}\n\n\nready\n"
        )
        handle = embedded.ensure_running(directory, fast=True)
        assert runs(directory)
        handle.close()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_it_ends_when_all_its_users_were_killed(directory: Path) -> None:
    users = [
        subprocess.Popen([sys.executable, "-c", USER, str(directory)], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == b"running\n"
    assert runs(directory)

    for user in users:
        os.kill(user.pid, signal.SIGKILL)
        user.communicate()

    wait_for(lambda: not (directory / "postmaster.pid").exists(), seconds=20)


def test_a_directory_with_something_else_in_it_is_left_alone(directory: Path) -> None:
    directory.mkdir()
    (directory / "letter.txt").write_text("mine")

    with pytest.raises(embedded.EmbeddedPostgresError, match="holds no PostgreSQL data"):
        embedded.ensure_running(directory, fast=True)

    assert (directory / "letter.txt").read_text() == "mine"


def interpreter_is_open() -> bool:
    path = Path(sys.executable).resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take the part of another user")
@pytest.mark.skipif(not interpreter_is_open(), reason="another user cannot run this interpreter")
def test_it_runs_for_a_normal_user_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    home = tmp_path_factory.mktemp("normal")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    for parent in (home, *home.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    code = (
        "import pathlib, sys; from backoffice import embedded;"
        "handle = embedded.ensure_running(pathlib.Path(sys.argv[1]), fast=True); print('running'); handle.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home / "postgres")],
        cwd=ROOT,
        env={"PATH": os.defpath},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("running\n", 0), done.stderr
    assert (home / "postgres" / "PG_VERSION").stat().st_uid == nobody.pw_uid
