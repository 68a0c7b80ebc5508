"""Files in Git LFS are filled from the origin, and given to it: by the batch API, or as a folder of this machine."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.conftest import git
from onloop.errors import FailureKind
from onloop.gates.contents import lfs_server
from onloop.gates.contents.large_files import brought_large_files, fill_large_files, push_large
from onloop.gates.contents.large_store import store_of
from onloop.gates.contents.lfs_address import LfsFolder, LfsServer, lfs_address
from onloop.gates.contents.lfs_server import LfsClient, LfsFailed
from onloop.gates.contents.submodule_parts import ContentsMissing
from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.pointers import Pointer, large_files, pointer_in
from support.https_origin import authority
from support.lfs_server import pointer_to, serving

if TYPE_CHECKING:
    from gates.conftest import Origin

FILM, SONG = b"\x00film" * 500, b"song" * 10
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def put(lfs: Path, content: bytes) -> str:
    """The pointer to a file that is now in a repository's lfs folder."""
    oid = sha256(content).hexdigest()
    place = lfs / "objects" / oid[:2] / oid[2:4] / oid
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    return pointer_to(content)


def commit(origin: Origin, mirror: Mirror, files: dict[str, str], branch: str = "main") -> str:
    head = origin.commit({".gitattributes": ATTRIBUTES, **files}, branch)
    mirror.refresh(branch)
    return head


def filled(mirror: Mirror, head: str, layer: Path, target: str = "") -> dict[str, bytes]:
    layer.mkdir()
    fill_large_files(mirror, brought_large_files(mirror, head, target or head), layer)
    return {str(path.relative_to(layer)): path.read_bytes() for path in layer.rglob("*") if path.is_file()}


def test_a_pointer_is_read_as_git_lfs_reads_it() -> None:
    assert pointer_in(pointer_to(FILM).encode()) == Pointer(sha256(FILM).hexdigest(), len(FILM))
    for wrong in (pointer_to(FILM) + "\n", pointer_to(FILM).replace("sha256", "sha512"), pointer_to(FILM)[:-1], ""):
        assert pointer_in(wrong.encode()) is None


def test_only_what_the_attributes_put_in_lfs_is_a_large_file(mirror: Mirror, origin: Origin) -> None:
    text = pointer_to(FILM)
    head = commit(origin, mirror, {"film.bin": text, "deep/song.bin": text, "fixture.txt": text, "plain.bin": "x\n"})
    assert set(large_files(mirror.git, head)) == {b"film.bin", b"deep/song.bin"}
    without = origin.commit({".gitattributes": "*.bin binary\n"})
    mirror.refresh("main")
    assert large_files(mirror.git, without) == {}


