"""Pages that show what an experiment brought, section by section."""

import html
from collections.abc import Sequence

from sketch_rnn_tf import html_page

_STYLE = """
  h2 { margin: 2.5rem 0 .5rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums;
          font-size: .9rem; }
  th, td { text-align: left; padding: .3rem .7rem .3rem 0;
           border-bottom: 1px solid var(--line); vertical-align: top; }
"""


def render(
    title: str, summary: str, sections: Sequence[tuple[str, str]]
) -> str:
    """Makes a page.

    Args:
      title: Plain text.
      summary: Plain text under it.
      sections: A title each, plain text, and what it shows, HTML.

    Returns:
      HTML that needs nothing but the files beside it.
    """
    shown = "".join(
        f'<h2>{html.escape(name)}</h2>\n<div class="wide">{body}</div>\n'
        for name, body in sections
    )
    heading = (
        f"<h1>{html.escape(title)}</h1>\n"
        f'<p class="quiet">{html.escape(summary)}</p>\n'
    )
    return html_page.render(title, heading + shown, style=_STYLE)
