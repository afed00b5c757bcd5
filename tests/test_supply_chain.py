"""Every dependency is pinned, hashed, declared and there for a reason."""

import ast
import functools
import importlib.metadata
import json
import pathlib
import re
import sys

import pytest
from packaging import requirements, utils

from supply_chain import dependencies, npm_lock, pinning, pins, reasons

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHIPPED = ("sketch_rnn_tf", "tfds_quickdraw", "export")
BESIDE = ("tests", "benchmarks", "supply_chain")
EXTRAS = ("scan", "test", "build")
PIN_FILES = sorted(dependencies.PINNED.values())

# Never imported, and needed all the same; `requirements/ci.in` says what for.
NOT_IMPORTED = {
    *("tf-keras", "importlib-resources"),
    *("pytest-xdist", "dill", "ruff", "ipykernel"),
    *("build", "wheel"),
}
# What comparisons by hand are made with, and CI does without.
BY_HAND = {"torch", "openvino"}


def declared():
    """Returns what setup.py asks for, by extra; "" for what it needs always."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("setup")
    )
    found = {keyword.arg: keyword.value for keyword in call.keywords}
    return {
        "": ast.literal_eval(found["install_requires"]),
        **ast.literal_eval(found["extras_require"]),
    }


def names(lines):
    return {reasons.name_of(line) for line in lines}


@functools.cache
def imported(folder):
    """Returns the modules, with two parts of their names, that code imports."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).endswith("import_module")
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)
    return {".".join(name.split(".")[:2]) for name in found}


@functools.cache
def providers():
    """Returns which packages a top-level module is of."""
    return importlib.metadata.packages_distributions()


def distributions(modules):
    """Returns the packages that modules are of, but ours and Python's own."""
    known = providers()
    ours = {*SHIPPED, *BESIDE}
    for file in (ROOT / "tests").rglob("*.py"):
        ours |= {file.stem, file.parent.name}
    found = set()
    for module in modules:
        top, _, below = module.partition(".")
        if top in sys.stdlib_module_names or top in ours:
            continue
        if top == "google":  # shared by several packages
            top = below
            found.add(reasons.normalized(top))
            continue
        found |= {reasons.normalized(d) for d in known.get(top, [top])}
    return found


