"""What is in a frozen application, and what must not be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing

from tests.packaging.frozen import ELF, LOCKED, Frozen

from distributions import installed  # isort: skip - tests.packaging.frozen says where it is
from frozen_folder import NotAccountedFor, read_frozen  # isort: skip
from parts import LOCK, Part, locked_hashes  # isort: skip
from stand_in_parts import MARK  # isort: skip
from third_parties import TEXTS, is_standard, read_third_parties  # isort: skip

REFUSED = {"GNU Readline", "x264", "x265", "Berkeley DB"}


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    return Frozen(tmp_path)


def only(parts: tuple[Part, ...], name: str) -> Part:
    """Return the part called `name`."""
    (part,) = [part for part in parts if part.name == name]
    return part


def test_package_is_told_with_version_licence_text_and_sum(frozen: Frozen):
    """A module inside the program brings its package into the list."""
    part = only(frozen.parts(), "demo")
    assert (part.version, part.licence, part.purl) == ("1.0", "MIT", "pkg:pypi/demo@1.0")
    assert [path.read_text() for path in part.texts] == ["the licence of demo"]
    assert part.locked_sha256 == (LOCKED,)


def test_library_of_a_wheel_is_told_apart_from_its_package(frozen: Frozen):
    """It has its own licence, the version that stands in its bytes, its sum, and who brought it."""
    content = ELF + b"libopus 1.6.1\0"
    frozen.bring("demo.libs/libopus-0123abcd.so.0", content)
    part = only(frozen.parts(), "Opus")
    assert (part.version, part.licence, part.by) == ("1.6.1", "BSD-3-Clause", "demo 1.0")
    sum_ = hashlib.sha256(content).hexdigest()
    assert part.files == (("demo.libs/libopus-0123abcd.so.0", sum_),)


def test_extension_modules_are_part_of_their_package(frozen: Frozen):
    """A module in C is no library of its own."""
    frozen.bring("demo/fast.cpython-311-x86_64-linux-gnu.so", ELF)
    frozen.bring("demo/stable.abi3.so", ELF)
    assert [part.name for part in frozen.parts()] == ["demo"]


def test_model_is_told_with_its_sum(frozen: Frozen):
    """A model that was put into the folder after freezing is in the list."""
    frozen.put("resources/models/base/model.bin", b"weights", source=None)
    part = only(frozen.parts(), "Whisper base, converted for CTranslate2")
    assert (part.kind, part.licence) == ("model", "MIT")
    assert part.files[0][1] == hashlib.sha256(b"weights").hexdigest()


def test_what_is_linked_into_a_package_is_told(frozen: Frozen):
    """The bill that a wheel brings along is taken over, without its makers' tools."""
    row = {"name": "memchr", "version": "2.8.3", "purl": "pkg:cargo/memchr@2.8.3?x=y"}
    licence = {"licenses": [{"expression": "Unlicense OR MIT"}]}
    tool = {"name": "cc", "version": "1.0", "purl": "pkg:cargo/cc@1.0", "scope": "excluded"}
    bill = json.dumps({"components": [row | licence, tool | licence]})
    frozen.bring("demo-1.0.dist-info/sboms/demo.cyclonedx.json", bill.encode())
    parts = frozen.parts()
    assert [part.name for part in parts] == ["memchr", "demo"]
    assert (parts[0].by, parts[0].purl) == ("demo 1.0", "pkg:cargo/memchr@2.8.3")


def bill_of(*names: str) -> bytes:
    """Return what pip tells of what it has inside."""
    rows = [{"name": name, "version": "3.2", "purl": f"pkg:pypi/{name}@3.2"} for name in names]
    return json.dumps({"components": [{"name": "itself"}, *rows]}).encode()


def test_what_was_copied_into_a_package_is_told(frozen: Frozen):
    """Of what pip lists as copied into it, each has its version, its licence and its text."""
    frozen.locked["pip"] = (LOCKED,)
    (frozen.site / "pip/_vendor/idna").mkdir(parents=True)
    (frozen.site / "pip/_vendor/idna/LICENSE.md").write_text("the licence of idna")
    (frozen.site / "pip/_vendor/bom.cdx.json").write_bytes(bill_of("idna"))
    frozen.package("pip", "License-Expression: MIT")
    inner = only(frozen.parts(), "idna")
    assert (inner.version, inner.licence, inner.by) == ("3.2", "BSD-3-Clause", "pip 1.0")
    assert inner.purl == "pkg:pypi/idna@3.2"
    assert [path.name for path in inner.texts] == ["LICENSE.md"]


def test_unknown_copy_inside_a_package_stops_the_build(frozen: Frozen):
    """What a package lists as copied into it and nobody has looked at is told."""
    frozen.bring("demo/_vendor/bom.cdx.json", bill_of("stranger"))
    with pytest.raises(NotAccountedFor, match=r"stranger 3\.2: a package inside demo 1\.0"):
        frozen.parts()


