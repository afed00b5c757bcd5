"""The page that shows the figures."""

import html

_STYLE = """
  :root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a;
          --paper: #fff; --line: #e4e7eb; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6e9ed; --quiet: #9aa4af; --paper: #14171a;
            --line: #2d333b; }
  }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem;
         margin: 3rem auto; padding: 0 1.5rem; color: var(--ink);
         background: var(--paper); }
  h1, h2 { font-weight: 600; line-height: 1.2; }
  h2 { font-size: 1.15rem; margin: 0 0 .25rem; }
  nav a { display: inline-block; min-width: 1.6rem; color: inherit; }
  nav span { display: inline-block; min-width: 1.6rem; opacity: .35; }
  figure { margin: 3.5rem 0; }
  figure img { max-width: 100%; height: auto; display: block;
               margin: .75rem 0; background: #fff;
               border: 1px solid var(--line); border-radius: 8px; }
  figcaption, .quiet { color: var(--quiet); }
  details { margin-top: .5rem; color: var(--quiet); font-size: .9rem; }
  code { overflow-wrap: anywhere; }
"""


def render(manifest: dict) -> str:
    """Makes the page.

    Args:
      manifest: As `figures.write` returns it.

    Returns:
      HTML that needs nothing but the files beside it.
    """
    figures = manifest["figures"]
    made = {n: e for n, e in figures.items() if "files" in e}
    links = " ".join(
        f'<a href="#figure-{n}">{n}</a>' if n in made else f"<span>{n}</span>"
        for n in figures
    )
    missing = "".join(
        f"<li>Figure {n}, {html.escape(e['title'])}: needs "
        f"{html.escape(e['needs'])}.</li>"
        for n, e in figures.items()
        if n not in made
    )
    left_out = f"<h2>Left out</h2><ul>{missing}</ul>" if missing else ""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sketch_rnn_tf: the figures of the paper</title>
<style>{_STYLE}</style>
<h1>The figures of the paper</h1>
<p class="quiet">{len(made)} of the figures of Ha &amp; Eck (2017), <cite>A
Neural Representation of Sketch Drawings</cite>, made anew; numbers are the
paper's.</p>
<nav aria-label="Figures">{links}</nav>
{"".join(_figure(n, e) for n, e in made.items())}
{left_out}
</html>
"""


def _figure(number, entry):
    title = html.escape(entry["title"])
    images = "".join(
        f'<img src="{html.escape(name)}" alt="Figure {number}: {title}" '
        'loading="lazy">'
        for name in entry["files"]
    )
    return (
        f'<figure id="figure-{number}"><h2>Figure {number}. {title}</h2>'
        f"{images}<figcaption>{html.escape(entry['caption'])}</figcaption>"
        "<details><summary>How it was made</summary>"
        f"<code>{html.escape(entry['command'])}</code></details></figure>\n"
    )
