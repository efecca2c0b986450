"""The one place where the office is put together: clock, engine, database, ledger, keys.

Doors call what stands here and nothing below it that would let them go round an act.
"""

from __future__ import annotations

import functools
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.core.clock import SteadyClock, SystemClock
from counterseal.core.steps import Engine
from counterseal.core.workspace import Workspace, read_workspace
from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError, NotLoadedError
from counterseal.release import STYLE_SOURCE
from counterseal.vault.batch_files import BatchFiles
from counterseal.vault.keys import read_opening_key
from counterseal.vault.registry_files import RegistryFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from counterseal.engine.spark import SparkEngine
    from counterseal.flow.backup import BackedUp
    from counterseal.flow.doctor import Checked
    from counterseal.flow.look import Look
    from counterseal.flow.office import Office
    from counterseal.flow.replay import Moved
    from counterseal.flow.run import RunSummary
    from counterseal.flow.sign_ins import SignIn
    from counterseal.oversight.replay_page import VersionLine
    from counterseal.screening.explain import Explanation
    from counterseal.store.ledger_log import LedgerLog

MEMORY_LIMIT = "1GB"
THREADS = 2


def today() -> date:
    """Give the day by the machine's clock, in UTC."""
    return SystemClock().now().date()


def shipped_agreements() -> Path:
    """Give the folder of the agreements that come with the product."""
    here = Path(__file__).parent
    inside, beside = here / "shipped_agreements", here.parent.parent / "agreements"
    return inside if inside.is_dir() else beside


def establish(root: Path, *, demonstration: bool) -> Workspace:
    """Make a workspace. Raises CountersealError ``workspace-exists`` when the folder is not empty."""
    _start_django()
    from counterseal.flow.establish import establish as make  # models need Django

    return make(
        root, shipped=shipped_agreements(), clock=SystemClock(), entropy=os.urandom, demonstration=demonstration
    )


def open_office(root: Path, *, memory_limit: str = MEMORY_LIMIT, registry_key: Path | None = None) -> Office:
    """Open the workspace at ``root`` for work. Raises CountersealError when it is none, or not sound.

    ``registry_key`` is the file of the registry's key; without it what the environment says, else ``REGISTRY.key``.
    """
    workspace = read_workspace(root)
    _start_django()
    from counterseal.flow.establish import open_workspace_book  # models need Django

    clock = _entering_clock()
    ledger = open_workspace_book(workspace, clock)
    _begin(clock, workspace)
    return _office(workspace, ledger, memory_limit, registry_key)


def _entering_clock() -> SteadyClock:
    """Give the clock by which entries are made: the machine's, which may not leap forward."""
    from django.conf import settings  # started by whoever opens the ledger

    return SteadyClock(SystemClock(), lambda: time.clock_gettime(time.CLOCK_BOOTTIME), settings.ENVIRONMENT.today)


def _begin(clock: SteadyClock, workspace: Workspace) -> None:
    """Hold the clock to the ledger's last entry. A demonstration may lie for months and stands for nothing."""
    from counterseal.store.ledger_time import last_entered  # models need Django

    clock.begin(None if workspace.demonstration else last_entered())


def _office(
    workspace: Workspace, ledger: LedgerLog, memory_limit: str = MEMORY_LIMIT, registry_key: Path | None = None
) -> Office:
    from django.conf import settings  # started by whoever opened the ledger

    from counterseal.flow.office import Office  # models need Django
    from counterseal.flow.release import SealerProcess
    from counterseal.flow.witnesses import get, post, post_to_witnesses, read_office_policy
    from counterseal.ledger.gather import newest_cosigned
    from counterseal.vault.signing import check_signature

    clock = SystemClock()
    policy = read_office_policy(workspace)
    if policy is not None and not workspace.demonstration:  # a demonstration's witnesses lie in the workspace itself
        ledger.look_elsewhere(functools.partial(newest_cosigned, policy, ledger.origin, get, check_signature))
    spill = workspace.root / "spill"
    files = BatchFiles(workspace.keys, os.urandom)
    return Office(
        workspace=workspace,
        clock=clock,
        engine=lambda: DuckEngine(memory_limit=memory_limit, threads=THREADS, spill=spill, files=files),
        ledger=ledger,
        entropy=os.urandom,
        policy=policy,
        post=post_to_witnesses(workspace, ledger.keys, clock, post),
        openings=read_opening_key(workspace.keys, os.urandom),
        sealer=SealerProcess(
            workspace.policy,
            workspace.ledger,
            workspace.answers,
            workspace.agencies,
            workspace.agreements,
            workspace.custodian,
        ),
        files=files,
        registries=RegistryFiles(os.urandom, registry_key or settings.ENVIRONMENT.registry_key),
    )


def _start_django() -> None:
    from counterseal.store.connection import ready  # only commands that keep something need it

    try:
        ready()
    except CountersealError:
        raise
    except Exception as failure:  # memory that gives out here is told as anything
        raise NotLoadedError from failure


def agreement_folder(named: str | None, known: Path) -> Path | None:
    """Give the agreement that ``--agreement`` names: an id among ``known``, or a folder."""
    if named is None:
        return None
    for folder in (known / named, Path(named)):
        if (folder / "agreement.md").is_file():
            return folder
    if Path(named).is_file():
        return Path(named)
    raise CountersealError(
        "agreement-unknown",
        "There is no such agreement.",
        where="--agreement",
        next_step="Give the id of one in this workspace, or a folder with an agreement.md.",
    )


