"""The page that shows the figures."""

import html

from sketch_rnn_tf import html_page

_STYLE = """
  h2 { margin: 0 0 .25rem; }
  nav a { display: inline-block; min-width: 1.6rem; color: inherit; }
  nav span { display: inline-block; min-width: 1.6rem; opacity: .35; }
  figure { margin: 3.5rem 0; }
  figcaption { color: var(--quiet); }
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
    body = f"""<h1>The figures of the paper</h1>
<p class="quiet">{len(made)} of the figures of Ha &amp; Eck (2017), <cite>A
Neural Representation of Sketch Drawings</cite>, made anew; numbers are the
paper's.</p>
<nav aria-label="Figures">{links}</nav>
{"".join(_figure(n, e) for n, e in made.items())}
{left_out}"""
    title = "sketch_rnn_tf: the figures of the paper"
    return html_page.render(title, body, style=_STYLE)


def _figure(number, entry):
    title = html.escape(entry["title"])
    images = "".join(
        html_page.picture(name, f"Figure {number}: {entry['title']}")
        for name in entry["files"]
    )
    return (
        f'<figure id="figure-{number}"><h2>Figure {number}. {title}</h2>'
        f"{images}<figcaption>{html.escape(entry['caption'])}</figcaption>"
        "<details><summary>How it was made</summary>"
        f"<code>{html.escape(entry['command'])}</code></details></figure>\n"
    )