class TestPins:
    @pytest.mark.parametrize("path", PIN_FILES, ids=lambda path: path.name)
    def test_every_version_is_exact_and_hashed(self, path):
        made = pins.read(path)
        assert len({pin.name for pin in made}) == len(made) > 2
        for pin in made:
            assert pin.hashes == tuple(sorted(set(pin.hashes)))

    @pytest.mark.parametrize(
        "path",
        [*PIN_FILES, *sorted((ROOT / "requirements").glob("*.in"))],
        ids=lambda path: path.name,
    )
    def test_name_no_registry(self, path):
        text = path.read_text()
        assert "://" not in text
        assert "index-url" not in text and "find-links" not in text

    @pytest.mark.parametrize("name", dependencies.PINNED)
    def test_each_is_asked_for_or_brought_by_another(self, name):
        made = {pin.name: pin for pin in pins.read(dependencies.PINNED[name])}
        asked = {
            reason.name: reason
            for reason in reasons.read(ROOT / "requirements" / f"{name}.in")
        }
        assert {pin.name for pin in made.values() if pin.direct} == set(asked)
        for pin in made.values():
            assert pin.direct or pin.brought_by
            assert set(pin.brought_by) <= set(made) - {pin.name}

    def test_lie_in_the_ranges_that_are_asked_for(self):
        versions = {
            pin.name: pin.version
            for path in PIN_FILES
            for pin in pins.read(path)
        }
        for name in dependencies.PINNED:
            for one in reasons.read(ROOT / "requirements" / f"{name}.in"):
                wanted = requirements.Requirement(one.requirement).specifier
                assert versions[one.name] in wanted

    def test_one_version_of_a_package_in_all_environments(self):
        versions = {}
        for path in PIN_FILES:
            for pin in pins.read(path):
                assert versions.setdefault(pin.name, pin.version) == pin.version

    def test_are_what_this_environment_has(self):
        for pin in pins.read(ROOT / "requirements.txt"):
            assert importlib.metadata.version(pin.name) == pin.version

    def test_are_what_the_installed_packages_say_they_need(self):
        """None is missing, and none is left that nothing needs any more."""
        made = {pin.name: pin for pin in pins.read(ROOT / "requirements.txt")}
        needed, left = set(), [(n, "") for n, p in made.items() if p.direct]
        while left:
            if (one := left.pop()) in needed:
                continue
            needed.add(one)
            name, extra = one
            for line in importlib.metadata.requires(name) or ():
                wanted = requirements.Requirement(line)
                if wanted.marker and not wanted.marker.evaluate(
                    {"extra": extra}
                ):
                    continue
                brought = utils.canonicalize_name(wanted.name)
                assert made[brought].version in wanted.specifier, (name, line)
                left += [(brought, e) for e in ("", *wanted.extras)]
        assert {name for name, _ in needed} == set(made)

    def test_what_a_newer_python_does_without_is_marked(self, tmp_path):
        path = tmp_path / "pins.txt"
        end = f" \\\n    --hash=sha256:{'0' * 64}\n    # via -r requirements/ci.in\n"
        plain = f"a==1{end}a-b==1.2{end}"
        marked = pins.marked(plain, {"a"}, "3.13")
        assert marked == f'a==1 ; python_version < "3.13"{end}a-b==1.2{end}'
        # Once is enough.
        assert pins.marked(marked, {"a"}, "3.14") == marked
        path.write_text(marked)
        one, two = pins.read(path)
        assert (one.name, one.version, one.before) == ("a", "1", "3.13")
        assert (two.name, two.version, two.before) == ("a-b", "1.2", "")

    def test_the_line_that_makes_them_writes_no_registry(self, tmp_path):
        line = pinning.command("tools", "3.11", tmp_path, upgrade=False)
        assert {"--generate-hashes", "--no-emit-index-url"} <= set(line)
        assert "--upgrade" not in line
        upgraded = pinning.command("tools", "3.11", tmp_path, upgrade=True)
        assert upgraded == [*line, "--upgrade"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("numpy>=2 \\\n", "line 1: expected a pin, its hashes"),
            ("numpy==2.0 \\\n    # via keras\n", "line 2: expected a pin, its"),
            ("numpy==2.0 \\\n    --hash=md5:00\n", "line 2: expected a pin"),
            (
                f"a==1 \\\n    --hash=sha256:{'0' * 64}\n",
                "who brings a, got no",
            ),
            (
                f"a==1 \\\n    --hash=sha256:{'0' * 64}\nb==1 \\\n",
                "line 3: expected who brings a",
            ),
            ("--index-url here\n", "line 1: expected a pin"),
        ],
    )
    def test_other_lines_are_refused(self, tmp_path, text, message):
        path = tmp_path / "pins.txt"
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            pins.read(path)


class TestDeclared:
    def test_what_is_pinned_is_what_setup_asks_for(self):
        asked = declared()
        lines = [line for extra in ("", *EXTRAS) for line in asked[extra]]
        given = reasons.read(ROOT / "requirements" / "ci.in")
        assert sorted(reason.requirement for reason in given) == sorted(lines)

    @pytest.mark.parametrize("folder", SHIPPED)
    def test_what_is_shipped_imports_what_is_declared(self, folder):
        asked = declared()
        assert distributions(imported(folder)) <= names(
            asked[""] + asked["scan"] + asked["beam"]
        )

    @pytest.mark.parametrize("folder", BESIDE)
    def test_what_is_beside_imports_what_is_declared(self, folder):
        asked = [line for lines in declared().values() for line in lines]
        found = distributions(imported(folder))
        assert found - BY_HAND <= names(asked) | {"packaging"}

    def test_what_is_declared_is_imported(self):
        found = set()
        for folder in (*SHIPPED, *BESIDE):
            found |= distributions(imported(folder))
        asked = declared()
        wanted = names(line for e in ("", *EXTRAS) for line in asked[e])
        assert wanted - found - {"setuptools"} == NOT_IMPORTED

    def test_the_versions_of_python_are_those_that_are_tried(self):
        tried = pinning.PYTHONS
        setup = (ROOT / "setup.py").read_text()
        assert f'python_requires=">={tried[0]}"' in setup
        classifier = r'"Programming Language :: Python :: (3\.\d+)"'
        assert tuple(re.findall(classifier, setup)) == tried
        quoted = ", ".join(f'"{version}"' for version in tried)
        assert f"PYTHONS = ({quoted})\n" in (ROOT / "noxfile.py").read_text()
        make = (ROOT / "Makefile").read_text()
        assert f"PYTHONS ?= {' '.join(tried)}\n" in make

    def test_a_reason_is_asked_for(self, tmp_path):
        path = tmp_path / "a.in"
        path.write_text("# A list.\n\nnumpy>=2  # arrays\n")
        assert reasons.read(path) == [
            reasons.Reason("numpy>=2", "numpy", "arrays")
        ]
        for line in ("numpy", "numpy  # ", "  # arrays", "numpy # arrays"):
            path.write_text(line + "\n")
            with pytest.raises(ValueError, match="a.in: expected `requirem"):
                reasons.read(path)