def run(
    office: Office,
    submission: Path,
    registry: Path,
    *,
    received_on: date,
    agreement: str | None,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[RunSummary, float]:
    """Run the main job and give what came of it, with the seconds it took.

    A registry that is none is told before anything is entered: it is the fault of whoever gives the command, and never
    that of an agency whose request a worker takes.
    """
    from counterseal.flow.run import run_submission  # loads Django
    from counterseal.identity.index import open_registry

    began = time.perf_counter()
    open_registry(registry, office.registries)
    summary = run_submission(
        office,
        submission,
        registry,
        received_on=received_on,
        agreement=agreement_folder(agreement, office.workspace.agreements),
        progress=progress,
    )
    return summary, time.perf_counter() - began


def screen(
    submission: Path,
    out: Path,
    *,
    agreement: str | None,
    kind: Engine,
    memory_limit: str,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[dict[str, Any], int | None]:
    """Screen a submission on its face alone, into ``out``; give the counts, and the bytes spilled as far as known."""
    from counterseal.flow.screen import screen_submission

    with (
        tempfile.TemporaryDirectory(prefix="counterseal-") as spill,
        _engine_of(kind)(memory_limit=memory_limit, threads=THREADS, spill=Path(spill)) as engine,
    ):
        counts = screen_submission(
            engine,
            submission,
            out,
            shipped=shipped_agreements(),
            named=agreement_folder(agreement, shipped_agreements()),
            received_on=today(),
            progress=progress,
        )
        return counts, engine.spilled


def _engine_of(kind: Engine) -> type[DuckEngine | SparkEngine]:
    if kind is Engine.DUCKDB:
        return DuckEngine
    from counterseal.engine.spark import SparkEngine  # loads what translates SQL

    return SparkEngine


def replay(
    submission: Path, agreements: Sequence[str], *, progress: Callable[[str, int, int], None] | None
) -> tuple[list[VersionLine], list[Moved]]:
    """Screen a submission under each agreement named, and throw away everything but the counts."""
    from counterseal.flow.replay import replay as screen_each

    folders = [folder for one in agreements if (folder := agreement_folder(one, shipped_agreements())) is not None]
    with tempfile.TemporaryDirectory(prefix="counterseal-") as scratch:
        place = Path(scratch)
        return screen_each(
            lambda: DuckEngine(memory_limit=MEMORY_LIMIT, threads=THREADS, spill=place),
            submission, folders, place, received_on=today(), progress=progress,
        )  # fmt: skip


def explain(
    submission: Path,
    row: int,
    agreement: str | None,
    *,
    received_on: date,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Explanation, ...]:
    """Explain one row, under the agreement that the manifest names or another."""
    from counterseal.flow.explain import explain_submission_row
    from counterseal.intake import read_manifest

    folder = agreement_folder(agreement or read_manifest(submission).agreement, shipped_agreements())
    if folder is None:
        raise TypeError
    return explain_submission_row(submission, row, agreement=folder, received_on=received_on, progress=progress)


def examine(office: Office) -> list[Checked]:
    """Look whether the office is fit for work."""
    from counterseal.flow.doctor import examine as look_at  # models need Django

    return look_at(office)


def write_metrics(office: Office, found: list[Checked], out: Path) -> None:
    """Write what was found as counts for a collector."""
    from counterseal.flow.metrics import metrics  # models need Django
    from counterseal.vault.durable import write_durably

    write_durably(out, metrics(office, found).encode())


def back_up(office: Office, out: Path, keys: Path | None) -> BackedUp:
    """Copy the office into a new folder, its keys into another."""
    from counterseal.flow.backup import back_up as copy  # models need Django

    return copy(office, out, keys)


def put_back(copy: Path, root: Path, keys: Path) -> None:
    """Make a workspace from a backup and its keys."""
    _start_django()
    from counterseal.flow.backup import put_back as back

    back(copy, root, keys)


def upgrade(root: Path) -> None:
    """Bring a workspace's tables up to date."""
    _start_django()
    from counterseal.flow.backup import upgrade as up

    up(root)


def sign_ins_of_demonstration(office: Office) -> list[SignIn]:
    """Give new sign-ins, one a role, of a demonstration. Raises CountersealError for any other workspace."""
    from counterseal.flow.sign_ins import demonstration_sign_ins  # models need Django

    return demonstration_sign_ins(office)


def stage_demonstration(root: Path) -> dict[int, str]:
    """Bring cases of a demonstration into every state; give each with where it stands."""
    office = open_office(root)
    from counterseal.flow.demonstration import stage  # models need Django

    return stage(office)


def notice_style_hash() -> str:
    """Give the hash by which a page may allow the return letter's own style."""
    return STYLE_SOURCE


def look() -> Look:
    """Give a look at the workspace that this process serves. Raises CountersealError when it serves none."""
    return _look_at(_served())


def office() -> Office:
    """Give the office that this process serves, for acts. Raises CountersealError when it serves none."""
    return _office_at(_served())


def _served() -> Path:
    from django.conf import settings  # the pages' own framework, already started

    root: Path | None = settings.ENVIRONMENT.workspace
    if root is None:
        raise CountersealError(
            "workspace", "No workspace is named.", next_step="Start the pages with: counterseal serve --workspace DIR"
        )
    return root


@functools.lru_cache(maxsize=4)
def _office_at(root: Path) -> Office:
    """Open the office on the database that the pages already use: pointing at it again would cut other threads."""
    from counterseal.flow.book import open_book  # models need Django

    workspace = read_workspace(root)
    clock = _entering_clock()
    ledger = open_book(workspace.ledger, workspace.keys, clock)
    _begin(clock, workspace)
    return _office(workspace, ledger)


@functools.lru_cache(maxsize=4)
def _look_at(root: Path) -> Look:
    from counterseal.flow.look import Look  # models need Django

    workspace = read_workspace(root)
    engine = DuckEngine(memory_limit=MEMORY_LIMIT, threads=THREADS, files=BatchFiles(workspace.keys, os.urandom))
    return Look(workspace, engine.beside)
