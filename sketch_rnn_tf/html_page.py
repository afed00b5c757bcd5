"""Pages of HTML that need nothing but the files beside them."""

import html

_STYLE = """
  :root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a;
          --paper: #fff; --line: #e4e7eb; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6e9ed; --quiet: #9aa4af; --paper: #14171a;
            --line: #2d333b; }
  }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 74rem;
         margin: 3rem auto; padding: 0 1.5rem; color: var(--ink);
         background: var(--paper); }
  h1, h2 { font-weight: 600; line-height: 1.2; }
  h2 { font-size: 1.15rem; }
  img { max-width: 100%; height: auto; display: block; margin: .75rem 0;
        background: #fff; border: 1px solid var(--line);
        border-radius: 8px; }
  .quiet { color: var(--quiet); }
"""


def render(title: str, body: str, *, style: str = "") -> str:
    """Makes a page, light or dark as its reader's screen is.

    Args:
      title: Plain text, of the window.
      body: HTML.
      style: Rules of CSS besides those that all pages have.

    Returns:
      HTML.
    """
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_STYLE}{style}</style>
{body}
</html>
"""


def picture(file: str, alt: str) -> str:
    """Makes an image element of a file beside the page."""
    return (
        f'<img src="{html.escape(file)}" alt="{html.escape(alt)}" '
        'loading="lazy">'
    )
