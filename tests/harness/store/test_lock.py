from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from errors import UserError
from harness.store import holder
from harness.store.lock import Lock, LockLostError

ROOT = Path(__file__).resolve().parents[3]

COUNT = """
import sys, time
from pathlib import Path
from harness.store.lock import Lock
folder, times = Path(sys.argv[1]), int(sys.argv[2])
for _ in range(times):
    with Lock(folder / "lock", poll=0.002):
        value = int((folder / "count").read_text())
        time.sleep(0.001)
        (folder / "count").write_text(str(value + 1))
"""

HOLD = """
import sys, time
from pathlib import Path
from harness.store.lock import Lock
with Lock(Path(sys.argv[1])):
    sys.stdout.write("held\\n"), sys.stdout.flush()
    time.sleep(60)
"""

# Takes the lock, writes down how many hold it at that moment, and keeps it until all have had their chance.
TAKE = """
import os, sys, time
from pathlib import Path
from harness.store.lock import Lock
folder, go = Path(sys.argv[1]), float(sys.argv[2])
time.sleep(max(0.0, go - time.time()))
with Lock(folder / "lock", poll=0.001):
    inside = folder / f"inside.{os.getpid()}"
    inside.touch()
    count = len(list(folder.glob("inside.*")))
    time.sleep(0.02)
    count = max(count, len(list(folder.glob("inside.*"))))
    inside.unlink()
print(count)
"""


