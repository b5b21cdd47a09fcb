"""A real SLURM of two nodes on this machine, below one folder: its own munge, ports, state and logs.

``python tests/slurm/cluster_for_tests.py start FOLDER`` prints what to export; ``stop FOLDER`` kills and removes it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NODES = ("0x7f000001", "two")  # the first is its own address, where the ranks of several nodes find each other
CPUS = 2  # of each node, as SLURM counts them; the machine may have fewer
MEMORY = 4000  # MB of each node, as SLURM counts it
GPUS = 2  # of each node: counted only, there is no device behind them
MAX_ARRAY = 12
START = 30.0  # seconds until the nodes must be idle
DAEMONS = ("munged", "slurmctld", "slurmscriptd", "slurmd", "slurmstepd")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "scancel")

CONF = Path(__file__).with_name("slurm.conf.in").read_text()


@dataclass(frozen=True)
class Cluster:
    """A running cluster: ``env`` is what the environment of its users must hold."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """Variables to add to ``os.environ``."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def run(self, *command: str, cwd: Path | None = None) -> str:
        """What ``command`` prints on this cluster, stripped; RuntimeError with its complaint where it fails."""
        done = subprocess.run(command, env=os.environ | self.env, cwd=cwd, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def states(self) -> dict[str, str]:
        """State of every job and array element that the controller knows, finished ones too: {"7": .., "8_3": ..}."""
        lines = self.run("squeue", "--states=all", "--array", "--noheader", "--format=%i|%T").splitlines()
        return dict(line.split("|", 1) for line in lines)

    def wait(self, job: str, *states: str, seconds: float = 40.0) -> str:
        """The first of ``states`` that ``job`` is seen in; TimeoutError with all states after ``seconds``."""
        end = time.monotonic() + seconds
        while (now := self.states()).get(job) not in states:
            if time.monotonic() > end:
                raise TimeoutError(f"job {job} did not become {' or '.join(states)}: {now}")
            time.sleep(0.1)
        return now[job]


def unavailable() -> str:
    """Why there can be no SLURM on this machine; empty where there can be one."""
    missing = [program for program in PROGRAMS if not _program(program)]
    if not sys.platform.startswith("linux"):
        return "SLURM needs Linux"
    if missing:
        return f"{', '.join(missing)} not installed (Debian: apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "a SLURM of the tests needs root"


def start(folder: Path) -> Cluster:
    """A cluster with idle nodes below ``folder``, in place of one left there; RuntimeError with the logs' ends."""
    stop(folder)
    _write(folder)
    cluster = Cluster(folder)
    try:
        daemons = [_daemon(folder, "munged", "--foreground", "--force", "--origin=127.0.0.1", *_munge(folder))]
        _until(lambda: (folder / "munge/socket").exists(), daemons, folder)
        daemons.append(_daemon(folder, "slurmctld", "-D"))
        daemons += [_daemon(folder, "slurmd", "-D", "-N", node) for node in NODES]
        _until(lambda: _idle(cluster), daemons, folder)
    except BaseException:
        _kill(folder)
        raise
    return cluster


def stop(folder: Path) -> None:
    """Kill daemons and jobs of the cluster in ``folder`` and remove it; ValueError if it holds anything else."""
    if folder.exists() and any(folder.iterdir()):
        conf = folder / "slurm.conf"
        if not conf.is_file() or not conf.read_text().startswith(CONF.splitlines()[0]):
            raise ValueError(f"{folder} holds no cluster of the tests: it stays as it is")
    _kill(folder)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """A cluster in a temporary folder, stopped and removed afterwards, as are those whose starter was killed."""
    for left in Path(tempfile.gettempdir()).glob("restorebench-slurm-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            stop(left)
    folder = Path(tempfile.mkdtemp(prefix=f"restorebench-slurm-{os.getpid()}-"))
    try:
        yield start(folder)
    finally:
        stop(folder)


def _program(name: str) -> str | None:
    """Where a program lies; the daemons are often outside of a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def _write(folder: Path) -> None:
    """The key, the configuration and the folders that the daemons expect to exist."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sizes = {"array": MAX_ARRAY, "cpus": CPUS, "memory": MEMORY, "gpus": GPUS}
    text = CONF.format(folder=folder, ports=_free_ports(), **sizes)
    (folder / "slurm.conf").write_text(text)  # first: by it stop() knows what it may remove
    for name in ("munge", "state", "log", *(f"spool/{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    key = folder / "munge/key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    for k in range(GPUS):
        (folder / f"gpu{k}").touch()
    (folder / "gres.conf").write_text(f"NodeName={','.join(NODES)} Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    (folder / "plugstack.conf").touch()  # else the machine's own file is read


def _free_ports() -> list[int]:
    """Three ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _munge(folder: Path) -> list[str]:
    names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return [f"--{option}={folder}/munge/{name}" for option, name in names.items()]


def _daemon(folder: Path, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a daemon that outlives this process; what it says before it has a log goes to log/start.txt."""
    with (folder / "log/start.txt").open("ab") as log:
        return subprocess.Popen(
            [str(_program(program)), *arguments],
            env=os.environ | Cluster(folder).env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )


def _idle(cluster: Cluster) -> bool:
    """Whether every node is idle; sinfo asks a dead controller for long, so it is given up early."""
    command = ("sinfo", "--Node", "--noheader", "--partition=low", "--format=%t")
    with contextlib.suppress(subprocess.TimeoutExpired):
        said = subprocess.run(command, env=os.environ | cluster.env, capture_output=True, text=True, timeout=2)
        return said.stdout.split() == ["idle"] * len(NODES)
    return False


def _until(true: Callable[[], bool], daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Wait; RuntimeError with the ends of all logs if a daemon dies or START seconds pass."""
    end = time.monotonic() + START
    while not true():
        dead = [str(daemon.args) for daemon in daemons if daemon.poll() is not None]
        if dead or time.monotonic() > end:
            logs = [log for log in (folder / "munge/log", *sorted((folder / "log").iterdir())) if log.exists()]
            tails = [f"{log.name}:\n" + "\n".join(log.read_text().splitlines()[-8:]) for log in logs]
            raise RuntimeError("\n".join([f"SLURM did not start; ended: {dead or 'nothing'}", *tails]))
        time.sleep(0.1)


def _kill(folder: Path) -> None:
    """Kill what belongs to the cluster, until nothing does: a daemon may have forked while it was looked for."""
    while pids := processes(folder):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def processes(folder: Path) -> list[int]:
    """Daemons and jobs of the cluster: they have its configuration and a daemon's name or a job's number."""
    mine = f"SLURM_CONF={folder}/slurm.conf".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            variables = (entry / "environ").read_bytes().split(b"\0")
            daemon = (entry / "comm").read_text().strip() in DAEMONS
            if mine in variables and (daemon or any(each.startswith(b"SLURM_JOB_ID=") for each in variables)):
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def main() -> None:
    """``start FOLDER`` or ``stop FOLDER``."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=("start", "stop"))
    arguments.add_argument("folder", type=Path)
    given = arguments.parse_args()
    if reason := unavailable():
        sys.exit(f"no SLURM here: {reason}")
    try:
        if given.what == "stop":
            stop(given.folder.resolve())
        else:
            sys.stdout.write(f"export SLURM_CONF={start(given.folder.resolve()).env['SLURM_CONF']}\n")
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
