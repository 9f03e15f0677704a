"""What botocore knows of services, read in half of its time.

A client begins with the description of its service: JSON files of botocore, read by Python's own
decoder. A session of botocore also looks into the folder of each of its 400 services first.
"""

import gzip
import os
from contextlib import suppress
from typing import Any

import botocore.session
import msgspec
from botocore.loaders import JSONFileLoader, Loader


def quick_session() -> botocore.session.Session:
    """A session that reads descriptions quickly, and is like any other in all else."""
    session = botocore.session.Session()
    own = session.get_config_variable("data_path")  # AWS_DATA_PATH
    folders = [
        os.path.expanduser(os.path.expandvars(each))
        for each in (own or "").split(os.pathsep)
        if each
    ]
    loader = _Loader(extra_search_paths=folders, file_loader=_Files())
    session.register_component("data_loader", loader)
    return session


class _Files(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        """What is in a file, which may be compressed; None where there is none."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), opened(file_path + ending, "rb") as file:
                return msgspec.json.decode(file.read())
        return None


class _Loader(Loader):
    def list_available_services(self, type_name: str) -> list[str]:
        """All services with a folder, for every kind of description: one that lacks it says so."""
        folders = [each for each in self.search_paths if os.path.isdir(each)]
        return sorted({name for each in folders for name in os.listdir(each)})