def start(script: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def hold(path: Path) -> subprocess.Popen[str]:
    process = start(HOLD, path)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def forge(path: Path, age: float, **facts: object) -> None:
    """A lock of another machine that was last touched ``age`` seconds ago."""
    content = {"host": "far", "system": "other", "pid": 1, "started": "1", "token": "forged", "time": 0.0} | facts
    path.write_text(json.dumps(content))
    os.utime(path, (time.time() - age, time.time() - age))


def takes(path: Path, within: float) -> bool:
    """Whether a waiter gets the lock in time (it asks at least once)."""
    waiter, end = Lock(path), time.monotonic() + within
    while not waiter._attempt():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return waiter._release()


def test_one_at_a_time_among_processes(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    workers = [start(COUNT, tmp_path, 60) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert (tmp_path / "count").read_text() == "240"
    assert [path.name for path in tmp_path.iterdir()] == ["count"]  # no ticket, claim or lock is left


def test_one_at_a_time_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(20):
            with Lock(tmp_path / "lock", poll=0.001):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] and list(tmp_path.iterdir()) == []
    forge(tmp_path / "lock", age=61)
    assert takes(tmp_path / "lock", within=5)


def test_a_link_whose_answer_was_lost_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def twice(source: Path, name: Path) -> None:
        link(source, name)
        raise OSError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", twice)
    with Lock(tmp_path / "lock") as mine:
        assert not mine.lost


def test_killed_holder_is_taken_over_at_once_even_before_it_is_reaped(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock")
    assert not takes(tmp_path / "lock", within=0)
    process.send_signal(signal.SIGKILL)
    assert takes(tmp_path / "lock", within=5)  # still a zombie here
    process.wait(10)


def test_number_that_another_process_got_does_not_count_as_alive(tmp_path: Path) -> None:
    here = {"system": holder.system(), "pid": os.getpid()}
    forge(tmp_path / "lock", age=0, **here, started="12")
    assert takes(tmp_path / "lock", within=5)
    forge(tmp_path / "lock", age=0, **here, started=holder.started(os.getpid()))
    assert not takes(tmp_path / "lock", within=0.3)


def test_silent_holder_elsewhere_is_taken_over(tmp_path: Path) -> None:
    forge(tmp_path / "lock", age=61)
    assert takes(tmp_path / "lock", within=5)


def test_holder_elsewhere_that_was_heard_of_is_not_taken_over(tmp_path: Path) -> None:
    forge(tmp_path / "lock", age=50, pid=2**22 + 1)  # no such process here, which means nothing there
    assert not takes(tmp_path / "lock", within=0.5)


def test_a_holder_whose_clock_is_ahead_is_waited_for_no_longer_than_any_other(tmp_path: Path) -> None:
    """Its last beat lies a day ahead and does not change; one that beats is heard, whatever its clock says."""
    path, waiter = tmp_path / "lock", Lock(tmp_path / "lock", stale_after=0.2, poll=0.01)
    forge(path, age=-86400)
    began = time.monotonic()
    with waiter:
        assert 0.2 < time.monotonic() - began < 5
    forge(path, age=-86400, token="beats")
    for beat in range(40):
        os.utime(path, (time.time(), time.time() + 86400 + beat))
        assert not waiter._attempt()
        time.sleep(0.01)


def test_a_claim_on_itself_is_no_endless_chain(tmp_path: Path) -> None:
    forge(tmp_path / "lock", age=61)
    forge(tmp_path / "lock.forged", age=61)
    assert not takes(tmp_path / "lock", within=0.1)


def test_a_disk_that_takes_no_more_is_one_line_with_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    match = f"{tmp_path}/lock: .*Read-only"
    with monkeypatch.context() as patch, pytest.raises(UserError, match=match), Lock(tmp_path / "lock"):
        patch.setattr(os, "utime", refuse)
    with monkeypatch.context() as patch, pytest.raises(KeyError), Lock(tmp_path / "other"):
        patch.setattr(os, "utime", refuse)
        raise KeyError("what went wrong before is what is told")


DAMAGED = ["", "{", "[]", '{"pid": 1}', "[" * 1_000_000, json.dumps({"token": "../x"})]
HELD = {"host": "far", "system": "other", "pid": 1, "started": "1", "token": "t", "time": 0.0}
DAMAGED += [json.dumps(HELD | wrong) for wrong in ({"token": "../x"}, {"pid": -1}, {"pid": 10**30}, {"time": "x"})]


@pytest.mark.parametrize("content", DAMAGED)
def test_unreadable_lock_can_only_fall_silent(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lock"
    path.write_text(content)
    assert not takes(path, within=0.3)
    path.write_text(content)
    os.utime(path, (1, 1))
    assert takes(path, within=5)


@pytest.mark.parametrize("attempt", range(3))
def test_several_waiters_on_a_stale_lock_go_one_by_one(tmp_path: Path, attempt: int) -> None:
    forge(tmp_path / "lock", age=61)
    go = time.time() + 0.4
    workers = [start(TAKE, tmp_path, go) for _ in range(4)]
    assert [worker.communicate(timeout=60)[0] for worker in workers] == ["1\n"] * 4
    assert list(tmp_path.iterdir()) == []


def test_only_one_waiter_succeeds_a_dead_holder(tmp_path: Path) -> None:
    """All judge the same holder dead before any of them acts: the worst case, made certain by a barrier."""
    for _ in range(20):
        forge(tmp_path / "lock", age=61)
        together, won = threading.Barrier(4), []

        class Slow(Lock):
            def _dead(self, who: holder.Holder, now: float) -> bool:
                dead = super()._dead(who, now)
                if not self._token:
                    self._token = "judged"
                    together.wait(10)  # noqa: B023
                return dead

        def work() -> None:
            if Slow(tmp_path / "lock")._attempt():
                won.append(1)  # noqa: B023

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert won == [1]
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_waiter_that_died_taking_over_is_succeeded(tmp_path: Path) -> None:
    forge(tmp_path / "lock", age=61)
    forge(tmp_path / "lock.forged", age=0, token="second")
    assert not takes(tmp_path / "lock", within=0)  # the claimant may still be at it
    forge(tmp_path / "lock.forged", age=61, token="second")
    assert takes(tmp_path / "lock", within=5)
    assert list(tmp_path.iterdir()) == []


def test_late_judgement_does_not_touch_the_successor(tmp_path: Path) -> None:
    """A waiter that judged a lock dead, then slept while others settled it, withdraws."""
    path = tmp_path / "lock"
    forge(path, age=61)

    class Late(Lock):
        def _dead(self, who: holder.Holder, now: float) -> bool:
            dead = super()._dead(who, now)
            if who.token == "forged":
                successor.__enter__()
            return dead

    successor = Lock(path)
    assert not Late(path)._attempt()
    assert not successor.lost
    successor.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_holder_that_woke_up_keeps_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(path) as mine:
        os.utime(path, (1, 1))

        class Waiter(Lock):
            def _dead(self, who: holder.Holder, now: float) -> bool:
                dead = super()._dead(who, now)
                os.utime(path)  # the heartbeat comes just after the first judgement
                return dead

        assert not Waiter(path)._attempt()
        assert not mine.lost
    assert list(tmp_path.iterdir()) == []


def test_heartbeat_keeps_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(path, stale_after=0.6):
        os.utime(path, (1, 1))
        time.sleep(0.4)
        beat = path.stat().st_mtime
        assert time.time() - beat < 0.4
        assert not Lock(path, stale_after=0.6)._attempt()


def test_loser_notices_and_leaves_the_lock_to_its_successor(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(LockLostError), Lock(path) as first:
        assert not first.lost
        os.utime(path, (1, 1))
        with Lock(path) as second:
            assert first.lost and not second.lost
    forge(path, age=0)
    with pytest.raises(KeyError), Lock(tmp_path / "other"):  # an exception on its way is not replaced
        (tmp_path / "other").unlink()
        raise KeyError


def test_leaving_late_does_not_touch_the_successors_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(LockLostError), Lock(path):
        os.replace(path, tmp_path / "mine")
        forge(path, age=30)
    found = holder.read(path)
    assert found is not None and found.token == "forged" and time.time() - found.beat > 25


def test_leaving_while_somebody_takes_over_leaves_it_to_them(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(LockLostError), Lock(path) as mine:
        forge(tmp_path / f"lock.{mine._token}", age=0, token="claimant")
    assert path.exists()


def test_waiting_is_told_once_who_holds_it(tmp_path: Path) -> None:
    path, told = tmp_path / "lock", []
    forge(path, age=0)

    def waiting(who: holder.Holder) -> None:
        told.append(who.host)
        threading.Timer(0.1, path.unlink).start()

    with Lock(path, poll=0.01, waiting=waiting):
        pass
    assert told == ["far"]


def test_folder_that_cannot_be_written_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot lock"), Lock(tmp_path / "missing" / "lock"):
        pass


def test_lock_imports_no_torch() -> None:
    code = "import sys, harness.store.lock, harness.store.keys, harness.store.entries; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
