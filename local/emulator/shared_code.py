"""Gap: each process of a function unpacks its own copy of the code and compiles it.

Here the processes share one folder for each package, and what one of them compiled. The package of
a later deployment links the files that it shares with an earlier one, compiled or not. Like
`/var/task` on AWS, the folder is not for writing.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
Shown by test_functions.py::test_processes_share_the_code_and_an_update_replaces_it and
test_emulator_internals.py::test_a_package_links_the_files_that_it_shares_with_any_earlier_one.
"""

import importlib.util
import os
import shutil
import tempfile
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

if lambda_runtime.zipfile is not zipfile:
    raise AttributeError("the emulator unpacks functions in another way")

_SHARED = "rowline-code-"
_lock = threading.Lock()
_contents: dict[Path, dict[str, tuple[int, int]]] = {}
"""Name → (CRC, size) of the files of each shared folder, in the order of the last use."""


class SharingZip(zipfile.ZipFile):
    """A package that becomes a link to the shared folder of its content."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        target = Path(path)
        if target.name != "code":  # a layer
            super().extractall(path, members, pwd)
            return
        content = {
            one.filename: (one.CRC, one.file_size) for one in self.infolist() if not one.is_dir()
        }
        with _lock:
            target.rmdir()
            target.symlink_to(self._folder_of(content))
            _forget_unused()

    def _folder_of(self, content: dict[str, tuple[int, int]]) -> Path:
        for folder, known in _contents.items():
            if known == content:
                _contents[folder] = _contents.pop(folder)
                return folder
        unpacked = {
            (name, what): shared / name
            for shared, known in _contents.items()
            for name, what in known.items()
        }
        folder = Path(tempfile.mkdtemp(prefix=_SHARED))
        for name, what in content.items():
            if (name, what) in unpacked:
                _link(unpacked[name, what], folder / name)
            else:
                self.extract(name, folder)
        _contents[folder] = content
        return folder


def _link(source: Path, target: Path) -> None:
    """The file under another name, with its bytecode: that names the time and size of the file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if source.suffix == ".py" and compiled.exists():
        beside = target.parent / compiled.parent.name
        beside.mkdir(exist_ok=True)
        os.link(compiled, beside / compiled.name)


def _forget_unused() -> None:
    """Remove the folders of packages that no process has any more, except for the latest."""
    used = {link.resolve() for link in Path(tempfile.gettempdir()).glob("ministack-lambda-*/code")}
    for folder in list(_contents)[:-1]:
        if folder.resolve() not in used:
            del _contents[folder]
            shutil.rmtree(folder, ignore_errors=True)


lambda_runtime.zipfile = types.SimpleNamespace(ZipFile=SharingZip, BadZipFile=zipfile.BadZipFile)
