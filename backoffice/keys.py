"""Keys: made, checked, and kept in a file for the demo. `python -m backoffice.keys` prints new ones for production."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet


def new_secret_key() -> str:
    return secrets.token_urlsafe(64)


def new_field_key() -> str:
    """A Fernet key: 32 random bytes in URL-safe base64. Encrypts secrets at rest."""
    return Fernet.generate_key().decode()


def is_field_key(text: str) -> bool:
    try:
        Fernet(text)
    except (ValueError, TypeError):
        return False
    return True


def kept(path: Path, make: Callable[[], str]) -> str:
    """The key in the file, made at first use. Two processes starting at once end with the same key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        own = path.with_name(f"{path.name}.{os.getpid()}")
        own.write_text(make())
        own.chmod(0o600)
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text().strip()


if __name__ == "__main__":
    print(f"SECRET_KEY={new_secret_key()}\nFIELD_KEYS={new_field_key()}")
