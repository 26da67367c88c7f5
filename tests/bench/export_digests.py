"""Digests of every exported table of every capture, to compare two checkouts to the last byte.

`python -m tests.bench.export_digests OUT.json [CHECKOUT]` imports and exports with CHECKOUT's program (default: this
one) and writes one SHA-256 a table; with `--compare A.json B.json` it lists what
differs and exits with 1 if anything does.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("WORKSTATION_DATA", ROOT.parent / "shared" / "data"))
TABLES = "trades,bars,footprint,cvd,book,liquidations,funding,open_interest,premium,obi,quadrant,pressure,setups,paper"


def captures() -> dict[str, list[Path]]:
    """Name and files of each capture: those of one coin and day belong together."""
    binance = DATA / "binance-2024-08-08"
    found = {base: sorted(binance.glob(f"*/{base}usd*.gz")) for base in ("btc", "eth")}
    found["hyperliquid"] = sorted((DATA / "hyperliquid-2025-01-26").glob("*.gz"))
    found |= {path.name.partition(".")[0]: [path] for path in sorted((DATA / "multi-venue").glob("*.zst"))}
    return {name: files for name, files in found.items() if files}


def program(checkout: Path, *words: str) -> str:
    """What a command prints; its exit code is part of the text, so that a failure differs from a success."""
    run = subprocess.run(
        [sys.executable, "-m", "workstation", *words],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"exit code {run.returncode}\n{run.stdout}"


def tables_of(checkout: Path, recording: Path, folder: Path) -> dict[str, str]:
    """The digest of each table, row by row in order, as the command line writes it."""
    found = {}
    for form in ("jsonl", "csv"):
        text = program(
            checkout,
            "export",
            str(recording),
            "--out",
            str(folder),
            "--table",
            TABLES,
            "--every",
            "10s",
            "--format",
            form,
        )
        found[f"{form}: printed"] = text
    for file in sorted(folder.iterdir()):
        found[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def digests(checkout: Path) -> dict[str, dict[str, str]]:
    """Digests of all captures and of the shipped sample."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        for name, files in captures().items():
            recording = work / f"{name}.mcap"
            printed = program(checkout, "import", "auto", *map(str, files), "--out", str(recording))
            found[name] = {"import": printed.replace(str(work), "")}
            if recording.exists():
                found[name] |= tables_of(checkout, recording, work / name)
        for sample in sorted((checkout / "resources" / "sessions").glob("*.mcap")):
            found[sample.name] = tables_of(checkout, sample, work / sample.stem)
    return found


def compare(before: Path, after: Path) -> int:
    """Print what differs. Returns 1 if anything does."""
    one, two = json.loads(before.read_text()), json.loads(after.read_text())
    names = sorted({(capture, table) for side in (one, two) for capture in side for table in side[capture]})
    different = [
        f"{capture}: {table}"
        for capture, table in names
        if one.get(capture, {}).get(table) != two.get(capture, {}).get(table)
    ]
    print("\n".join(different) or f"{len(names)} tables of {len(one)} captures are byte-identical")
    return 1 if different else 0


def main(words: list[str]) -> int:
    """Run it; see the head of this file."""
    if words[0] == "--compare":
        return compare(Path(words[1]), Path(words[2]))
    checkout = Path(words[1]).resolve() if len(words) > 1 else ROOT
    Path(words[0]).write_text(json.dumps(digests(checkout), indent=1, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
