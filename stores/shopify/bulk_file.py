"""A bulk operation's result file, gathered into orders: whatever its size in little memory, and nothing lost unseen.

The file holds one JSON object a line. An order's parts are lines of their own that name their parent, and they may lie
anywhere, also before it. So the lines are first sorted into bucket files by the order that they belong to, of some
megabytes each, and then one bucket at a time is read and gathered. Both steps give the same result each time, whoever
does them: a load that broke off goes on with the next bucket.

A line's text is Shopify's own: it writes slashes as `\\/`, and parts name their parent in `__parentId`.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

ROOT = "gid://shopify/Order/"
MIDDLE = "gid://shopify/FulfillmentOrder/"
"""The parts that have parts of their own."""

_BUCKET_BYTES = 4 * 1024 * 1024
_MOST_BUCKETS = 1024
_HELD_BYTES = 16 * 1024 * 1024
"""What may wait in memory for being appended to the buckets."""
_LONGEST_LINE = 32 * 1024 * 1024
_MANIFEST = "manifest.json"
_MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class Group:
    """One order of the file: its own line first, then its parts as they came, those of fulfilment orders last."""

    gid: str
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a file, or the part of it that was read, consisted of.

    `lines` counts what is not blank; each is an object of a group, `duplicates` (the same text again), `unreadable` (no
    JSON object with an id, or of no kind that stands alone), or `orphans` (its parent is not in the file).
    `ends_whole` is false when the last line has no end. `missing_parents` names parents of orphans, a thousand at most.
    """

    lines: int = 0
    groups: int = 0
    objects: int = 0
    duplicates: int = 0
    unreadable: int = 0
    orphans: int = 0
    ends_whole: bool = True
    missing_parents: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Lines that no group holds."""
        return self.unreadable + self.orphans

    def is_complete(self, *, objects: int | None) -> bool:
        """Whether nothing is missing; `objects` is what the operation counted, None where it did not say."""
        return self.ends_whole and not self.lost and (objects is None or self.objects == objects)

    def __add__(self, other: FileReport) -> FileReport:
        named = dict.fromkeys((*self.missing_parents, *other.missing_parents))
        return FileReport(
            self.lines + other.lines,
            self.groups + other.groups,
            self.objects + other.objects,
            self.duplicates + other.duplicates,
            self.unreadable + other.unreadable,
            self.orphans + other.orphans,
            self.ends_whole and other.ends_whole,
            tuple(named)[:_MOST_NAMED],
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """The groups of one bucket, and what it consisted of."""

    groups: tuple[Group, ...]
    report: FileReport


class SortedFile:
    """A result file whose lines lie in buckets under `directory`. `report` knows of unreadable lines, orphaned parts of
    parts and the end; the rest is found when a bucket is read."""

    def __init__(self, directory: Path, buckets: int, report: FileReport) -> None:
        self.directory = directory
        self.buckets = buckets
        self.report = report

    def read(self, bucket: int) -> Bucket:
        """The groups of the bucket with that number, in the order of their lines. Reading it again gives the same."""
        try:
            content = _path(self.directory, "orders", bucket).read_bytes()
        except FileNotFoundError:
            return Bucket((), FileReport())
        found: dict[bytes, dict[bytes, bool]] = {}
        lines = 0
        for entry in content.split(b"\n")[:-1]:
            lines += 1
            gid, _, line = entry.partition(b"\t")
            # The text itself is the key: a line that comes twice counts once. True marks the order's own line.
            found.setdefault(gid[1:], {})[line] = gid[:1] == b"R"
        groups, orphaned, missing = list[Group](), 0, list[str]()
        for gid, texts in found.items():
            own = [line for line, is_root in texts.items() if is_root]
            parts = [line for line, is_root in texts.items() if not is_root]
            if not own:
                orphaned += len(parts)
                missing.append(gid.decode())
                continue
            groups.append(Group(gid.decode(), (own[-1], *parts)))
        objects = sum(len(group.lines) for group in groups)
        report = FileReport(
            groups=len(groups),
            objects=objects,
            duplicates=lines - objects - orphaned,
            orphans=orphaned,
            missing_parents=tuple(missing[:_MOST_NAMED]),
        )
        return Bucket(tuple(groups), report)


def sort_lines(path: Path, *, into: Path, bucket_bytes: int = _BUCKET_BYTES) -> SortedFile:
    """Sorts the lines of the file into buckets below `into`, which is this file's alone.

    A sorting that was finished before is taken up as it is; one that broke off is done anew. Raises `OSError`.
    """
    size = path.stat().st_size
    buckets = min(max(1, -(-size // bucket_bytes)), _MOST_BUCKETS)
    known = _finished(into, size, buckets)
    if known is not None:
        return SortedFile(into, buckets, known)
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True, mode=0o700)
    orders, middle = _Buckets(into, "orders", buckets), _Buckets(into, "middle", buckets)
    report = _sort(path, orders, middle)
    middle.flush()
    report += _hang_up(middle, orders)
    orders.flush()
    manifest = {"size": size, "buckets": buckets, "report": asdict(report)}
    unfinished = into / f"{_MANIFEST}.new"
    unfinished.write_text(json.dumps(manifest))
    unfinished.replace(into / _MANIFEST)
    return SortedFile(into, buckets, report)


def groups(path: Path, *, into: Path) -> Iterator[Group]:
    """Every group of the file, for who needs no report and no resumption."""
    found = sort_lines(path, into=into)
    for bucket in range(found.buckets):
        yield from found.read(bucket).groups


class _Buckets:
    """Files that lines are appended to, in pieces: keeping hundreds of files open would exhaust what a process may."""

    def __init__(self, directory: Path, name: str, count: int) -> None:
        self._directory, self._name, self.count = directory, name, count
        self._waiting: list[list[bytes]] = [[] for _ in range(count)]
        self._held = 0

    def add(self, gid: bytes, entry: bytes) -> None:
        self._waiting[zlib.crc32(gid) % self.count].append(entry)
        self._held += len(entry)
        if self._held > _HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        for number, entries in enumerate(self._waiting):
            if entries:
                with _path(self._directory, self._name, number).open("ab") as file:
                    file.write(b"\n".join(entries) + b"\n")
                entries.clear()
        self._held = 0

    def drain(self) -> Iterator[list[bytes]]:
        """Each bucket's lines; it is gone afterwards."""
        for number in range(self.count):
            path = _path(self._directory, self._name, number)
            if path.exists():
                yield path.read_bytes().split(b"\n")[:-1]
                path.unlink()


