"""Asks whether pinned versions have known vulnerabilities.

pip-audit asks about Python's packages, npm about JavaScript's.  A package that
the service has no answer about counts as not asked about: a mirror of a
registry without such data must not pass for a clean bill.

Exit status: 0 if none is known, 1 if some are, 3 if none was found but the data
could not be reached for all packages, 2 if something here is amiss.

Example:
  python -m supply_chain.audit
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

from supply_chain import dependencies, npm_lock, pins

NONE_KNOWN, SOME_KNOWN, AMISS, UNREACHED = 0, 1, 2, 3
# Asked in this order until one answers about every package.
SERVICES = ("pypi", "osv")
_LIMIT = 600  # seconds that a tool may take


class UnreachedError(Exception):
    """The data about vulnerabilities could not be reached, or not all."""


def python_findings(
    files: list[str | os.PathLike], *, osv_url: str | None = None
) -> list[str]:
    """Asks about Python's packages.

    Args:
      files: Pin files.
      osv_url: The address of an OSV service, which alone is asked then.

    Returns:
      A line for each known vulnerability.

    Raises:
      UnreachedError: If no service answers about all packages.
      ValueError: If a file is none that `make pins` writes.
    """
    wanted = {pin.name for file in files for pin in pins.read(file)}
    reasons = []
    for service in ("osv",) if osv_url else SERVICES:
        line = [_tool("pip-audit"), "--vulnerability-service", service]
        line += ["--disable-pip", "--require-hashes", "--format", "json"]
        line += ["--desc", "off", "--progress-spinner", "off"]
        line += ["--osv-url", osv_url] if osv_url else []
        for file in files:
            line += ["--requirement", str(file)]
        try:
            return read_pip_audit(_run(line), wanted)
        except UnreachedError as error:
            reasons.append(f"{service}: {error}")
    raise UnreachedError("; ".join(reasons))


def javascript_findings(
    folder: str | os.PathLike, *, registry: str | None = None
) -> list[str]:
    """Asks about JavaScript's packages.

    Args:
      folder: Of a `package-lock.json`.
      registry: The address of a registry; npm's own setting without.

    Returns:
      A line for each package with known vulnerabilities.

    Raises:
      UnreachedError: If the registry does not answer.
      ValueError: If the lock file is malformed.
    """
    npm_lock.read(pathlib.Path(folder) / "package-lock.json")
    line = [_tool("npm"), "audit", "--json", "--package-lock-only"]
    line += [f"--registry={registry}"] if registry else []
    return read_npm_audit(_run(line, folder))


def read_pip_audit(output: str, wanted: set[str]) -> list[str]:
    """Returns what pip-audit found.

    Args:
      output: What it printed with `--format json`.
      wanted: Names of the packages that it must have asked about.

    Raises:
      UnreachedError: If it says of one of them that it was not audited, or
        nothing, and no vulnerability was found.
    """
    answers = _parsed(output).get("dependencies", [])
    audited = {one["name"]: one for one in answers if "vulns" in one}
    found = [
        f"{name} {one['version']}: {flaw['id']}, fixed in "
        f"{', '.join(flaw['fix_versions']) or 'no version'}"
        for name, one in sorted(audited.items())
        for flaw in one["vulns"]
    ]
    missing = sorted(wanted - audited.keys())
    # Half an answer that names one is worth telling.
    if missing and not found:
        raise UnreachedError(
            f"no answer about {len(missing)} of {len(wanted)} packages, "
            f"{missing[0]} the first"
        )
    return found


def read_npm_audit(output: str) -> list[str]:
    """Returns what `npm audit --json` found.

    Raises:
      UnreachedError: If it is no report.
    """
    report = _parsed(output)
    if "auditReportVersion" not in report:
        reason = report.get("message") or report.get("error") or report
        raise UnreachedError(f"no report: {' '.join(str(reason).split())}")
    return [
        f"{name} {one['range']}: {one['severity']}"
        for name, one in sorted(report["vulnerabilities"].items())
    ]


def _parsed(output):
    try:
        answer = json.loads(output)
    except json.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise UnreachedError("no answer")
    return answer


def _tool(name):
    """Returns where a tool is: beside this Python, or on the path."""
    beside = pathlib.Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise UnreachedError(f"{name} is not here")
    return found


def _run(line, folder=None):
    try:
        done = subprocess.run(
            line, cwd=folder, capture_output=True, text=True, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        raise UnreachedError(f"no answer in {_LIMIT} s") from None
    # Their status is 1 both for a finding and for a failure; and where they
    # fail, what they print may be a traceback.
    if not done.stdout.strip():
        last = "".join(done.stderr.strip().splitlines()[-1:])
        raise UnreachedError(
            f"no answer, {pathlib.Path(line[0]).name} said: {last}"
        )
    return done.stdout


def main(argv: list[str] | None = None) -> int:
    """Runs the command; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--osv-url", metavar="URL", help="another OSV service")
    parser.add_argument("--registry", metavar="URL", help="another of npm's")
    arguments = parser.parse_args(argv)
    files = sorted(set(dependencies.PINNED.values()))
    asked = {
        "Python": lambda: python_findings(files, osv_url=arguments.osv_url),
        "JavaScript": lambda: javascript_findings(
            dependencies.WEB, registry=arguments.registry
        ),
    }
    status = NONE_KNOWN
    for language, findings in asked.items():
        try:
            found = findings()
        except UnreachedError as error:
            print(f"{language}: the data could not be reached: {error}")
            status = status or UNREACHED
            continue
        except (OSError, ValueError) as error:
            print(f"supply_chain.audit: {error}", file=sys.stderr)
            return AMISS
        for line in found:
            print(f"{language}: {line}")
        if found:
            status = SOME_KNOWN
        else:
            print(f"{language}: no known vulnerability")
    return status


if __name__ == "__main__":
    sys.exit(main())
