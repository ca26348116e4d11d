"""`python -m stores.rehearsal.conformance DIR`: agree, differ or not supported, per request and in total."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from stores.rehearsal.conformance.replay import Result, replay


@dataclass
class Totals:
    verdicts: Counter[str] = field(default_factory=Counter)
    costs: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    rebuilt: int = 0

    def add(self, result: Result) -> None:
        self.verdicts[result.verdict] += 1
        if result.cost_agrees is not None:
            self.costs["agree" if result.cost_agrees else "differ"] += 1
        if result.verdict == "agree":
            self.cut += bool(result.cut)
            self.rebuilt += result.rebuilt

    def text(self) -> str:
        agree, differ = self.verdicts["agree"], self.verdicts["differ"]
        return (
            f"agree {agree} ({self.cut} of them without fields beyond our schema, {self.rebuilt} with a rebuilt "
            f"document), differ {differ}, not supported {self.verdicts['not supported']}; "
            f"requested cost: agree {self.costs['agree']}, differ {self.costs['differ']}"
        )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m stores.rehearsal.conformance", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only files whose name holds this text")
    parser.add_argument("--quiet", action="store_true", help="totals only")
    options = parser.parse_args(argv)
    totals = Totals()
    for path in sorted(options.folder.glob("*.json")):
        if options.only not in path.name:
            continue
        for result in replay(path):
            totals.add(result)
            if options.quiet:
                continue
            reason = f": {result.reason}" if result.reason else ""
            print(f"{path.stem} {result.where or '/'}: {result.verdict}{reason}")
            for line in result.differences:
                print(f"    {line}")
    print(totals.text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
