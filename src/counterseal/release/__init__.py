"""The answer that leaves, and the letters that go with it: always the least.

Serves 26 U.S.C. 6103(b)(8): making known anything in any manner is a disclosure, so an answer before the
batch is answered as a whole depends on the request, the agreement and the orders in force alone.
"""

from counterseal.release.notice import NO_DISCLOSURE, STYLE_SOURCE, Letter, Reason, notice_html, notice_pdf
from counterseal.release.response import ANSWERED, response_sql

__all__ = ["ANSWERED", "NO_DISCLOSURE", "STYLE_SOURCE", "Letter", "Reason", "notice_html", "notice_pdf", "response_sql"]
