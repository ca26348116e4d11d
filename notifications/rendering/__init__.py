"""Mails from templates: `mail` is the entrance. The child process (`child`) loads this package without Django."""
