"""Pages that show what an experiment brought: tables and pictures."""

import html
from collections.abc import Sequence

_STYLE = """
  :root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a;
          --paper: #fff; --line: #e4e7eb; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6e9ed; --quiet: #9aa4af; --paper: #14171a;
            --line: #2d333b; }
  }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem;
         margin: 3rem auto; padding: 0 1.5rem; color: var(--ink);
         background: var(--paper); }
  h1, h2 { font-weight: 600; line-height: 1.2; }
  h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
  .quiet { color: var(--quiet); }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums;
          font-size: .9rem; }
  th, td { text-align: left; padding: .3rem .7rem .3rem 0;
           border-bottom: 1px solid var(--line); vertical-align: top; }
  img { max-width: 100%; height: auto; display: block; margin: .75rem 0;
        background: #fff; border: 1px solid var(--line);
        border-radius: 8px; }
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
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_STYLE}</style>
<h1>{html.escape(title)}</h1>
<p class="quiet">{html.escape(summary)}</p>
{shown}</html>
"""


def picture(file: str, alt: str) -> str:
    """Makes an image element."""
    return (
        f'<img src="{html.escape(file)}" alt="{html.escape(alt)}" '
        'loading="lazy">'
    )
