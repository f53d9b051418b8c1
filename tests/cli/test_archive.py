"""The file of a backup: what was written comes back, and anything else is refused."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

import deskbell
from deskbell.cli import archive
from deskbell.cli.refusal import Refusal

FILE = "files/ab/cd/abcd" + "0" * 60
MANIFEST = archive.Manifest(
    format=archive.FORMAT,
    deskbell=deskbell.__version__,
    postgresql="18.0",
    made_at="2026-01-02T03:04:05+00:00",
    migrations=[],
    counts={"users": 1},
    files=True,
    keys=False,
    proof="",
)


def write(
    path: Path, *, manifest: archive.Manifest = MANIFEST, parts: tuple[str, ...] = archive.PARTS
) -> None:
    with archive.Writer(path) as out:
        out.add_bytes(archive.MANIFEST, archive.manifest_bytes(manifest))
        for part in parts:
            out.add_bytes(f"database/{part}.sql.gz", part.encode() * 3000)
        out.add_bytes(FILE, b"a picture" * 1000)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    write(tmp_path / "whole.tar")
    return tmp_path / "whole.tar"


def unpacked(path: Path) -> set[str]:
    place = path.with_suffix(".place")
    place.mkdir()
    return archive.unpack(path, place)


def test_what_was_written_comes_back_and_only_its_owner_may_read_it(whole: Path) -> None:
    assert archive.manifest_of(whole) == MANIFEST
    names = {archive.MANIFEST, FILE, *(f"database/{part}.sql.gz" for part in archive.PARTS)}
    assert unpacked(whole) == names
    assert (whole.with_suffix(".place") / FILE).read_bytes() == b"a picture" * 1000
    assert whole.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in whole.parent.iterdir() if each.name.startswith(".")] == []


def test_the_sums_are_those_of_sha256sum(whole: Path) -> None:
    place = whole.parent / "by-hand"
    place.mkdir()
    for command in (["tar", "-xf", whole], ["sha256sum", "--check", "--strict", "SHA256SUMS"]):
        assert subprocess.run(command, cwd=place, capture_output=True).returncode == 0


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.75, 0.9])
def test_an_archive_that_was_cut_is_refused(whole: Path, share: float) -> None:
    with tarfile.open(whole) as tar:
        end = tar.getmember(archive.SUMS).offset_data  # what follows is only filling
    with whole.open("r+b") as file:
        file.truncate(int(end * share))
    with pytest.raises(archive.Broken):
        unpacked(whole)


@pytest.mark.parametrize("name", [FILE, "database/data.sql.gz", archive.MANIFEST, archive.SUMS])
def test_one_changed_byte_is_noticed(whole: Path, name: str) -> None:
    with tarfile.open(whole) as tar:
        place = tar.getmember(name).offset_data + 20
    with whole.open("r+b") as file:
        file.seek(place)
        old = file.read(1)
        file.seek(place)
        file.write(bytes([old[0] ^ 1]))
    with pytest.raises(archive.Broken):
        unpacked(whole)


def test_a_part_that_is_missing_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "half.tar", parts=("schema", "data"))
    with pytest.raises(archive.Broken, match="indexes is missing"):
        unpacked(tmp_path / "half.tar")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "files/ab/ce/abcd" + "0" * 60, "keys/../x"])
def test_nothing_is_written_elsewhere(whole: Path, name: str) -> None:
    with tarfile.open(whole, "a") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(archive.Broken, match="has no place"):
        unpacked(whole)
    assert not (whole.parent / "outside").exists()


def test_a_link_is_no_file(whole: Path) -> None:
    with tarfile.open(whole, "a") as tar:
        info = tarfile.TarInfo("keys/secret")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(archive.Broken, match="has no place"):
        unpacked(whole)


def test_a_later_format_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    write(tmp_path / "later.tar", manifest=replace(MANIFEST, format=archive.FORMAT + 1, deskbell="9.1"))
    with pytest.raises(Refusal, match=r"written by Deskbell 9\.1"):
        archive.manifest_of(tmp_path / "later.tar")


@pytest.mark.parametrize("content", [b"", b"hello", json.dumps({"format": 1}).encode() * 400])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(archive.Broken):
        archive.manifest_of(tmp_path / "other")


def test_a_failure_leaves_the_older_archive(whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(OSError), archive.Writer(whole) as out:
        out.add_bytes(archive.MANIFEST, b"{}")
        raise OSError
    assert whole.read_bytes() == before
    assert sorted(each.name for each in whole.parent.iterdir()) == ["whole.tar"]
