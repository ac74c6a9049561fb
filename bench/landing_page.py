"""The page of a signed link: how fast it is answered, and what a submission costs, beside the least that each must do.

Run from the root with the Python of .venv; needs wrk. gunicorn with two sync workers serves the product and the limit
(limit.py) in turn, on the same database; wrk asks with 16 connections. Prints requests per second, the ratios with what is
demanded of them, and a check of what the submissions changed; ends with code 1 where anything is short or wrong.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import main_job  # noqa: E402 (found by the line above)

CONNECTIONS = 16
SLUG = "preferences"
GET_DEMAND, POST_DEMAND, SPREAD_DEMAND = 0.55, 0.5, 3.0
APPLICATIONS = {"limit": "bench.limit:application", "product": "config.wsgi:application"}
SCRIPT = """
local tokens, at = {}, 0
for line in io.lines("%(tokens)s") do tokens[#tokens + 1] = line end
function request()
  at = at %% #tokens + 1
  local path = "/lp/%(slug)s/" .. tokens[at] .. "/"
  return wrk.format("%(method)s", path, {["Content-Type"] = "application/x-www-form-urlencoded"}, "%(body)s")
end
function done(summary, latency)
  local errors, p50, p99 = summary.errors.status, latency:percentile(50), latency:percentile(99)
  print(string.format("FIGURES %%d %%d %%d %%.0f %%.0f", summary.requests, summary.duration, errors, p50, p99))
end
"""


@dataclass
class Load:
    """What wrk saw: answers per second, and milliseconds of the median and of the slowest hundredth."""

    requests: int
    rate: float
    p50: float
    p99: float


def main() -> int:
    arguments = parse()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: install it (Debian and Ubuntu: apt-get install wrk).")
    with tempfile.TemporaryDirectory() as folder, main_job.database(arguments.database, Path(folder)) as url:
        main_job.set_environment(url)
        port = free_port()
        os.environ |= {"ALLOWED_HOSTS": "127.0.0.1", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        main_job.measured(main_job.migrate)
        made = main_job.measured(make, arguments.people, arguments.rounds * len(APPLICATIONS)).result
        loads = measure(Wrk(port, Path(folder), arguments.seconds), made, arguments.rounds, port)
        people, rows, wrong = main_job.measured(recorded).result
    fine = [judged(title, loads[title], demand) for title, demand in (("GET", GET_DEMAND), ("POST", POST_DEMAND))]
    posts = sum(one.requests for one in loads["POST"]["product"])
    # wrk leaves without the last answers.
    exact = posts <= people <= posts + CONNECTIONS * arguments.rounds and rows == 2 * people and not wrong
    verdict = "ok" if exact else "SHORT"
    print(f"{verdict} {posts:,} posts ticked two boxes of {people:,} people, {rows:,} ledger rows, {wrong} disagree")
    return 0 if all(fine) and exact else 1


def measure(wrk: "Wrk", made: dict[str, Any], rounds: int, port: int) -> dict[str, dict[str, list[Load]]]:
    """Title -> server -> loads. Nobody posts twice, so that every post of the product changes something."""
    loads: dict[str, dict[str, list[Load]]] = {title: {name: [] for name in APPLICATIONS} for title in ("GET", "POST")}
    parts = iter(made["parts"])
    for _round in range(rounds):
        for name, application in APPLICATIONS.items():
            with server(application, port):
                wrk.run("GET", made["tokens"], seconds=1)
                loads["GET"][name].append(wrk.run("GET", made["tokens"]))
                loads["POST"][name].append(wrk.run("POST", next(parts), made[name]))
    return loads


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--profiles", dest="people", type=int, help="people; default 60,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    arguments = parser.parse_args()
    arguments.people = arguments.people or (10_000 if arguments.quick else 60_000)
    arguments.rounds, arguments.seconds = (1, 3) if arguments.quick else (3, 6)
    return arguments


def make(people: int, parts: int) -> dict[str, Any]:
    """A published page, its people and their links, and what a form with two ticked boxes sends to each server."""
    from django.core.management import call_command

    from landingpages import forms, publishing
    from landingpages.templates_builtin import create_page
    from profiles.links import Purpose, make_token
    from profiles.models import Profile

    call_command("collectstatic", interactive=False, verbosity=0)  # the product names its style sheets by their contents
    page = create_page("channels", label="Preferences", slug=SLUG, by="bench")
    publishing.publish(page, by="bench")
    rows = (Profile(last_name=f"P{n}", email=f"p{n}@example.org") for n in range(people))
    profiles = Profile.objects.bulk_create(rows, batch_size=2000)
    boxes = [block for block in page.version.content["blocks"] if block["field"] in ("opted_out_email", "opted_out_sms")]
    body = "&".join([*(f"{forms.field_name(block)}=on" for block in boxes), f"version={page.version.number}"])
    tokens = [make_token(Purpose.PAGE, profile.public_id, page=page.pk) for profile in profiles]
    size = people // parts
    shares = [tokens[at : at + size] for at in range(0, size * parts, size)]
    return {"tokens": tokens, "parts": shares, "product": body, "limit": "email=on&sms=on"}


def recorded() -> tuple[int, int, int]:
    """People who ticked two boxes on the product's page, rows that it left in the ledger, and people who do not agree."""
    from profiles import ledger
    from profiles.models import ConsentEvent, Profile

    events = ConsentEvent.objects.exclude(page_version_id=None)
    ticked = Profile.objects.filter(pk__in=events.values("profile"), opted_out_email=True, opted_out_sms=True)
    return ticked.count(), events.count(), sum(1 for _one in ledger.disagreements())


@contextmanager
def server(application: str, port: int) -> Iterator[None]:
    """gunicorn with two sync workers, until it answers and until the block ends."""
    command = [sys.executable, "-m", "gunicorn", application, "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    try:
        for _try in range(2):  # workers
            wait_for(f"http://127.0.0.1:{port}/nowhere/")
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(address: str) -> None:
    """Until somebody answers there, whatever it is."""
    for _try in range(300):
        try:
            urlopen(address, timeout=60)
        except HTTPError:
            return
        except OSError:
            time.sleep(0.1)


@dataclass
class Wrk:
    """The load generator: one thread, every request with the next token."""

    port: int
    folder: Path
    seconds: int

    def run(self, method: str, tokens: list[str], body: str = "", *, seconds: int = 0) -> Load:
        """RuntimeError for an answer other than 200, and where there were fewer tokens than posts."""
        listed, script = self.folder / "tokens", self.folder / "requests.lua"
        listed.write_text("\n".join(tokens))
        script.write_text(SCRIPT % {"tokens": listed, "method": method, "slug": SLUG, "body": body})
        duration = seconds or self.seconds
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration}s", "--timeout", "20s", "-s", str(script)]
        done = subprocess.run([*command, f"http://127.0.0.1:{self.port}"], capture_output=True, text=True, check=True)
        requests, micros, errors, p50, p99 = map(int, done.stdout.rpartition("FIGURES ")[2].split())
        if errors or (body and requests > len(tokens)):
            raise RuntimeError(done.stdout)
        return Load(requests, requests / micros * 1e6, p50 / 1000, p99 / 1000)


def judged(title: str, loads: dict[str, list[Load]], demand: float) -> bool:
    """Print what was measured, and how it stands to what is demanded."""
    middle = {
        name: {part: median(getattr(one, part) for one in rounds) for part in ("rate", "p50", "p99")}
        for name, rounds in loads.items()
    }
    for name, one in middle.items():
        print(f"{title:5} {name:8} {one['rate']:8.0f} requests/s   p50 {one['p50']:6.1f} ms   p99 {one['p99']:6.1f} ms")
    product = middle["product"]
    ratio, spread = product["rate"] / middle["limit"]["rate"], product["p99"] / product["p50"]
    is_fast, is_even = ratio >= demand, spread <= SPREAD_DEMAND
    print(f"{'ok' if is_fast else 'SHORT'} {title} / limit {ratio:.2f} (demand >= {demand})")
    print(f"{'ok' if is_even else 'SHORT'} {title} p99 / p50 {spread:.1f} (demand <= {SPREAD_DEMAND:.0f})")
    return is_fast and is_even


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
