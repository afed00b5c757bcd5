import pathlib

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
TRAIN, EXPLORE = "train_and_draw", "explore_the_latent_space"

# Few steps of the smallest model: its drawings are scribbles, or empty.
SETTINGS = {
    TRAIN: 'PRESET = "tiny"\nSTEPS = 20\n',
    EXPLORE: "STEPS = 3\nSIDE = 2\nFRAMES = 7\n",
}


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def parameters(notebook):
    """Returns the one cell that tests change."""
    (cell,) = (
        cell
        for cell in code(notebook)
        if "parameters" in cell.metadata.get("tags", [])
    )
    return cell


def names(source):
    """Returns what a cell of parameters sets, {name: value}."""
    found = {}
    exec(compile(source, "parameters", "exec"), found)
    return {k: v for k, v in found.items() if not k.startswith("__")}


def run(name, folder):
    """Executes a notebook in a kernel of its own; returns it with outputs.

    Whatever a cell raises is raised here.
    """
    notebook = read(name)
    cell = parameters(notebook)
    values = {**names(cell.source), **names(SETTINGS[name])}
    cell.source = "\n".join(f"{k} = {v!r}" for k, v in values.items())
    nbclient.NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def data(notebook, kind):
    """Returns all outputs of a MIME type."""
    return [
        output.data[kind]
        for cell in code(notebook)
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


def said(notebook):
    """Returns what was printed."""
    return "".join(
        output.text
        for cell in code(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder to run in, where data, settings and sockets are, too."""
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        yield folder


@pytest.fixture(scope="module")
def trained(folder):
    return run(TRAIN, folder)


def test_all_notebooks_are_tested():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
class TestAsCommitted:
    def test_format_is_valid(self, name):
        nbformat.validate(read(name))

    def test_kernel_is_any_python(self, name):
        assert read(name).metadata.kernelspec.name == "python3"

    def test_nothing_of_a_run_is_stored(self, name):
        for cell in code(read(name)):
            assert cell.outputs == []
            assert cell.execution_count is None

    def test_cells_compile(self, name):
        for number, cell in enumerate(code(read(name))):
            compile(cell.source, f"{name}, code cell {number}", "exec")

    def test_tests_change_only_parameters_that_exist(self, name):
        known = names(parameters(read(name)).source)
        assert set(names(SETTINGS[name])) <= set(known)

    def test_every_picture_has_a_text_above_its_cell(self, name):
        cells = read(name).cells
        for above, cell in zip(cells, cells[1:], strict=False):
            shows = "show(" in cell.source and "def show(" not in cell.source
            if cell.cell_type == "code" and shows:
                assert above.cell_type == "markdown", cell.source

    def test_pictures_come_by_the_same_functions(self, name):
        (shown,) = (c for c in code(read(name)) if "def show(" in c.source)
        start = shown.source.index("def show(")
        (other,) = (c for c in code(read(TRAIN)) if "def show(" in c.source)
        assert other.source.endswith(shown.source[start:])


@pytest.mark.slow
def test_first_notebook_trains_draws_and_exports(trained, folder):
    pictures = data(trained, "image/svg+xml")
    assert len(pictures) >= 9
    assert all(picture.startswith("<svg") for picture in pictures)
    (moving,) = data(trained, "text/html")
    assert "data:image/svg+xml;base64," in moving
    assert said(trained).count("the same drawings: True") == 2
    assert (folder / "work" / "saved_model" / "1" / "saved_model.pb").is_file()
    assert len(list((folder / "work" / "drawings").iterdir())) == 4


@pytest.mark.slow
def test_second_notebook_explores_the_first_ones_model(trained, folder):
    notebook = run(EXPLORE, folder)
    assert len(data(notebook, "image/svg+xml")) >= 10
    assert len(data(notebook, "image/gif")) == 1
    assert len(data(notebook, "text/html")) == 1
    assert said(notebook).count("correlation with labels not used") == 2
