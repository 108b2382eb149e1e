"""Plugins are found and loaded, each in its own guard: a broken one is named, and everybody else goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.errors import ExitCode, PluginFileError
from deskmetry.plugins import Origin, Registry, Stage
from helpers_plugins import HEAD, connector, install, metric

HOOK = f"{HEAD}@hookimpl\ndef register_connectors():\n    return []\n"
DESCRIBE = """
import dataclasses, json, sys
from deskmetry.plugins import Registry
registry = Registry.load()
for line in registry.warnings(): print(line, file=sys.stderr)
print(json.dumps([dataclasses.asdict(info) for info in registry.describe()]))
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, as site-packages is; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def load(folder: Path | None = None, *files: Path, built_in_only: bool = False, **environ: str) -> Registry:
    return Registry.load(folder=folder, files=files, built_in_only=built_in_only, environ=environ)


def names(registry: Registry, *, built_in: bool = False) -> list[str]:
    plugins = [plugin.identity for plugin in registry.plugins]
    return [plugin.name for plugin in plugins if built_in or plugin.origin is not Origin.BUILT_IN]


def reason(registry: Registry, name: str) -> str:
    (failure,) = (each for each in registry.failures if each.plugin.name == name)
    return failure.reason


# --- installed distributions ------------------------------------------------------------------------


def test_broken_distributions_stop_nobody_in_a_real_process(tmp_path: Path) -> None:
    install(tmp_path, "raises", {"raises": "raises"}, {"raises": "1 / 0\n"})
    install(tmp_path, "exits", {"exits": "exits"}, {"exits": "import sys\nsys.exit('bye')\n"})
    install(tmp_path, "lacks", {"lacks": "lacks"}, {"lacks": "import a_module_that_is_not_there\n"})
    install(
        tmp_path, "interrupts", {"base": "base"}, {"base": "class E(BaseException): pass\nraise E('x')\n"}
    )
    install(tmp_path, "no-attribute", {"gone": "gone:plugin"}, {"gone": ""})
    install(tmp_path, "chatty", {"chatty": "chatty"}, {"chatty": "print('hello')\n" + connector("chatty")})
    install(tmp_path, "works", {"works": "works"}, {"works": metric("works")}, version="2.5")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBE], capture_output=True, text=True, env=env, check=True
    )

    infos = {info["name"]: info for info in json.loads(done.stdout)}
    assert infos["works"]["metrics"] == ["works"]
    assert infos["works"] | {"distribution": "works", "version": "2.5", "status": "ok"} == infos["works"]
    assert infos["chatty"]["connectors"] == ["chatty"]
    assert "hello" in done.stderr
    assert infos["raises"]["reason"] == "ZeroDivisionError: division by zero"
    assert infos["exits"]["reason"] == "it ended the program (SystemExit: bye)"
    assert infos["lacks"]["reason"] == "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
    assert infos["base"]["reason"] == "E: x"
    assert "has no attribute 'plugin'" in infos["gone"]["reason"]
    for name in ("raises", "exits", "lacks", "base", "gone"):
        assert infos[name]["status"] == "failed"
        assert done.stderr.count(f"plugin {name} (") == 1


def test_the_built_ins_of_this_distribution_are_known_as_built_in(site: Path) -> None:
    found = {info.name: info for info in load().describe()}
    assert found["volume"].origin == "built-in"
    assert found["volume"].distribution == "deskmetry"


def test_a_lazy_object_can_be_a_plugin(site: Path) -> None:
    text = (
        f"{HEAD}class Lazy:\n    @hookimpl\n    def register_connectors(self): return []\nplugin = Lazy()\n"
    )
    install(site, "lazy", {"lazy": "lazymod:plugin"}, {"lazymod": text})
    assert names(load()) == ["lazy"]


def test_plugins_come_in_the_order_of_their_distributions(site: Path) -> None:
    install(site, "zebra", {"a": "za"}, {"za": HOOK})
    install(site, "Ant", {"z": "az", "b": "ab"}, {"az": HOOK, "ab": HOOK})
    registry = load()
    assert names(registry) == ["b", "z", "a"]
    origins = [plugin.identity.origin for plugin in registry.plugins]
    assert origins == sorted(origins, key=list(Origin).index)


def test_a_distribution_with_damaged_metadata_is_a_failure_of_its_own(site: Path) -> None:
    install(site, "good", {"good": "goodmod"}, {"goodmod": HOOK})
    install(site, "damaged", {"damaged": "damagedmod"}, {})
    (site / "damaged-1.0.dist-info" / "entry_points.txt").write_bytes(b"[deskmetry]\nx = \xff\xfe\n")
    install(site, "cut", {}, {})
    (site / "cut-1.0.dist-info" / "entry_points.txt").write_text("[deskmetry]\nnothing-after-this\n")
    registry = load()
    assert names(registry) == ["good"]
    failed = {failure.plugin.name: failure.stage for failure in registry.failures}
    assert failed["damaged-1.0"] is Stage.FIND
    assert failed["cut-1.0"] is Stage.FIND


def test_of_two_plugins_with_one_name_the_later_is_left_out(site: Path) -> None:
    install(site, "first", {"same": "first_same"}, {"first_same": HOOK})
    install(site, "second", {"same": "second_same"}, {"second_same": HOOK})
    registry = load()
    assert [str(plugin.identity) for plugin in registry.plugins if plugin.identity.name == "same"] == [
        "same (first 1.0)"
    ]
    assert reason(registry, "same") == "the name 'same' is taken by same (first 1.0)"