def _sort(path: Path, orders: _Buckets, middle: _Buckets) -> FileReport:
    lines = unreadable = 0
    last = b"\n"
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            last, text = line, line.strip()
            if not text:
                continue
            lines += 1
            gid, parent = _ids(text)
            if gid is None:
                unreadable += 1
            elif parent is None:
                orders.add(gid, b"R" + gid + b"\t" + text)
            elif parent.startswith(_ROOT):
                orders.add(parent, b"P" + parent + b"\t" + text)
                if gid.startswith(_MIDDLE):
                    middle.add(gid, b"=" + gid + b"\t" + parent)
            else:
                middle.add(parent, b"P" + parent + b"\t" + text)
    return FileReport(lines=lines, unreadable=unreadable, ends_whole=last.endswith(b"\n"))


def _hang_up(middle: _Buckets, orders: _Buckets) -> FileReport:
    """Brings the parts of parts to the orders that they belong to, now that it is known to which."""
    orphans, missing = 0, dict[str, None]()
    for entries in middle.drain():
        pairs = [entry[1:].partition(b"\t")[::2] for entry in entries if entry[:1] == b"="]
        order_of = dict(pairs)
        for entry in entries:
            if entry[:1] == b"=":
                continue
            parent, _, line = entry[1:].partition(b"\t")
            order = order_of.get(parent)
            if order is not None:
                orders.add(order, b"P" + order + b"\t" + line)
            else:
                orphans += 1
                missing[parent.decode()] = None
    return FileReport(orphans=orphans, missing_parents=tuple(missing)[:_MOST_NAMED])


_ROOT, _MIDDLE = ROOT.encode(), MIDDLE.encode()


def _ids(text: bytes) -> tuple[bytes | None, bytes | None]:
    """The line's own id and its parent's; no own id where it is unreadable or stands where only orders may."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(found, dict):
        return None, None
    gid, parent = _id(found.get("id")), found.get("__parentId")
    if gid is None or parent is None:
        return (gid, None) if gid and gid.startswith(_ROOT) else (None, None)
    parent = _id(parent)
    return (gid, parent) if parent else (None, None)


def _id(value: object) -> bytes | None:
    if isinstance(value, str) and value.startswith("gid://") and value.isascii() and value.isprintable():
        return value.encode()
    return None


def _path(directory: Path, name: str, number: int) -> Path:
    return directory / f"{name}-{number:04}"


def _finished(into: Path, size: int, buckets: int) -> FileReport | None:
    """What an earlier sorting of this very file found, if it was finished."""
    try:
        manifest = json.loads((into / _MANIFEST).read_text())
        report = FileReport(**manifest["report"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if (manifest["size"], manifest["buckets"]) != (size, buckets):
        return None
    return replace(report, missing_parents=tuple(report.missing_parents))
