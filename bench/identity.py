"""Identity against its opponents, in one run on the same labelled sets.

Opponents: Splink 5 with the model of its own tutorial (``pip install counterseal[bench]``), the same with a
filter on both names, and a cascade of exact rules. Every tool runs in a process of its own; time is wall
time from reading the files to the answers (index building and training included), memory its peak.

    python bench/identity.py SET...            labelled sets: registry/, requests.parquet, truth.parquet
    COUNTERSEAL_IDENTITY_SETS=DIR python bench/identity.py    dev, test, world-10k and world-100k in DIR
    python bench/identity.py                   a set made by counterseal.synth
    python bench/identity.py --one SET         one request at a time, median and the slowest of twenty
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

TOOLS = ("counterseal", "rules", "splink", "splink_names")
REGISTRY = """
    SELECT row_number() OVER () AS unique_id, account_id, given_name, left(middle_name, 1) AS middle, family_name,
           date_of_birth, tin, regexp_extract(line_1, '^([0-9A-Z]+)', 1) AS number, line_1 AS street, city, zip
    FROM '{0}/registry/accounts.parquet' JOIN '{0}/registry/addresses.parquet' USING (account_id)
"""
REQUESTS = """
    SELECT request_ref AS unique_id, given_name, left(middle_name, 1) AS middle, family_name, date_of_birth, tin,
           regexp_extract(address_line_1, '^([0-9A-Z]+)', 1) AS number, address_line_1 AS street, city, zip
    FROM '{0}/requests.parquet'
"""
FIELDS = ("given_name", "middle", "family_name", "date_of_birth", "tin", "number", "street", "city", "zip")
RUNGS = (
    "r.tin = a.tin AND r.family_name[:4] = a.family_name[:4] AND r.given_name = a.given_name",
    "r.date_of_birth = a.date_of_birth AND r.given_name = a.given_name AND r.family_name = a.family_name",
    "r.given_name = a.given_name AND r.family_name = a.family_name AND r.street = a.street AND r.zip = a.zip",
    "r.given_name = a.given_name AND r.family_name = a.family_name AND r.number = a.number AND r.zip = a.zip",
    "r.given_name = a.given_name AND r.family_name[:4] = a.family_name[:4] AND r.number = a.number AND r.zip = a.zip",
)
MOST_PROBABLE = 0.99


def blank_to_null(fields: tuple[str, ...]) -> str:
    return ", ".join(f"nullif({field}, '') AS {field}" for field in fields)


def counterseal(folder: Path, scratch: Path) -> dict[str, str]:
    from counterseal.flow.identify import identify_rows
    from counterseal.flow.registry import build_registry
    from counterseal.vault.registry_files import RegistryFiles

    files = RegistryFiles(os.urandom)
    build_registry(folder / "registry", scratch / "index", files)
    identify_rows(folder / "requests.parquet", scratch / "index", scratch / "answers.parquet", files)
    answers = pq.read_table(scratch / "answers.parquet", columns=["request_ref", "account_id"]).to_pydict()
    return {ref: account for ref, account in zip(*answers.values(), strict=True) if account}


def rules(folder: Path, scratch: Path) -> dict[str, str]:
    """The first rung on which exactly one account stands answers."""
    con = duckdb.connect(str(scratch / "rules.duckdb"))
    con.execute(f"CREATE TABLE a AS SELECT account_id, {blank_to_null(FIELDS)} FROM ({REGISTRY.format(folder)})")
    con.execute(f"CREATE TABLE r AS SELECT unique_id, {blank_to_null(FIELDS)} FROM ({REQUESTS.format(folder)})")
    answers: dict[str, str] = {}
    for rung in RUNGS:
        found = con.execute(
            f"SELECT unique_id, min(account_id) FROM r JOIN a ON {rung}"
            " GROUP BY 1 HAVING count(DISTINCT account_id) = 1"
        ).fetchall()
        for ref, account in found:
            answers.setdefault(ref, account)
    return answers


def splink(folder: Path, scratch: Path, *, names: bool = False) -> dict[str, str]:
    """The tutorial's way: blocking, u by random pairs, m by expectation-maximisation, best pair at p >= .99."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    con = duckdb.connect(str(scratch / "splink.duckdb"))
    for table, sql, key in (
        ("registry", REGISTRY, "unique_id, account_id"),
        ("requests", REQUESTS, "unique_id, '' AS account_id"),
    ):
        con.execute(f"CREATE TABLE {table} AS SELECT {key}, {blank_to_null(FIELDS)} FROM ({sql.format(folder)})")
    api = DuckDBAPI(connection=con)
    tables = [
        api.register("registry", dataset_display_name="registry"),
        api.register("requests", dataset_display_name="requests"),
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.ExactMatch("middle"),
            cl.NameComparison("family_name").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
            cl.LevenshteinAtThresholds("tin", 2),
            cl.ExactMatch("number"),
            cl.JaroWinklerAtThresholds("street", [0.9, 0.7]),
            cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("tin"),
            block_on("date_of_birth", "given_name"),
            block_on("given_name", "family_name"),
            block_on("number", "zip"),
            block_on("family_name", "zip"),
            block_on("street"),
        ],
    )
    linker = Linker(tables, settings, log_level=40)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("given_name", "family_name", "number")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("given_name", "family_name"), block_on("number", "zip")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=MOST_PROBABLE)
    alike = "jaro_winkler_similarity({0}_l, {0}_r) >= 0.88"
    kept = " AND ".join(alike.format(name) for name in ("given_name", "family_name")) if names else "true"
    found = con.execute(
        f"""SELECT p.unique_id_r, a.account_id FROM {pairs.physical_name} p
            JOIN registry a ON a.unique_id = p.unique_id_l WHERE {kept}
            QUALIFY row_number() OVER (PARTITION BY p.unique_id_r ORDER BY match_weight DESC, a.account_id) = 1"""
    ).fetchall()
    return {str(ref): account for ref, account in found}


