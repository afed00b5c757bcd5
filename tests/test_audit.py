"""What the tools of an audit print, read; tests/hard asks the tools."""

import json

import pytest

from supply_chain import audit

WANTED = {"a", "b"}


def pip_audit(*answers):
    return json.dumps({"dependencies": answers, "fixes": []})


def test_nothing_known():
    output = pip_audit(
        {"name": "a", "version": "1", "vulns": []},
        {"name": "b", "version": "2", "vulns": []},
    )
    assert audit.read_pip_audit(output, WANTED) == []


def test_a_vulnerability_is_told():
    flaw = {"id": "PYSEC-1", "fix_versions": ["3"], "aliases": []}
    output = pip_audit(
        {"name": "a", "version": "1", "vulns": [flaw]},
        {"name": "b", "skip_reason": "not found"},
    )
    (line,) = audit.read_pip_audit(output, WANTED)
    assert line == "a 1: PYSEC-1, fixed in 3"


@pytest.mark.parametrize(
    "output",
    [
        "",
        "[]",
        "Traceback",
        '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}',
        '{"dependencies": [{"name": "a", "skip_reason": "not found"}]}',
    ],
)
def test_no_answer_is_no_clean_bill(output):
    with pytest.raises(audit.UnreachedError, match="no answer"):
        audit.read_pip_audit(output, WANTED)


def test_npm_reports():
    report = {"auditReportVersion": 2, "vulnerabilities": {}}
    assert audit.read_npm_audit(json.dumps(report)) == []
    report["vulnerabilities"] = {
        "long": {"severity": "high", "range": "<4.0.1"}
    }
    (line,) = audit.read_npm_audit(json.dumps(report))
    assert line == "long <4.0.1: high"


@pytest.mark.parametrize(
    "output",
    ["", '{"message": "405 Method\\nNot Allowed"}', '{"error": {}}'],
)
def test_npm_without_a_report(output):
    with pytest.raises(audit.UnreachedError, match="no (answer|report)"):
        audit.read_npm_audit(output)


@pytest.mark.parametrize(
    ("python", "javascript", "status"),
    [
        ([], [], 0),
        (["a flaw"], [], 1),
        ([], ["a flaw"], 1),
        (None, [], 3),
        ([], None, 3),
        (None, ["a flaw"], 1),
        (["a flaw"], None, 1),
    ],
)
def test_status(monkeypatch, capsys, python, javascript, status):
    def says(found):
        def call(*args, **kwargs):
            if found is None:
                raise audit.UnreachedError("nobody is there")
            return found

        return call

    monkeypatch.setattr(audit, "python_findings", says(python))
    monkeypatch.setattr(audit, "javascript_findings", says(javascript))
    assert audit.main([]) == status
    out = capsys.readouterr().out
    unreached = "the data could not be reached: nobody is there"
    assert out.count(unreached) == [python, javascript].count(None)
    assert out.count("no known") == [python, javascript].count([])