def test_large_files_come_from_the_folder_of_an_origin_on_this_machine(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    head = commit(origin, mirror, {"deep/film.bin": put(origin.path / "lfs", FILM)})
    assert filled(mirror, head, tmp_path / "layer") == {"deep/film.bin": FILM}
    lacking = commit(origin, mirror, {"song.bin": pointer_to(SONG)})
    with pytest.raises(ContentsMissing, match=r"1 files in Git LFS \(song.bin …\): .* does not have"):
        brought_large_files(mirror, lacking, lacking)


def test_large_files_come_from_a_server_whose_url_the_target_gives(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    with serving() as server:
        config = f"[lfs]\n\turl = {server.url}\n"
        base = commit(origin, mirror, {".lfsconfig": config, "film.bin": server.put(FILM)})
        server.redirect = True
        assert filled(mirror, base, tmp_path / "layer") == {"film.bin": FILM}
        assert filled(mirror, base, tmp_path / "again") == {"film.bin": FILM}
        assert server.asked == ["download"]  # what is kept is not fetched twice
        trap = config.replace("/shop", "/trap")
        work = commit(origin, mirror, {".lfsconfig": trap, "song.bin": server.put(SONG)}, "work")
        assert lfs_address(mirror, base) == LfsServer(server.url)
        assert filled(mirror, work, tmp_path / "work", base) == {"film.bin": FILM, "song.bin": SONG}


def test_bytes_that_are_not_what_the_pointer_names_are_not_kept(mirror: Mirror, origin: Origin) -> None:
    with serving() as server:
        text = server.put(FILM)
        head = commit(origin, mirror, {".lfsconfig": f"[lfs]\n\turl = {server.url}\n", "film.bin": text})
        for wrong in (b"x" * len(FILM), FILM + b"more", FILM[:-1]):
            server.wrong = wrong
            with pytest.raises(ContentsMissing, match="do not have that digest"):
                brought_large_files(mirror, head, head)
        assert not store_of(mirror).has(Pointer(sha256(FILM).hexdigest(), len(FILM)))
        assert [path for path in store_of(mirror).folder.rglob("*") if path.is_file()] == []


def test_a_credential_goes_to_the_server_for_which_a_person_declared_it(
    mirror: Mirror, origin: Origin, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("t0k3n\n")
    settings = tmp_path / "git.toml"
    settings.touch(mode=0o600)
    with serving(authority()) as server:
        mirror = Mirror(mirror.path, mirror.origin, settings)
        head = commit(origin, mirror, {".lfsconfig": f"[lfs]\n\turl = {server.url}\n", "film.bin": server.put(FILM)})
        server.token = "Basic " + b64encode(b"robot:t0k3n").decode()
        with pytest.raises(ContentsMissing, match="certificate verify failed") as refused:
            brought_large_files(mirror, head, head)
        assert refused.value.kind is FailureKind.AUTH
        trusted = f'["{server.place}"]\nca_file = "{authority() / "ca.pem"}"\n'
        settings.write_text(trusted)
        with pytest.raises(ContentsMissing, match="HTTP status 401") as refused:
            brought_large_files(mirror, head, head)
        assert refused.value.kind is FailureKind.AUTH
        settings.write_text(f'{trusted}user = "robot"\ntoken_file = "{token}"\n')
        assert filled(mirror, head, tmp_path / "layer") == {"film.bin": FILM}
        assert server.authorization == [None, server.token]


def test_an_address_that_is_not_safe_is_refused_in_words(mirror: Mirror, origin: Origin) -> None:
    for url in ("http://example.org/lfs", "ssh://git@example.org/shop", "https://user:word@example.org/lfs"):
        head = commit(origin, mirror, {".lfsconfig": f"[lfs]\n\turl = {url}\n"})
        with pytest.raises(ContentsMissing, match="are not fetched over that transport") as refused:
            lfs_address(mirror, head)
        assert "word" not in str(refused.value)
    remote = Mirror(mirror.path, "https://example.org/shop.git")
    local = commit(origin, mirror, {".lfsconfig": "[lfs]\n\turl = /srv/lfs\n"})
    assert lfs_address(mirror, local) == LfsFolder(Path("/srv/lfs/lfs"))
    with pytest.raises(ContentsMissing, match="is a path of this machine, and the origin is not"):
        lfs_address(remote, local)
    plain = commit(origin, mirror, {".lfsconfig": "[core]\n\tx = 1\n"})
    assert lfs_address(remote, plain) == LfsServer("https://example.org/shop.git/info/lfs")


def test_a_server_elsewhere_leads_to_nothing_that_listens_on_this_machine() -> None:
    for named in ("http://127.0.0.1:9200/_all", "http://localhost/x", "https://[::1]/x"):
        with pytest.raises(LfsFailed, match="is on this machine"):
            list(LfsClient("https://lfs.example.org/shop").download({"href": named}))


def test_a_server_that_sends_drops_keeps_nobody_for_longer_than_a_file_may_take(
    mirror: Mirror, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lfs_server, "LONGEST_S", 0.0)
    with serving() as server:
        head = commit(origin, mirror, {".lfsconfig": f"[lfs]\n\turl = {server.url}\n", "film.bin": server.put(FILM)})
        server.drops = True
        try:
            with pytest.raises(ContentsMissing, match="it took longer"):
                brought_large_files(mirror, head, head)
        finally:
            server.goes_on.set()


def test_what_is_kept_is_given_to_the_origin_once(mirror: Mirror, origin: Origin) -> None:
    pointer = Pointer(sha256(SONG).hexdigest(), len(SONG))
    store_of(mirror).add(pointer, [SONG])
    base = commit(origin, mirror, {"a": "1"})
    push_large(mirror, base, [pointer, pointer])
    push_large(mirror, base, [pointer])
    assert (origin.path / "lfs/objects" / pointer.oid[:2] / pointer.oid[2:4] / pointer.oid).read_bytes() == SONG
    with serving() as server:
        target = commit(origin, mirror, {".lfsconfig": f"[lfs]\n\turl = {server.url}\n"})
        push_large(mirror, target, [pointer])
        push_large(mirror, target, [pointer])
        assert server.kept == {pointer.oid: SONG}
        assert server.verified == [pointer.oid]


def test_a_file_that_rotted_where_it_was_kept_is_not_used(mirror: Mirror, origin: Origin, tmp_path: Path) -> None:
    head = commit(origin, mirror, {"film.bin": put(origin.path / "lfs", FILM)})
    found = brought_large_files(mirror, head, head)
    place = store_of(mirror).place(found[b"film.bin"].pointer.oid)
    place.write_bytes(b"\xff" * len(FILM))
    (tmp_path / "layer").mkdir()
    with pytest.raises(Exception, match="was damaged where it was kept"):
        fill_large_files(mirror, found, tmp_path / "layer")
    assert filled(mirror, head, tmp_path / "again") == {"film.bin": FILM}


def test_an_agents_clone_has_the_files_and_git_finds_nothing_changed(
    mirror: Mirror, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # where git-lfs is none of the programs
    commit(origin, mirror, {"deep/film.bin": put(origin.path / "lfs", FILM)})
    clone = Environment(tmp_path / "environments" / "r7k2m.5")
    clone.prepare(mirror, "main", "r7k2m.5", "impl-1", lfs=True)
    assert (clone.path / "deep/film.bin").read_bytes() == FILM
    assert git(clone.path, "status", "--porcelain") == ""
    (clone.path / "new.txt").write_text("x\n")
    git(clone.path, "add", "--all")
    assert git(clone.path, "diff", "--cached", "--name-only") == "new.txt"
