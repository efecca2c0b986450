"""Run the verifier from its folder alone, without installing it: python -I counterseal_verify ledger FOLDER ..."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from counterseal_verify.verify import main

sys.exit(main())
