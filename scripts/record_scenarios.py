"""Writes what the scenarios of tests/recorded_scenarios.py give now into tests/recorded_scenarios.tsv.

Run it before a change that is to leave the numbers as they are, never after one: the table is the older version's word.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from recorded_scenarios import COLUMNS, SCENARIOS, TABLE

if __name__ == "__main__":
    lines = ["\t".join(COLUMNS)]
    began = time.perf_counter()
    for each in SCENARIOS:
        started = time.perf_counter()
        lines += [
            f"{each.name}\t{quantity}\t{patient}\t{hour:.9g}\t{value:.12g}"
            for (quantity, patient, hour), value in each.run().items()
        ]
        print(f"{time.perf_counter() - started:6.2f} s  {each.name}", file=sys.stderr)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(SCENARIOS)} scenarios in {time.perf_counter() - began:.1f} s: {TABLE}")
