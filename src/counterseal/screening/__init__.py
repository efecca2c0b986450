"""Every row against every facial rule. Sees the request alone: it has no registry, and no way to one.

Serves 26 U.S.C. 6103(b)(7) and 7213A: a look-up is an inspection, so none is made before the law is
satisfied on its face.
"""

from counterseal.screening.compile import screening_steps

__all__ = ["screening_steps"]