class TestDocument:
    def test_is_current(self):
        assert dependencies.DOCUMENT.read_text() == dependencies.text()

    def test_names_every_package(self):
        text = dependencies.DOCUMENT.read_text()
        for path in PIN_FILES:
            for pin in pins.read(path):
                assert f" {pin.version} |" in text
        for one in npm_lock.read(dependencies.WEB / "package-lock.json"):
            assert one.optional or f"| {one.name} | {one.version} |" in text


class TestJavaScript:
    def test_every_archive_is_hashed_and_from_no_registry(self):
        locked = npm_lock.read(dependencies.WEB / "package-lock.json")
        assert len(locked) > 20
        for one in locked:
            assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", one.integrity)
            assert one.resolved == ""
            assert one.direct or one.brought_by, one.name
        assert "://" not in (dependencies.WEB / "package-lock.json").read_text()

    def test_each_that_is_asked_for_has_a_reason(self):
        package = json.loads((dependencies.WEB / "package.json").read_text())
        given = reasons.read(ROOT / "requirements" / "web.in")
        assert {reason.requirement for reason in given} == {
            *package["dependencies"],
            *package["devDependencies"],
        }

    def test_a_nested_version_is_brought_by_the_one_around_it(self, tmp_path):
        def entry(**more):
            return {"version": "1.0.0", "integrity": "sha512-x", **more}

        lock = {
            "lockfileVersion": 3,
            "packages": {
                "": {"dependencies": {"a": "1", "c": "1"}},
                "node_modules/a": entry(dependencies={"b": "2"}),
                "node_modules/a/node_modules/b": entry(version="2.0.0"),
                "node_modules/b": entry(),
                "node_modules/c": entry(dependencies={"b": "1"}),
            },
        }
        path = tmp_path / "package-lock.json"
        path.write_text(json.dumps(lock))
        found = {(p.name, p.version): p for p in npm_lock.read(path)}
        assert found["b", "2.0.0"].brought_by == ("a",)
        assert found["b", "1.0.0"].brought_by == ("c",)
        assert [p.name for p in found.values() if p.direct] == ["a", "c"]
        path.write_text(json.dumps(lock | {"lockfileVersion": 1}))
        with pytest.raises(
            ValueError, match="expected lockfileVersion 3, got 1"
        ):
            npm_lock.read(path)


class TestMakefile:
    def test_installs_nothing_without_its_hash(self):
        text = (ROOT / "Makefile").read_text()
        lines = [
            line
            for line in text.splitlines()
            if "$(PIP_INSTALL)" in line or "pip install" in line
        ]
        assert len(lines) == 5  # the variable, three files, this package
        for line in lines[1:]:
            if "--editable" in line:
                assert "--no-deps --no-build-isolation" in line
            else:
                assert "--require-hashes" in line
                # A build that is isolated would fetch what has no hash.
                assert "--no-build-isolation" in line or (
                    "--only-binary :all:" in line
                )
        assert "npm ci" in text and "npm install" not in text