def test_stand_in_is_our_own(frozen: Frozen):
    """A file in the place of x264 that says so is not x264."""
    frozen.bring("demo.libs/libx264-0123abcd.so.165", ELF + MARK.encode())
    assert [part.name for part in frozen.parts()] == ["demo"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("demo.libs/libx265-0123abcd.so.216", "x265 .*GPL-2.0-or-later is not among"),
        ("demo.libs/libnever-seen.so.1", "libnever-seen.so.1: .*demo 1.0 that nobody has looked"),
    ],
)
def test_library_that_may_not_be_passed_on_stops_the_build(frozen: Frozen, name: str, words: str):
    """One under the GPL and one that nobody knows are both named, with the remedy."""
    frozen.bring(name, ELF)
    with pytest.raises(NotAccountedFor, match=words):
        frozen.parts()


def test_everything_that_is_wrong_is_told_at_once(frozen: Frozen):
    """Each problem has a line, so that one build tells all of them."""
    frozen.package("gnu", "License-Expression: GPL-3.0-only")
    frozen.package("bare", "License-Expression: MIT", texts=())
    frozen.package("vague", "License: Free for all")
    frozen.put("lost.txt", b"", source=None)
    frozen.put("libsystem.so.1", ELF, source=Path("/elsewhere/libsystem.so.1"))
    frozen.modules.append(("stray", "/nowhere/stray.py", "PYMODULE"))
    frozen.locked |= {"gnu": (), "bare": ()}
    with pytest.raises(NotAccountedFor) as raised:
        frozen.parts()
    lines = str(raised.value).splitlines()
    words = [
        "/nowhere/stray.py: belongs to no installed package",
        "bare 1.0: no licence text",
        "gnu 1.0: its licence GPL-3.0-only is not among",
        "libsystem.so.1: a library of ",
        "lost.txt: nothing tells where it came from",
        "vague 1.0: is in no user's lock",
        "vague 1.0: its metadata names no SPDX licence",
    ]
    assert [line[: len(word)] for line, word in zip(lines, words, strict=True)] == words


def test_missing_table_is_told(frozen: Frozen):
    """Without PyInstaller's tables nothing can be told, and the message says which is missing."""
    frozen.read()
    (frozen.build / "PYZ-00.toc").unlink()
    with pytest.raises(NotAccountedFor, match=r"PYZ-00\.toc cannot be read"):
        read_frozen(frozen.folder, frozen.build)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("MIT", ("MIT",)),
        ("GPL-2.0-only", None),
        ("LGPL-3.0-only OR GPL-3.0-only", ("LGPL-3.0-only",)),
        ("GPL-2.0-or-later OR AFL-2.1", ("AFL-2.1",)),
        ("MIT AND GPL-3.0-only", None),
        ("(MIT OR GPL-2.0-only) AND Zlib", ("MIT", "Zlib")),
        (
            "GPL-3.0-or-later WITH GCC-exception-3.1",
            ("GPL-3.0-or-later WITH GCC-exception-3.1",),
        ),
        ("GPL-3.0-or-later WITH Classpath-exception-2.0", None),
        ("LicenseRef-Unknown", None),
        ("what AND", None),
        ("", None),
    ],
)
def test_licence_is_chosen_among_those_allowed(expression: str, chosen: tuple[str, ...] | None):
    """Of several that one may choose from the first allowed counts; all that apply must be."""
    assert read_third_parties().rules.choose(expression) == chosen


def test_table_of_third_parties_is_sound():
    """Its licences are SPDX's, its texts are kept, and it refuses what it refuses on purpose."""
    facts, known = read_third_parties(), get_spdx_licensing()
    entries = [*facts.distributions.values(), *facts.inside, *facts.resources, *facts.natives]
    stated = {fact.licence for fact in entries if fact.licence}
    unknown = {
        each
        for each in stated
        if not each.startswith("LicenseRef-") and known.validate(each).errors
    }
    assert unknown == set()
    assert [path for fact in entries for path in fact.text_paths() if not path.is_file()] == []
    refused = {fact.name for fact in facts.natives if not facts.rules.choose(fact.licence or "")}
    assert refused == REFUSED


def test_no_kept_text_is_forgotten():
    """Each text of one work is named in the table, so that none is kept for nothing."""
    facts = read_third_parties()
    entries = [*facts.distributions.values(), *facts.inside, *facts.resources, *facts.natives]
    named = {path for fact in entries for path in fact.text_paths()}
    own = {path for path in TEXTS.iterdir() if not is_standard(path)}
    assert own - named == set()


def test_all_that_users_install_can_be_passed_on():
    """Each package of the lock that is installed here has an allowed licence and a text."""
    facts = read_third_parties()
    locked = locked_hashes(LOCK).keys()
    packages = {each.key: each for each in installed().values() if each.key in locked}
    assert {"av", "numpy", "redis"} <= packages.keys()
    wrong = []
    for key, package in packages.items():
        fact = facts.distributions.get(key)
        licence = (fact and fact.licence) or package.licence or ""
        texts = [*package.texts, *(fact.text_paths() if fact else ())]
        texts += [package.root / name for name in (fact.own_texts if fact else ())]
        if not facts.rules.choose(licence) or not any(path.is_file() for path in texts):
            wrong.append((key, licence, texts))
    assert wrong == []
