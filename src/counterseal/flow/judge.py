"""Questions that the law leaves to a person, settled by counsel: once for a group of rows that ask the same.

An opinion admits rows to look-up, never to release: whoever is then confirmed becomes a case for two people, and
whoever is not, is not disclosed. The determinations are written anew beside the old ones, their root is entered
(``determined``, as after a run, so that a row is proved as before) in the same transaction as the opinion
(``judged``) and the cases, and then they take their place. A cut before the entry
changes nothing; a cut after it is made good by ``take_place`` before anybody judges or looks again, and until then
the new cases cannot be read, let alone signed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from counterseal.core.official import Role
from counterseal.core.outcome import Outcome
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.determine import IDENTITY_FIELDS, determined
from counterseal.flow.identify import identify_rows
from counterseal.flow.in_force import read_agreement
from counterseal.flow.orders import accounts_stopped, covers_rows
from counterseal.flow.row_proofs import ROW_OPENINGS, determinations
from counterseal.ledger import batch_root
from counterseal.store.casework import acting, keep_opinion, opinions
from counterseal.store.judgements import count_outcomes_anew, determined_submission
from counterseal.store.submissions import one_act, open_cases
from counterseal.vault.durable import synchronise_files, synchronise_folder

if TYPE_CHECKING:
    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.store.judgements import SubmissionHeld

COUNSEL = frozenset({Role.COUNSEL})
DECISIONS = ("admit", "refuse")
SAMPLE = 5
FILES = ("determinations.parquet", "identified.parquet")
_ASKING = f"outcome = '{Outcome.JUDGEMENT}' AND array_to_string(rules, ' ') = ?"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a submission that the same rules put to a person. ``sample`` has the first rows' numbers."""

    submission: str
    rules: tuple[str, ...]
    rows: int
    sample: tuple[int, ...]

    @property
    def id(self) -> str:
        """The group's name in an address."""
        return group_id(" ".join(self.rules))


@dataclass(frozen=True, slots=True)
class Judged:
    """What an opinion did: rows it settled, rows that became cases, and its entry."""

    rows: int
    opened: int
    entry: int


def group_id(rules: str) -> str:
    """Give the name of a group of rules: letters and digits, however many rules there are."""
    return sha256(rules.encode()).hexdigest()[:16]


def groups(office: Office, submission: str) -> list[Group]:
    """Give the groups of a submission that wait for counsel, the largest first."""
    take_place(office, submission)
    path = office.workspace.batch(SubmissionId(submission)) / FILES[0]
    with office.engine() as engine:
        found = engine.rows(
            f"SELECT rules, count(*), list(row ORDER BY row)[1:{SAMPLE}] FROM read_parquet(?) "
            f"WHERE outcome = '{Outcome.JUDGEMENT}' GROUP BY 1 ORDER BY 2 DESC, 1",
            [path],
        )
    return [Group(submission, tuple(rules), count, tuple(rows)) for rules, count, rows in found]


def judge(office: Office, submission: str, rules: str, decision: str, opinion: str, counsel: int) -> Judged:
    """Settle one group, for good, with counsel's opinion.

    Raises CountersealError ``role``, ``opinion``, ``group-unknown``, ``stopped`` when a stop order in force reaches
    any of the rows, and ``judged-meanwhile`` when another group of the submission was settled at the same time.
    """
    if decision not in DECISIONS or not opinion.strip():
        raise CountersealError("opinion", "Decide, and give the opinion in your own words; it is kept for good.")
    held, before = determined_submission(submission), len(opinions(submission))
    acting(counsel, COUNSEL)
    take_place(office, submission)
    folder = office.workspace.batch(SubmissionId(submission))
    scratch = folder / f"judged.{group_id(rules)}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    with office.engine() as engine:
        rows, opened, outcomes = _written(engine, office, held, folder, scratch, (rules, decision))
    root = batch_root(office.files.read(folder / ROW_OPENINGS), determinations(scratch))
    synchronise_files(scratch)
    with one_act():
        office.ledger.lock()
        who = acting(counsel, COUNSEL)
        if len(opinions(submission)) != before:
            raise CountersealError(
                "judged-meanwhile", "Another question was settled meanwhile.", next_step="Try again."
            )
        if covers_rows(office, held.agency, held.agreement, submission, rows):
            raise CountersealError("stopped", "A stop order reaches rows of this group; nothing is looked up.")
        told: dict[str, str | int] = {"submission": submission, "counsel": who.username, "opinion": opinion.strip()}
        looked = {"not_disclosed": len(rows) - len(opened), "reviewable": len(opened)} if decision == "admit" else {}
        anew = office.ledger.append("determined", {"rows": held.rows, "rows_root": root}, {"submission": submission})
        asked: dict[str, Fact] = {"decision": decision, "rules": [*rules.split(" ")], "rows": len(rows)}
        entry = office.ledger.append("judged", {**asked, "determined": anew}, {**told, **looked})
        at = office.clock.now()
        keep_opinion(submission, rules, decision, opinion.strip(), len(rows), who.id, at=at, entry=entry)
        open_cases(submission, opened, at=at)
        count_outcomes_anew(submission, outcomes)
    office.ledger.publish()
    take_place(office, submission)
    return Judged(len(rows), len(opened), entry)


