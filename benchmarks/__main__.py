"""`python -m benchmarks NAME`: each benchmark prints the machine, the versions and a table."""

import importlib
import sys

NAMES = ("decode", "delivery", "fusion", "kafka", "memory", "pipeline", "quality", "thresholds", "wer", "words")


def main() -> int:
    """Runs the benchmark that is named; 0 where it reached what it should, 2 where there is none of that name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in NAMES:
        print(f"python -m benchmarks NAME: expected one of {', '.join(NAMES)}, got {name or 'nothing'}", file=sys.stderr)
        return 2
    return importlib.import_module(f"benchmarks.{name}").main(sys.argv[2:]) or 0


if __name__ == "__main__":
    sys.exit(main())
