import http.client
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from django.conf import settings

pytestmark = pytest.mark.own_database


@pytest.fixture
def port():
    """A free port whose mailbox port, 25 above, is free as well."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as web:
            number = web.getsockname()[1]
            try:
                with socket.create_server(("127.0.0.1", number + 25)):
                    return number
            except (OSError, OverflowError):
                continue


@pytest.fixture
def start(tmp_path):
    """Starts `manage.py dev` for an empty installation; ends what a failed test leaves."""
    started = []

    def dev(port, **values):
        environment = os.environ | {"DEBUG": "1", "DEMO": "0", "PORT": str(port)}
        environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/heed.sqlite3"
        process = subprocess.Popen(
            [sys.executable, "manage.py", "dev"],
            env=environment | values,
            cwd=settings.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield dev
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def first_lines(process):
    """What is printed up to the last line of the welcome."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
    raise AssertionError(process.stderr.read())


def children(process):
    """Command -> process id of what `manage.py dev` started."""
    commands = [(child.cmdline(), child.pid) for child in psutil.Process(process.pid).children()]
    return {arguments[arguments.index(str(settings.ROOT / "manage.py")) + 1]: pid for arguments, pid in commands}


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_free(port):
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def fetch(port, path):
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_dev_answers_when_it_says_so_and_leaves_nothing_behind(start, port, ending):
    process = start(port)
    assert f"Heed runs at http://localhost:{port}" in first_lines(process)
    assert fetch(port, "/admin/login/") == 200
    running = children(process)
    assert sorted(running) == ["mailbox", "runserver", "worker"]

    process.send_signal(ending)
    assert process.wait(timeout=15) == 0
    assert [name for name, pid in running.items() if is_alive(pid)] == []
    assert (is_free(port), is_free(port + 25)) == (True, True)


@pytest.mark.slow
def test_dev_shows_the_password_of_an_empty_installation_once(start, port):
    logins = []
    for _ in range(2):
        process = start(port)
        logins += [line for line in first_lines(process) if line.startswith("Log in:")]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0
    assert [("operator / " in login, "changepassword operator" in login) for login in logins] == [(True, False), (False, True)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mailbox", "runserver", "worker"])
def test_dev_ends_with_the_first_child_that_ends(start, port, name):
    process = start(port)
    first_lines(process)
    running = children(process)
    os.kill(running[name], signal.SIGKILL)
    assert process.wait(timeout=15) == 1
    assert "ended by itself (code -9), so everything was ended." in process.stderr.read()
    assert [name for name, pid in running.items() if is_alive(pid)] == []


@pytest.mark.parametrize("offset", [0, 25])
def test_dev_names_a_busy_port_and_starts_nothing(start, port, tmp_path, offset):
    with socket.create_server(("127.0.0.1", port + offset)):
        process = start(port)
        stdout, stderr = process.communicate(timeout=30)
    purpose = " (PORT + 25, for the local mailbox)" if offset else ""
    sentence = f"Port {port + offset}{purpose} is in use: choose another with PORT={port + 1} make run.\n"
    assert (process.returncode, stdout, stderr) == (1, "", sentence)
    assert list(tmp_path.iterdir()) == []


def test_dev_refuses_a_port_that_leaves_none_for_the_mailbox(start, tmp_path):
    process = start(65530)
    assert process.communicate(timeout=30) == ("", "PORT=65530 is not possible: choose one from 1024 to 65510.\n")
    assert list(tmp_path.iterdir()) == []
