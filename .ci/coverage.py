#!/usr/bin/env python3
"""Tells what of the core no test reaches: `coverage.py COVERAGE.json TESTING.md`.

Reads what `cargo llvm-cov report --json` wrote. A region is reached if it is in any instance of its function. Unit tests
are no part of the core. Fails if a region is not reached and the guide has no row for it: a row names the file and a text
of the line in which the region begins.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

# Impossible states stop with a sentence: that no input reaches them is what they say.
IMPOSSIBLE = re.compile(r"\s*(unreachable!|panic!)\(")
ROW = re.compile(r"^\| `(src/[^`]+)` \| `([^`]+)` \| (.+) \|$")


def lines_of(path):
    """The lines of a file up to its unit tests."""
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines):
        if line == "#[cfg(test)]" and lines[number + 1].startswith("mod tests"):
            return lines[:number]
    return lines


def text(lines, region):
    (first, from_column), (last, to_column) = region[:2], region[2:]
    if first == last:
        return lines[first - 1][from_column - 1 : to_column - 1]
    return lines[first - 1][from_column - 1 :]


def regions_of(data):
    """By file and region, how often it was come by, in whichever instance."""
    counts = defaultdict(lambda: defaultdict(int))
    for function in data["functions"]:
        for *region, count, file, _, kind in function["regions"]:
            if kind == 0:
                counts[function["filenames"][file]][tuple(region)] += count
    return counts


def main():
    data = json.loads(Path(sys.argv[1]).read_text())["data"][0]
    listed = {}
    for line in Path(sys.argv[2]).read_text().splitlines():
        if row := ROW.match(line):
            listed[row[1], row[2]] = False
    root = Path.cwd()
    reached = total = reached_lines = total_lines = 0
    open_regions, allowed = [], 0
    for file, counts in sorted(regions_of(data).items()):
        path = Path(file)
        if not path.is_relative_to(root / "src"):
            continue
        name, lines = str(path.relative_to(root)), lines_of(path)
        by_line = defaultdict(list)
        for region, count in sorted(counts.items()):
            if region[0] > len(lines):
                continue
            total += 1
            reached += count > 0
            by_line[region[0]].append(count > 0)
            if count > 0:
                continue
            line = lines[region[0] - 1]
            rows = [row for row in listed if row[0] == name and row[1] in line]
            for row in rows:
                listed[row] = True
            if rows or IMPOSSIBLE.match(text(lines, region)):
                allowed += 1
            else:
                open_regions.append(f"{name}:{region[0]}:{region[1]}: {text(lines, region).strip()[:90]}")
        total_lines += len(by_line)
        reached_lines += sum(any(reached) for reached in by_line.values())
    print("\n".join(open_regions))
    print(f"regions: {reached} of {total} reached, {allowed} that cannot be, {len(open_regions)} that could")
    print(f"lines where a region begins: {reached_lines} of {total_lines}")
    stale = [f"{file}: {text}" for (file, text), is_used in listed.items() if not is_used]
    if stale:
        print("listed, but reached or gone:", *stale, sep="\n")
    sys.exit(1 if open_regions or stale else 0)


if __name__ == "__main__":
    main()
