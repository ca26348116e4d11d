"""Processes, for the supervisor and the demo: children that die with their parent, groups that end as one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Loaded here and not in the child: between fork and exec as little as possible may happen.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Called in a child: the kernel ends it with SIGKILL when the thread that made it ends. Linux only; elsewhere the
    end of the group and the look for orphans at the next start must do."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == 1:
            os._exit(1)  # the parent ended before the call; a container whose first process starts us uses `tied=False`


def start_group(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[str] | int | None = None,
    tied: bool = True,
) -> subprocess.Popen[bytes]:
    """Starts `command` as the leader of a session of its own, so that a Ctrl-C at the terminal reaches only us and its
    whole group can be ended. `tied` children die with this process."""
    return subprocess.Popen(
        command,
        env=None if environment is None else merged(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=die_with_parent if tied and os.getpid() != 1 else None,
    )


def merged(environment: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these changes; an empty value takes the variable away."""
    return {name: value for name, value in {**os.environ, **environment}.items() if value or name not in environment}


def kill_group(leader: int) -> None:
    """SIGKILL to every member of the group, whether its leader still lives or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # macOS says so for a group of zombies
    return True


def end_group(child: subprocess.Popen[bytes], *, patience_seconds: float) -> None:
    """SIGTERM to the leader alone, which knows how to finish; after the patience SIGKILL to the group."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_seconds)
    kill_group(child.pid)
    child.wait()