def take_place(office: Office, submission: str) -> None:
    """Let determinations whose opinion stands take their place; drop those whose opinion was never entered."""
    folder = office.workspace.batch(SubmissionId(submission))
    waiting = sorted(folder.glob("judged.*"))
    if not waiting:
        return
    settled = {group_id(rules) for rules in opinions(submission)}
    for scratch in waiting:
        if scratch.suffix[1:] not in settled:
            continue  # its opinion was not entered; whoever judges the group again writes it anew
        for name in FILES:
            if (scratch / name).exists():
                (scratch / name).replace(folder / name)
        synchronise_folder(folder)
        shutil.rmtree(scratch, ignore_errors=True)


def _written(
    engine: DuckEngine, office: Office, held: SubmissionHeld, folder: Path, scratch: Path, asked: tuple[str, str]
) -> tuple[list[int], list[int], dict[str, int]]:
    """Write determinations and identities as they are with this group settled.

    Gives the rows of the group, those that become cases, and the counts of outcomes.
    """
    rules, decision = asked
    engine.table("before", folder / FILES[0])
    engine.table("rows", folder / "rows.parquet")
    rows = [row for (row,) in engine.rows(f"SELECT row FROM before WHERE {_ASKING} ORDER BY row", [rules])]
    if not rows:
        raise CountersealError("group-unknown", "No row waits for this question any more.")
    if covers_rows(office, held.agency, held.agreement, held.id, rows):
        raise CountersealError("stopped", "A stop order reaches rows of this group; nothing is looked up.")
    engine.table("asking", pa.table({"row": pa.array(rows, pa.int64())}))
    group = "SELECT b.row, b.request_ref FROM before b JOIN asking USING (row)"
    if decision == "admit":
        agreement = read_agreement(office.workspace.agreements / held.agreement, held.agreement_digest)
        if agreement.digest != held.agreement_digest:
            raise CountersealError(
                "agreement-moved", "The version of the agreement is no longer here that asked.",
                next_step="The submission is judged anew under the version in force.",
            )  # fmt: skip
        _looked_up(engine, office, held, folder, scratch)
        engine.write_parquet(
            f"SELECT row, request_ref, NULL::VARCHAR AS outcome, []::VARCHAR[] AS rules FROM ({group})",
            scratch / "answered.parquet",
        )
        engine.table("answered", scratch / "answered.parquet")
        engine.run([determined(agreement, accounts_stopped(office, Path(held.registry)))], None)
        settled = "SELECT row, request_ref, outcome, rules, phase FROM determined"
    else:
        settled = (
            f"SELECT b.row, b.request_ref, '{Outcome.REFUSED}' AS outcome, b.rules, b.phase "
            "FROM before b JOIN asking USING (row)"
        )
    engine.write_parquet(
        f"SELECT * FROM (SELECT row, request_ref, outcome, rules, phase FROM before WHERE row NOT IN "
        f"(SELECT row FROM asking) UNION ALL {settled}) ORDER BY row",
        scratch / FILES[0],
    )
    engine.table("after", scratch / FILES[0])
    outcomes = dict(engine.rows("SELECT outcome, count(*) FROM after GROUP BY 1 ORDER BY 1"))
    if sum(outcomes.values()) != held.rows:  # rows in = determinations out
        raise AssertionError("a row has no determination, or more than one")
    opened = engine.rows(
        f"SELECT d.row FROM after d JOIN asking USING (row) WHERE outcome = '{Outcome.REVIEWABLE}' ORDER BY 1"
    )
    return rows, [row for (row,) in opened], outcomes


def _looked_up(engine: DuckEngine, office: Office, held: SubmissionHeld, folder: Path, scratch: Path) -> None:
    """Look up the rows of the group, and join what was found to what stood before."""
    if not held.registry:
        raise CountersealError("registry-mailing", "This submission was run before registries were remembered.")
    fields = ", ".join(f"r.{field}" for field in IDENTITY_FIELDS)
    asked, answers = scratch / "asked.parquet", scratch / "answers.parquet"
    engine.write_parquet(
        f"SELECT r.row, r.request_ref, {fields} FROM rows r JOIN asking USING (row) ORDER BY r.row", asked
    )
    identify_rows(asked, Path(held.registry), answers, office.registries, files=office.files)
    engine.table("identified", answers)
    before = folder / FILES[1]
    if before.exists():
        engine.table("identified_before", before)
        everyone = "SELECT * FROM identified_before UNION ALL BY NAME SELECT * FROM identified"
    else:
        everyone = "SELECT * FROM identified"
    engine.write_parquet(f"SELECT * FROM ({everyone}) ORDER BY row", scratch / FILES[1])
