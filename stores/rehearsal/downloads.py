"""Sends result files as a file host does: streamed from disk, with length and ranges, for whoever has the link."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

from stores.rehearsal.bulk.files import Part

_BLOCK = 256 * 1024


def send(handler: BaseHTTPRequestHandler, part: Part, *, cut: int | None = None) -> None:
    """Headers and bytes of `part`; with `cut`, the connection ends after so many bytes of it."""
    length = part.end - part.start
    handler.send_response(200 if part.whole else 206)
    handler.send_header("Content-Type", "application/jsonl")
    handler.send_header("Accept-Ranges", "bytes")
    handler.send_header("ETag", f'"{part.path.stem}"')
    if not part.whole:
        handler.send_header("Content-Range", f"bytes {part.start}-{part.end - 1}/{part.size}")
    handler.send_header("Content-Length", str(length))
    left = length if cut is None else min(cut, length)
    try:
        handler.end_headers()
        with part.path.open("rb") as file:
            file.seek(part.start)
            while left > 0 and (block := file.read(min(_BLOCK, left))):
                handler.wfile.write(block)
                left -= len(block)
    except (BrokenPipeError, ConnectionResetError):
        handler.close_connection = True
    if cut is not None:
        handler.close_connection = True
        handler.connection.close()
