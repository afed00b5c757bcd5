"""Table 1 as text: Markdown, HTML and CSV."""

import csv
import html
import io
from collections.abc import Sequence

from sketch_rnn_tf.experiments import table

DASH = "–"


def losses(found: Sequence[table.Group]) -> list[list[str]]:
    """Lays out the table of losses, its header first.

    Args:
      found: The data sets.

    Returns:
      Rows of texts; under a data set's own row the paper's, if it has it.
    """
    weights = table.columns(found)
    header = ["data set"]
    for weight in weights:
        if weight is table.DECODER_ONLY:
            header.append("decoder only L_R")
        else:
            header += [f"w_KL {weight:.2f} L_R", "L_KL"]
    rows = [header]
    for group in found:
        row, papers = [group.title], table.papers(group, weights)
        for weight, (recon, kl) in zip(
            weights, table.cells(group, weights), strict=True
        ):
            row.append(_mean(recon))
            if weight is not table.DECODER_ONLY:
                row.append(_mean(kl))
        rows.append(row)
        if papers is None:
            continue
        row = ["  in the paper"]
        for weight, (recon, kl) in zip(weights, papers, strict=True):
            row.append(_number(recon, 2))
            if weight is not table.DECODER_ONLY:
                row.append(_number(kl, 2))
        rows.append(row)
    return rows


def details(found: Sequence[table.Group]) -> list[list[str]]:
    """Lays out what each training was, its header first."""
    rows = [[
        "training", "N_max", "scale factor", "train", "left out", "test",
        "left out", "steps", "best step", "minutes", "L_R", "L_KL",
        "L_R + w_KL L_KL", "L_R a point", "hardware",
    ]]  # fmt: skip
    for group in found:
        for results in group.columns.values():
            rows += [
                [
                    result["name"],
                    str(result["max_len"]),
                    f"{result['scale_factor']:.4f}",
                    f"{result['train_count']:,}",
                    f"{result['train_dropped']:,}",
                    f"{result['test_count']:,}",
                    f"{result['test_dropped']:,}",
                    f"{result['steps']:,}",
                    f"{result['best_step']:,}",
                    f"{result['minutes']:.1f}",
                    f"{result['recon']:.4f}",
                    DASH
                    if result["kl_weight"] is None
                    else f"{result['kl']:.4f}",
                    f"{result['loss']:.4f}",
                    f"{result['recon_per_point']:.4f}",
                    result["hardware"],
                ]
                for result in results
            ]
    return rows


def orderings(found: Sequence[table.Group]) -> list[list[str]]:
    """Lays out what holds of what the paper says, its header first."""
    rows = [["data set", "the paper says", "here", "numbers"]]
    for ordering in table.orderings(found):
        holds = {True: "holds", False: "does not hold", None: "not measured"}
        rows.append(
            [ordering.title, ordering.says, holds[ordering.holds],
             ordering.detail]
        )  # fmt: skip
    return rows


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Writes rows as a Markdown table.

    >>> print(markdown([["a", "b"], ["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """Writes rows as an HTML table."""

    def line(row, tag):
        return "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row)

    body = "".join(f"<tr>{line(row, 'td')}</tr>\n" for row in rows[1:])
    return (
        f"<table><thead><tr>{line(rows[0], 'th')}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>"
    )


def csv_text(found: Sequence[table.Group]) -> str:
    """Writes all results as CSV, a training a line."""
    results = [
        result
        for group in found
        for results in group.columns.values()
        for result in results
    ]
    names = list(dict.fromkeys(key for result in results for key in result))
    written = io.StringIO()
    writer = csv.DictWriter(written, names, lineterminator="\n")
    writer.writeheader()
    for result in results:
        writer.writerow({**result, "words": "+".join(result["words"])})
    return written.getvalue()


def _mean(mean):
    if mean is None:
        return DASH
    text = _number(mean.value, 3)
    if mean.spread is not None:
        text += f" ± {mean.spread:.3f} ({mean.count})"
    return text


def _number(value, digits):
    if value is None:
        return DASH
    return f"{value:.{digits}f}".replace("-", "−")
