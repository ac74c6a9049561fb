"""What it is worth to know whom one must not write to: one audience, sent to twice.

100,000 people (--profiles), every tenth with an address that nobody has. The first delivery does not know it: the mail server
refuses each of them, and the addresses are quarantined. The second delivery to the same audience leaves them out. Both must
reach exactly the others, each once. Prints the mails that the server took per second in both.

Run from the root with the Python of .venv. The last line names the demand, "ok" or "SHORT"; a SHORT one ends with code 1.
"""

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from main_job import check_recipients, database, measured, migrate, outcomes, prepare, send, set_environment  # noqa: E402

NOBODY = "nobody-"  # begins the addresses that the mail server refuses
BAD = 10  # every tenth
DEMANDED = 1.0  # times the mails per second


def main() -> int:
    arguments = parse()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="heed-bench-") as name, database(arguments.database, Path(name)) as url:
        set_environment(url)
        measured(migrate)
        measured(fill, arguments.profiles)
        rounds = [deliver(Path(name), arguments.workers) for _knowledge in range(2)]
    bad = arguments.profiles // BAD
    good = {address(number) for number in range(arguments.profiles) if number % BAD}
    print(f"\n{arguments.profiles:,} people on {arguments.database}, {bad:,} of them with a bad address\n")
    print(f"{'delivery':<32}{'left out':>10}{'refused':>10}{'sent':>10}{'seconds':>10}{'mails/s':>10}")
    for title, one in zip(("without knowledge", "the quarantine knows"), rounds, strict=True):
        print(
            f"{title:<32}{one['left_out']:>10,}{one['failed']:>10,}{one['sent']:>10,}{one['seconds']:>10.1f}{one['rate']:>10,.0f}"
        )
    checks = [check for one in rounds for check in check_recipients(good, one["received"])]
    checks += [
        (
            "the first delivery leaves out nobody and fails for the bad ones",
            (rounds[0]["left_out"], rounds[0]["failed"]) == (0, bad),
        ),
        ("the second leaves out the bad ones and fails for nobody", (rounds[1]["left_out"], rounds[1]["failed"]) == (bad, 0)),
    ]
    for sentence, holds in checks:
        print(f"{'correct' if holds else 'WRONG'}  {sentence}")
    ratio = rounds[1]["rate"] / rounds[0]["rate"]
    print(f"{'ok' if ratio >= DEMANDED else 'SHORT'} rate-with-knowledge-vs-without {ratio:.2f} (demand >= {DEMANDED:g})")
    return 0 if ratio >= DEMANDED and all(holds for _sentence, holds in checks) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="10,000 people")
    parser.add_argument("--profiles", type=int, help="default 100,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="processes that send")
    arguments = parser.parse_args()
    arguments.profiles = arguments.profiles or (10_000 if arguments.quick else 100_000)
    return arguments


def address(number: int) -> str:
    return f"{'' if number % BAD else NOBODY}p{number}@example.org"


def fill(people: int) -> None:
    from profiles.models import Profile

    rows = (Profile(first_name="Marie", last_name=f"P{number}", email=address(number)) for number in range(people))
    Profile.objects.bulk_create(rows, batch_size=2000)


def deliver(folder: Path, workers: int) -> dict[str, Any]:
    """One delivery to everybody, from its preparation to the last answer of the mail server."""
    prepared = measured(prepare).result
    targeted, to_deliver, _causes = prepared["counts"]
    sending, received = send(folder, prepared["delivery"], workers, refuse=NOBODY)
    _status, by_status = measured(outcomes, prepared["delivery"]).result
    return {
        "left_out": targeted - to_deliver,
        "failed": by_status.get("failed", 0),
        "sent": by_status.get("sent", 0),
        "seconds": sending.seconds,
        "rate": len(received) / sending.seconds,
        "received": received,
    }


if __name__ == "__main__":
    sys.exit(main())