# --- what fits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEAD}@hookimpl\ndef register_conectors(): return []\n", "Did you mean 'register_connectors'?"),
        (f"{HEAD}@hookimpl\ndef register_metrics(app): return []\n", "{'app'} are declared in the hookimpl"),
        ("x = 1\n", "mark its functions with `@hookimpl`"),
        (f"{HOOK}DESKMETRY_API_VERSION = 2\n", "version 2 of the plugin API, this is 1: upgrade Deskmetry"),
        (f"{HOOK}DESKMETRY_API_VERSION = 0\n", "upgrade the plugin"),
        (f"{HOOK}DESKMETRY_API_VERSION = 'one'\n", "version 'one' of the plugin API"),
    ],
)
def test_a_plugin_that_does_not_fit_is_left_out_with_the_reason(
    tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "odd.py").write_text(text)
    registry = load(tmp_path)
    assert expected in reason(registry, "odd")
    assert "odd" not in names(registry)


def test_the_version_of_an_object_stands_in_its_module(site: Path) -> None:
    text = (
        f"{HEAD}DESKMETRY_API_VERSION = 7\nclass Lazy:\n    @hookimpl\n"
        "    def register_connectors(self): return []\nplugin = Lazy()\n"
    )
    install(site, "lazy", {"lazy": "lazyversion:plugin"}, {"lazyversion": text})
    assert "version 7" in reason(load(), "lazy")


# --- files ------------------------------------------------------------------------------------------


def test_the_files_of_the_plugins_folder_are_loaded_last_and_alone(site: Path, tmp_path: Path) -> None:
    install(site, "zebra", {"zebra": "zebramod"}, {"zebramod": HOOK})
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "acme.py").write_text(HOOK)
    (folder / "broken.py").write_text("raise RuntimeError('not today')\n")
    (folder / "_notes.py").write_text("raise RuntimeError('never read')\n")
    registry = load(folder)
    assert names(registry) == ["zebra", "acme"]
    assert reason(registry, "broken") == "RuntimeError: not today"
    assert "_notes" not in {failure.plugin.name for failure in registry.failures}


def test_a_plugins_folder_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    registry = load(tmp_path / "plugins")
    assert names(registry) == []
    assert all(failure.plugin.origin is not Origin.FILE for failure in registry.failures)


def test_code_that_anybody_could_have_put_there_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "acme.py").write_text(HOOK)
    folder.chmod(0o777)
    registry = load(folder)
    assert names(registry) == []
    assert "everybody can write" in reason(registry, "plugins")
    assert names(load(folder, folder / "acme.py")) == ["acme"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "there is no such file"),
        ("def\n", "SyntaxError"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("x = 1\n", "no hooks"),
    ],
)
def test_a_named_file_that_cannot_be_used_is_an_error(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    path = tmp_path / "acme.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PluginFileError, match=expected) as caught:
        load(None, path)
    assert caught.value.exit_code is ExitCode.PLUGIN
    assert str(path) in str(caught.value)


def test_a_named_file_that_also_lies_in_the_folder_is_loaded_once(tmp_path: Path) -> None:
    path = tmp_path / "acme.py"
    path.write_text(HOOK)
    assert names(load(tmp_path, path, path)) == ["acme"]


def test_a_failed_file_leaves_no_module_behind(tmp_path: Path) -> None:
    (tmp_path / "halfway.py").write_text("1 / 0\n")
    load(tmp_path)
    assert not [name for name in sys.modules if "halfway" in name]


# --- selection --------------------------------------------------------------------------------------


def test_only_the_chosen_plugins_are_loaded_by_name_or_distribution(site: Path, tmp_path: Path) -> None:
    install(site, "Two_Desks", {"a": "twoa", "b": "twob"}, {"twoa": HOOK, "twob": HOOK})
    install(site, "other", {"c": "otherc"}, {"otherc": HOOK})
    assert names(load(DESKMETRY_PLUGINS="a"), built_in=True) == ["a"]
    assert names(load(DESKMETRY_PLUGINS="two-desks, c"), built_in=True) == ["c", "a", "b"]
    assert names(load(DESKMETRY_PLUGINS="")) == ["c", "a", "b"]


def test_a_chosen_plugin_that_is_not_there_is_named(site: Path) -> None:
    install(site, "acmedesk", {"acmedesk": "acmedeskmod"}, {"acmedeskmod": HOOK})
    assert "Did you mean 'acmedesk'?" in reason(load(DESKMETRY_PLUGINS="acmedesc"), "acmedesc")


def test_a_disabled_plugin_is_not_even_imported(site: Path) -> None:
    install(site, "bad", {"bad": "badmod"}, {"badmod": "1 / 0\n"})
    install(site, "good", {"good": "goodmod"}, {"goodmod": HOOK})
    registry = load(DESKMETRY_DISABLE_PLUGINS="bad")
    assert names(registry) == ["good"]
    assert "bad" not in {failure.plugin.name for failure in registry.failures}
    assert names(load(DESKMETRY_PLUGINS="bad,good", DESKMETRY_DISABLE_PLUGINS="bad")) == ["good"]


def test_without_plugins_only_built_ins_and_named_files_are_loaded(site: Path, tmp_path: Path) -> None:
    install(site, "good", {"good": "goodmod"}, {"goodmod": HOOK})
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "acme.py").write_text(HOOK)
    (tmp_path / "named.py").write_text(HOOK)
    assert names(load(folder, built_in_only=True)) == []
    assert names(load(folder, tmp_path / "named.py", built_in_only=True)) == ["named"]
