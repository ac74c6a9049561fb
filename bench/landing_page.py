"""The page of a signed link: how fast it is answered, and what a submission costs, beside the least that each must do.

Run from the root with the Python of .venv. gunicorn with two sync workers serves the product and then the floor (limit.py)
on the same database; clients of this process ask both in turn. Prints requests per second, their ratio and a check of what
the submissions changed; a failed check ends with code 1.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import main_job  # noqa: E402 (found by the line above)

CLIENTS = 16
SLUG = "preferences"


@dataclass
class Load:
    """What the clients saw: answers per second, and milliseconds of the median and of the slowest hundredth."""

    rate: float
    p50: float
    p99: float


def main() -> int:
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder, main_job.database(arguments.database, Path(folder)) as url:
        main_job.set_environment(url)
        port = free_port()
        os.environ |= {"ALLOWED_HOSTS": "127.0.0.1", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        main_job.measured(main_job.migrate)
        made = main_job.measured(make, arguments.posts).result
        gets = {name: [] for name in APPLICATIONS}
        posts = {name: [] for name in APPLICATIONS}
        for number in range(arguments.rounds):
            for name, application in APPLICATIONS.items():
                with server(application, port):
                    tokens = made["tokens"]
                    gets[name].append(asyncio.run(load(port, [(token, b"") for token in tokens * arguments.repeat])))
                    if number == 0:
                        half = tokens[: len(tokens) // 2] if name == "product" else tokens[len(tokens) // 2 :]
                        posts[name].append(asyncio.run(load(port, [(token, made["body"]) for token in half])))
        changed = main_job.measured(changes).result
    for title, loads in (("GET", gets), ("POST", posts)):
        report(title, loads)
    expected = (arguments.posts, 2 * arguments.posts, [])
    print("ok" if changed == expected else "FAILED", "each submission ticked two boxes and left two rows in the ledger:", changed)
    return 0 if changed == expected else 1


APPLICATIONS = {"product": "config.wsgi:application", "floor": "bench.limit:application"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="400 people, one round")
    parser.add_argument("--profiles", dest="posts", type=int, help="people, half of whom submit to each server; default 4,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    arguments = parser.parse_args()
    arguments.posts = arguments.posts or (400 if arguments.quick else 4_000)
    arguments.rounds, arguments.repeat = (1, 3) if arguments.quick else (3, 2)
    return arguments


def make(people: int) -> dict[str, object]:
    """A published page, its people and their links, and what a form with two ticked boxes sends."""
    from django.core.management import call_command

    from landingpages import forms, publishing
    from landingpages.templates_builtin import create_page
    from profiles.links import Purpose, make_token
    from profiles.models import Profile

    call_command("collectstatic", interactive=False, verbosity=0)  # the product names its style sheets by their contents
    page = create_page("channels", label="Preferences", slug=SLUG, by="bench")
    publishing.publish(page, by="bench")
    profiles = Profile.objects.bulk_create(Profile(last_name=f"P{n}", email=f"p{n}@example.org") for n in range(people))
    boxes = [block for block in page.version.content["blocks"] if block["field"] in ("opted_out_email", "opted_out_sms")]
    body = "&".join([*(f"{forms.field_name(block)}=on" for block in boxes), f"version={page.version.number}"])
    tokens = [make_token(Purpose.PAGE, profile.public_id, page=page.pk) for profile in profiles]
    return {"tokens": tokens, "body": body.encode()}


def changes() -> tuple[int, int, list[str]]:
    from profiles import ledger
    from profiles.models import ConsentEvent, Profile

    ticked = Profile.objects.filter(opted_out_email=True, opted_out_sms=True).count()
    return ticked, ConsentEvent.objects.count(), list(ledger.disagreements())


@contextmanager
def server(application: str, port: int) -> Iterator[None]:
    """gunicorn with two sync workers, until it answers and until the block ends."""
    command = [sys.executable, "-m", "gunicorn", application, "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    try:
        for _try in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


async def load(port: int, requests: list[tuple[str, bytes]]) -> Load:
    """Ask for every request once, CLIENTS at a time; RuntimeError for an answer other than 200."""
    waiting, times = iter(requests), []

    async def client() -> None:
        for token, body in waiting:
            began = time.perf_counter()
            await ask(port, token, body)
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return Load(len(times) / (time.perf_counter() - began), median(times), quantiles(times, n=100)[98])


async def ask(port: int, token: str, body: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{'POST' if body else 'GET'} /lp/{SLUG}/{token}/ HTTP/1.0\r\nHost: 127.0.0.1\r\n"
    form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{head}{form}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    if b" 200 " not in answer[:20]:
        raise RuntimeError(answer[:300])


def report(title: str, loads: dict[str, list[Load]]) -> None:
    rates = {}
    for name, rounds in loads.items():
        rates[name] = median(one.rate for one in rounds)
        p50, p99 = (median(getattr(one, part) for one in rounds) for part in ("p50", "p99"))
        print(f"{title:5} {name:8} {rates[name]:8.0f} requests/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms")
    print(f"{title:5} ratio to the floor {rates['product'] / rates['floor']:.2f}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