def run_tool(tool: str, folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        if tool == "counterseal":
            answers = counterseal(folder, Path(scratch))
        elif tool == "rules":
            answers = rules(folder, Path(scratch))
        else:
            answers = splink(folder, Path(scratch), names=tool == "splink_names")
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": seconds, "gigabytes": memory, "answers": answers}


def score(folder: Path, answers: dict[str, str]) -> list[tuple[str, int, int, float, float]]:
    """Give (class, identified, wrong, bound, recall) pooled and by what the request carries."""
    from counterseal.identity.bounds import upper_bound

    truth = pq.read_table(folder / "truth.parquet", columns=["request_ref", "account_id", "evidence"]).to_pylist()
    lines = []
    for name in ("all", "A", "B", "C"):
        rows = [row for row in truth if name in ("all", row["evidence"])]
        said = [row for row in rows if row["request_ref"] in answers]
        right = sum(answers[row["request_ref"]] == row["account_id"] for row in said)
        present = sum(bool(row["account_id"]) for row in rows)
        wrong = len(said) - right
        lines.append((name, len(said), wrong, upper_bound(wrong, len(said)), right / max(present, 1)))
    return lines


def one_by_one(folder: Path) -> None:
    from counterseal.flow.registry import build_registry
    from counterseal.identity.answer import REQUEST_FIELDS, answer_requests
    from counterseal.identity.index import open_registry
    from counterseal.identity.model import load_model
    from counterseal.vault.registry_files import RegistryFiles

    files = RegistryFiles(os.urandom)
    with tempfile.TemporaryDirectory() as scratch:
        build_registry(folder / "registry", Path(scratch) / "index", files)
        index, model = open_registry(Path(scratch) / "index", files), load_model()
        rows = pq.read_table(folder / "requests.parquet").slice(0, 400).to_pylist()
        times = []
        for row in rows:
            began = time.perf_counter()
            answer_requests(index, model, {field: [row[field]] for field in REQUEST_FIELDS})
            times.append(1000 * (time.perf_counter() - began))
    times.sort()
    print(f"{len(index.addresses):,} address rows: median {times[len(times) // 2]:.1f} ms, "
          f"19 of 20 within {times[len(times) * 19 // 20]:.1f} ms")  # fmt: skip


def sets_to_run(arguments: list[str], scratch: Path) -> list[Path]:
    if arguments:
        return [Path(argument) for argument in arguments]
    if held := os.environ.get("COUNTERSEAL_IDENTITY_SETS"):
        return [
            Path(held) / name for name in ("dev", "test", "world-10k", "world-100k") if (Path(held) / name).is_dir()
        ]
    from counterseal.synth.identity_set import write_identity_set

    write_identity_set(20_000, 20_000, 5, scratch / "synth")
    return [scratch / "synth"]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--tool"]:
        print(json.dumps(run_tool(arguments[1], Path(arguments[2]))))
        return
    if arguments[:1] == ["--one"]:
        one_by_one(Path(arguments[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        for folder in sets_to_run(arguments, Path(scratch)):
            print(
                f"\n{folder.name:13}{'class':>6}{'identified':>11}{'wrong':>7}{'bound':>9}{'recall':>8}{'seconds':>9}{'GB':>6}"
            )
            ours = 0.0
            for tool in TOOLS:
                ran = subprocess.run(
                    [sys.executable, __file__, "--tool", tool, str(folder)], capture_output=True, text=True, check=False
                )
                if ran.returncode:
                    print(f"{tool:13} not run: {ran.stderr.strip().splitlines()[-1]}")
                    continue
                found = json.loads(ran.stdout.strip().splitlines()[-1])
                ours = ours or found["seconds"]
                for name, identified, wrong, bound, recall in score(folder, found["answers"]):
                    cost = (
                        f"{found['seconds']:>9.1f}{found['gigabytes']:>6.2f}  x {found['seconds'] / ours:.1f}"
                        if name == "all"
                        else ""
                    )
                    print(f"{tool:13}{name:>6}{identified:>11,}{wrong:>7,}{bound:>9.3%}{recall:>8.3f}{cost}")


if __name__ == "__main__":
    main(sys.argv[1:])
