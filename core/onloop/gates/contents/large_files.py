"""Brings the files that pointers name to where a checkout needs them, and back to the origin before a merge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import assert_never

from onloop.errors import OnloopError
from onloop.gates.contents.large_store import LARGEST, LargeStore, store_of
from onloop.gates.contents.lfs_address import LfsFolder, LfsServer, lfs_address, shown_address
from onloop.gates.contents.lfs_server import LfsClient
from onloop.gates.contents.submodule_parts import ContentsMissing
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import LargeFile, Pointer, large_files
from onloop.gates.repository.submodules import shown_path

LARGEST_IN_ALL = 16 << 30
"""How many bytes the large files of one commit may have."""

MOST = 20_000
"""How many of them there may be."""

_CHUNK = 1 << 20


def brought_large_files(mirror: Mirror, commit: str, target: str) -> Mapping[bytes, LargeFile]:
    """The files of `commit` that are in Git LFS, each kept beside the mirror now.

    `target` is a commit that the target has: it says where the origin keeps them. ContentsMissing names a file that
    cannot be had.
    """
    found = large_files(mirror.git, commit)
    _check_size(found)
    store = store_of(mirror)
    lacking = {file.pointer: path for path, file in found.items() if not store.has(file.pointer)}
    if lacking:
        try:
            fetch_large(mirror, target, lacking)
        except OnloopError as problem:
            name = shown_path(min(lacking.values()))
            raise ContentsMissing(
                f"{len(lacking)} files in Git LFS ({name} …): {problem.message}",
                hint=problem.hint,
                kind=getattr(problem, "kind", None),
            ) from problem
    return found


def fill_large_files(mirror: Mirror, files: Mapping[bytes, LargeFile], layer: Path) -> None:
    """Write the files that pointers name to their places below `layer`, over the pointers where those are."""
    store = store_of(mirror)
    for path, file in files.items():
        place = layer / os.fsdecode(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        store.write(file.pointer, place, is_program=file.is_program)


def fetch_large(mirror: Mirror, target: str, wanted: Iterable[Pointer]) -> None:
    """Bring these files from the origin to where they are kept beside its mirror."""
    store, pointers = store_of(mirror), sorted(set(wanted))
    if not pointers:
        return
    address = lfs_address(mirror, target)
    match address:
        case LfsFolder(path):
            for pointer in pointers:
                store.add(pointer, _read(LargeStore(path / "objects"), pointer, shown_address(address)))
        case LfsServer(url):
            client = LfsClient(url, mirror.credentials)
            actions = client.actions("download", pointers)
            for pointer in pointers:
                download = actions.get(pointer.oid, {}).get("download")
                if not isinstance(download, dict):
                    raise ContentsMissing(
                        f"{shown_address(address)} does not give {pointer.oid[:12]}", hint="let a person push it there"
                    )
                with closing(client.download(download)) as chunks:
                    store.add(pointer, chunks)
        case _:
            assert_never(address)


def push_large(mirror: Mirror, target: str, wanted: Iterable[Pointer]) -> None:
    """Give the origin these files, which are kept beside its mirror; what it has already is not sent."""
    store, pointers = store_of(mirror), sorted(set(wanted))
    if not pointers:
        return
    address = lfs_address(mirror, target)
    match address:
        case LfsFolder(path):
            there = LargeStore(path / "objects")
            for pointer in pointers:
                if not there.has(pointer):
                    there.add(pointer, _read(store, pointer, "its store"))
                    there.place(pointer.oid).chmod(0o644)
        case LfsServer(url):
            client = LfsClient(url, mirror.credentials)
            actions = client.actions("upload", pointers)
            for pointer in pointers:
                if isinstance(actions.get(pointer.oid, {}).get("upload"), dict):
                    client.upload(actions[pointer.oid], pointer, store.place(pointer.oid))
        case _:
            assert_never(address)


def _read(store: LargeStore, pointer: Pointer, where: str) -> Iterator[bytes]:
    try:
        with store.place(pointer.oid).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as problem:
        raise ContentsMissing(
            f"{where} does not have {pointer.oid[:12]}: {problem.strerror}", hint="let a person push it there"
        ) from None


def _check_size(files: Mapping[bytes, LargeFile]) -> None:
    total = sum(file.pointer.size for file in files.values())
    largest = max(files, key=lambda path: files[path].pointer.size, default=b"")
    if len(files) > MOST or total > LARGEST_IN_ALL:
        raise ContentsMissing(
            f"{len(files)} files in Git LFS have {total} bytes", hint=f"at most {MOST} of {LARGEST_IN_ALL} are filled"
        )
    if largest and files[largest].pointer.size > LARGEST:
        raise ContentsMissing(
            f"{shown_path(largest)} has {files[largest].pointer.size} bytes", hint=f"at most {LARGEST} are filled"
        )
