"""``counterseal identify``: identity alone, for measuring it."""

from __future__ import annotations

import json
import os
from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.cli.output import RegistryKey, progress
from counterseal.core.steps import Engine
from counterseal.identity.targets import MARGIN, TARGETS

identity = typer.Typer(
    help="How identity learns its weights and sets its thresholds.", no_args_is_help=True, rich_markup_mode=None
)
Sets = Annotated[
    list[Path], typer.Argument(help="Folders with registry/, requests.parquet and truth.parquet.", show_default=False)
]
ModelOut = Annotated[Path, typer.Option(help="The model file to write.")]
ModelIn = Annotated[Path | None, typer.Option(help="Weights from identity train; else the shipped ones.")]


def identify(
    requests: Annotated[Path, typer.Argument(help="Requests as Parquet or CSV.")],
    registry: Annotated[Path, typer.Option(help="A registry index, made by: counterseal registry build.")],
    out: Annotated[Path, typer.Option(help="The file to write: Parquet, or CSV where its name ends in .csv.")],
    key: RegistryKey = None,
    model: ModelIn = None,
    engine: Annotated[Engine, typer.Option(help="Where the work is done; the answers are the same.")] = Engine.DUCKDB,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Say for each request whether it means exactly one account, and whether its address is confirmed."""
    from counterseal.flow.identify import identify_rows  # loads the engine
    from counterseal.identity.model import load_model
    from counterseal.vault.registry_files import RegistryFiles

    with progress() as says:
        counts = identify_rows(
            requests,
            registry,
            out,
            RegistryFiles(os.urandom, key),
            model=load_model(model),
            engine=engine,
            progress=says,
        )
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for word, count in counts.items():
        typer.echo(f"{word:11}{count:>12,}")


@identity.command(epilog="Example: counterseal identity train sets/one sets/two --out model.json")
def train(sets: Sets, out: ModelOut) -> None:
    """Learn the weights from labelled requests; thresholds stay unset until they are calibrated."""
    from counterseal.flow import identity_model as acts  # loads the engine

    with progress() as says:
        model = acts.train_model(
            [acts.load_labelled_set(folder, os.urandom, progress=says) for folder in sets], progress=says
        )
    acts.write_model(model, out)
    typer.echo(f"model {model.version} in {out}")


@identity.command(epilog="Example: counterseal identity calibrate sets/one --model model.json --out model.json")
def calibrate(  # three targets, a margin, and files
    sets: Sets,
    out: ModelOut,
    model: ModelIn = None,
    bound_a: Annotated[float, typer.Option(help="Most wrong answers of class A, upper bound.")] = TARGETS["A"],
    bound_b: Annotated[float, typer.Option(help="The same for class B.")] = TARGETS["B"],
    bound_c: Annotated[float, typer.Option(help="The same for class C; 0 answers nothing.")] = TARGETS["C"],
    margin: Annotated[float, typer.Option(help="Bits stricter than the loosest threshold.")] = MARGIN,
) -> None:
    """Set the threshold of each evidence class by a bound on labelled requests."""
    from counterseal.flow import identity_model as acts  # loads the engine
    from counterseal.identity.model import load_model

    targets = {"A": bound_a, "B": bound_b, "C": bound_c}
    with progress() as says:
        labelled = [acts.load_labelled_set(folder, os.urandom, progress=says) for folder in sets]
    calibrated = acts.calibrate_model(load_model(model), labelled, targets, margin=margin)
    acts.write_model(calibrated, out)
    for name, held in calibrated.thresholds.items():
        if held.posterior is None:
            typer.echo(f"{name}: no threshold keeps the bound; this class answers nothing")
        else:
            counted = f"{held.wrong} wrong of {held.identified:,}, bound {held.bound:.3%}"
            typer.echo(f"{name}: posterior {held.posterior:.6f}, {counted}")


@identity.command(epilog="Example: counterseal identity report sets/one --out report.html")
def report(
    labelled_set: Annotated[Path, typer.Argument(help="Folder with registry/, requests.parquet and truth.parquet.")],
    out: Annotated[Path, typer.Option(help="The HTML page to write.")],
    model: ModelIn = None,
    request: Annotated[str | None, typer.Option(help="The request_ref whose waterfall to draw.")] = None,
) -> None:
    """Show what a model does on labelled requests: bounds, recall, weights, one request's waterfall."""
    from counterseal.flow import identity_model as acts  # loads the engine
    from counterseal.identity.model import load_model

    with progress() as says:
        labelled = acts.load_labelled_set(labelled_set, os.urandom, progress=says)
    counts = acts.write_report(load_model(model), labelled, out, request=request)
    typer.echo(f"{'group':26}{'requests':>9}{'identified':>11}{'wrong':>7}{'bound':>9}{'recall':>8}")
    for one in counts:
        recall = "" if one.recall is None else f"{one.recall:.1%}"
        typer.echo(f"{one.group:26}{one.requests:>9,}{one.identified:>11,}{one.wrong:>7}{one.bound:>9.3%}{recall:>8}")


def mount(app: typer.Typer) -> None:
    """Put ``identify`` and ``identity`` under ``app``."""
    app.command(epilog="Example: counterseal identify requests.parquet --registry registry/ --out answers.parquet")(
        identify
    )
    app.add_typer(identity, name="identity")
