"""Throw-away certificates for servers of this machine."""

import shutil
from pathlib import Path

import trustme


def place(host: str, keep: Path, use: Path) -> None:
    """Put `server.pem` and `server.key` into the folder of a server.

    host: The address that the certificate is for.
    keep: The folder that keeps the key, the certificate and its authority `ca.pem`. All three are
        made the first time; the authority's own key is thrown away.
    use: The folder that the server reads.
    """
    if not (keep / "ca.pem").exists():
        authority = trustme.CA(organization_name="Rowline", organization_unit_name="local stage")
        issued = authority.issue_cert(host)
        (keep / "server.key").touch(mode=0o600)
        issued.private_key_pem.write_to_path(keep / "server.key")
        issued.cert_chain_pems[0].write_to_path(keep / "server.pem")
        authority.cert_pem.write_to_path(keep / "ca.pem")
    use.mkdir(parents=True, exist_ok=True)
    for name in ("server.pem", "server.key"):
        shutil.copy(keep / name, use / name)  # with its permissions: the key stays closed
