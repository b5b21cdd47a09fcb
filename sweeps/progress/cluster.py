"""What a SLURM cluster says of itself and of jobs, by its own commands, and what submissions to it left on the disk."""

import getpass
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import UserError
from harness.store.files import plainly
from harness.store.sealed import fits, lines
from sweeps.folder import Submission

IDS = "slurm.jsonl"  # in a submission: [number, id] as each job was taken by the cluster
LOGS = "slurm"  # in a submission: what submitit and the jobs write
CANCELLED = "cancelled.jsonl"  # in a submission: the numbers of jobs that were cancelled
TAIL = 16_384  # bytes of a log that are looked at
BIRTH = "Starting with JobEnvironment"  # submitit's first words
PATIENCE = 60  # seconds for a busy controller
LIVING = ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "RESIZING", "SUSPENDED", "REQUEUE_HOLD")
NEVER = ("DependencyNeverSatisfied",)
MEMORY = "killed for memory: ask for more, resources.{kind}.memory=GB"
TIME = "its time was up: ask for more, resources.{kind}.time=MINUTES, or more restarts"
WORDS = {  # for what SLURM calls the end of a job
    "OUT_OF_MEMORY": MEMORY,
    "TIMEOUT": TIME,
    "DEADLINE": TIME,
    "CANCELLED": "cancelled",
    "PREEMPTED": "preempted, and not put into the queue again",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not start",
}
SIGNS = (  # in a job's log, where SLURM only calls it failed, or has forgotten it
    (re.compile(r"exceeded (job )?memory limit|oom[-_ ]kill|out of memory", re.IGNORECASE), MEMORY),
    (re.compile("DUE TO TIME LIMIT"), TIME),
    (re.compile("DUE TO NODE FAILURE"), WORDS["NODE_FAIL"]),
    (re.compile(r"task \d+: Killed"), "killed (SIGKILL)"),
    (re.compile(r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT"), WORDS["CANCELLED"]),
)
STOPPED = ("CANCELLED", "PREEMPTED")  # nobody's fault


@dataclass(frozen=True)
class State:
    """How a job stands: the cluster's word, and its reason for it."""

    name: str
    reason: str


def find() -> None:
    """Raise `UserError` unless jobs can be submitted from here."""
    for command in ("sbatch", "squeue", "srun", "scontrol"):
        if shutil.which(command) is None:
            raise UserError(f"hydra/launcher=slurm: there is no {command} here; start it where SLURM is, or take local")


def states() -> dict[str, State]:
    """The jobs of this user that SLURM remembers, by id (``12`` or ``12_3``). Raises `UserError` if it can't tell."""
    words = ["squeue", "--array", "--states=all", "--noheader", "--user", getpass.getuser(), "--format=%i|%T|%r"]
    found = {}
    for line in ask(words).splitlines():
        name, _, rest = line.strip().partition("|")
        state, _, reason = rest.partition("|")
        found[name] = State(state, reason)
    return found


def lives(state: State | None) -> bool:
    """Whether a job waits for its turn or runs."""
    return state is not None and state.name in LIVING and state.reason not in NEVER


def ending(state: State | None, kind: str, log: str) -> str:
    """Why a job of some kind ended without a word of its own, in one line; ``log`` is what its last life left.

    Empty where nothing tells.
    """
    if state is not None and state.reason in NEVER:
        return "not started: what it needs has failed"
    if state is not None and state.name in WORDS:
        return WORDS[state.name].format(kind=kind)
    found = next((words.format(kind=kind) for sign, words in SIGNS if sign.search(log)), "")
    if found or state is None:
        return found
    last = next((line for line in reversed(log.splitlines()) if line.strip()), "")
    return f"ended by the cluster ({state.name}, {state.reason}){last and ': ' + last}"


def array_size() -> int:
    """The largest number of jobs in one array (MaxArraySize)."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]), re.MULTILINE)
    return max(1, int(match[1]) if match else 1000)


def has_gpus() -> bool:
    """Whether any node has a GPU."""
    return "gpu" in ask(["sinfo", "--noheader", "--format=%G"])


def cancel(names: Sequence[str]) -> None:
    """Cancel jobs, whatever they do."""
    for first in range(0, len(names), 500):
        ask(["scancel", *names[first : first + 500]])


def ask(words: Sequence[str]) -> str:
    """What one of SLURM's commands prints. Raises `UserError` with what it said if it failed."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    except FileNotFoundError as error:
        raise UserError(f"{words[0]}: not on this machine; ask where SLURM is") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{words[0]}: no answer within {PATIENCE} s; the cluster is busy, try again") from error
    except subprocess.CalledProcessError as error:
        raise UserError(f"{words[0]}: {' '.join(error.stderr.split())}") from error


def ids(submission: Submission) -> dict[int, str]:
    """What the cluster calls the jobs that it took, by number."""
    return {number: name for pairs in lines(submission.folder / IDS, [_is_pair]) for number, name in pairs}


def _is_pair(value: Any) -> bool:
    """Whether a value is a job's number and what the cluster calls it."""
    return fits(value, list) and [type(one) for one in value] == [int, str]


def note_cancelled(submission: Submission, numbers: Sequence[int]) -> None:
    """Keep that some jobs were cancelled: SLURM forgets them after a while."""
    with plainly(submission.folder / CANCELLED), (submission.folder / CANCELLED).open("a") as file:
        file.write(json.dumps(list(numbers)) + "\n")


def cancelled(submission: Submission) -> set[int]:
    """The numbers of the jobs that were cancelled."""
    return {number for numbers in lines(submission.folder / CANCELLED, [int]) for number in numbers}


def log_of(submission: Submission, name: str) -> Path:
    """The log of the job that the cluster calls ``name``; each life of the job adds to it."""
    return submission.folder / LOGS / f"{name}_0_log.out"


def last_life(log: Path) -> str:
    """The end of a log, as far as the job's last life wrote it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            return file.read().decode(errors="replace").rpartition(BIRTH)[2]
    except OSError:
        return ""
