"""The commands. Exit 0 done, 1 a check that was asked for did not hold, 2 the input or the call is wrong.

Whatever goes wrong, standard error gets one clear line and nobody gets a traceback; an unexpected failure
names its type only, because its text may hold what must not be shown.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from counterseal.cli import agency as agency_commands
from counterseal.cli import agreement as agreement_commands
from counterseal.cli import backup as backup_commands
from counterseal.cli import custody as custody_commands
from counterseal.cli import identify as identify_commands
from counterseal.cli import incident as incident_commands
from counterseal.cli import ledger as ledger_commands
from counterseal.cli import registry as registry_commands
from counterseal.cli import report as report_commands
from counterseal.cli import retention as retention_commands
from counterseal.cli import run as run_commands
from counterseal.cli import sample as sample_commands
from counterseal.cli import stop_order as stop_order_commands
from counterseal.cli import witness as witness_commands
from counterseal.cli.doctor import doctor
from counterseal.cli.explain import explain
from counterseal.cli.failures import machine_failure
from counterseal.cli.open import open_package
from counterseal.cli.output import saying_whose
from counterseal.cli.replay import replay
from counterseal.cli.serve import serve
from counterseal.errors import CheckFailedError, CountersealError

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="counterseal",
    help="Disclosure control for a custodian of confidential records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
run_commands.mount(app)
registry_commands.mount(app)
identify_commands.mount(app)
ledger_commands.mount(app)
witness_commands.mount(app)
agency_commands.mount(app)
backup_commands.mount(app)
custody_commands.mount(app)
incident_commands.mount(app)
app.add_typer(agreement_commands.app, name="agreement")
app.add_typer(report_commands.commands, name="report")
app.add_typer(retention_commands.app, name="retention")
app.add_typer(sample_commands.commands, name="sample")
app.add_typer(stop_order_commands.app, name="stop-order")
app.command(
    epilog="Example: counterseal explain request --row 17 --agreement agreements/irs-ice-2025",
)(explain)
app.command(epilog="Example: counterseal replay request --agreement irs-ice-2025 --agreement amended")(replay)
app.command(epilog="Example: counterseal doctor --workspace office")(doctor)
app.command(epilog="Example: counterseal serve --workspace office")(serve)
app.command(
    "open",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog="Example: counterseal open --help",
)(open_package)


@functools.cache
def program() -> Any:
    """Give all commands as one, put together once a process."""
    return get_command(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status. A reader that went away is no failure."""
    try:
        code = status(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def status(arguments: list[str]) -> int:
    """Run one command and give its exit status."""
    try:
        with saying_whose(arguments):
            answer = program().main(args=arguments, prog_name="counterseal", standalone_mode=False)
    except typer.Abort:
        return _says("interrupted; nothing was released", 130)
    except TyperException as wrong:
        return _wrong_call(wrong)
    except BrokenPipeError:
        raise
    except CheckFailedError as failed:
        return _says(str(failed), 1)
    except CountersealError as wrong:
        return _says(str(wrong), 2)
    except Exception as failure:
        if os.environ.get("COUNTERSEAL_TRACEBACK"):
            raise
        if (told := machine_failure(failure)) is not None:
            return _says(str(told), 2)
        return _says(
            f"unexpected failure ({type(failure).__name__}); nothing was disclosed. "
            "Set COUNTERSEAL_TRACEBACK=1 to see where.",
            2,
        )
    return answer if isinstance(answer, int) else 0


def _wrong_call(wrong: TyperException) -> int:
    """Say in one line what is wrong with the call; a command without its words shows its help."""
    told = wrong.format_message() if hasattr(wrong, "format_message") else type(wrong).__name__
    if told.startswith("Usage:"):
        print(told)  # noqa: T201  # the help that was asked for
        return 2
    return _says(f"{told} See --help. [usage]", 2)


def _says(line: str, code: int) -> int:
    print("counterseal: " + " ".join(line.split()), file=sys.stderr)  # noqa: T201  # the one line
    return code
