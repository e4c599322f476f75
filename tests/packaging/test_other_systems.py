"""What wheels bring to Windows and macOS, by the names of their files, as far as it is frozen."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.packaging.frozen import ELF, ROOT, Frozen

from frozen_folder import NotAccountedFor, name_inside, read_frozen  # isort: skip
from inventory import IS_LIBRARY  # isort: skip
from third_parties import read_third_parties  # isort: skip

FFMPEG = ("avcodec-62", "avdevice-62", "avfilter-11", "avformat-62", "avutil-60")
WINDOWS = {
    "FFmpeg": [f"av.libs/{name}-0123abcd.dll" for name in (*FFMPEG, "swscale-9", "swresample-6")],
    "GCC runtime libraries": [
        "av.libs/libgcc_s_seh-1-0123abcd.dll",
        "av.libs/libstdc++-6-0123abcd.dll",
    ],
    "libiconv": ["av.libs/libiconv-2-0123abcd.dll"],
    "winpthreads": ["av.libs/libwinpthread-1-0123abcd.dll"],
    "zlib": ["av.libs/zlib1-0123abcd.dll"],
    "dav1d": ["av.libs/libdav1d-0123abcd.dll"],
    "x264": ["av.libs/libx264-165-0123abcd.dll"],
    "x265": ["av.libs/libx265-0123abcd.dll"],
    "CTranslate2": ["ctranslate2/ctranslate2.dll"],
    "Intel OpenMP runtime": ["ctranslate2/libiomp5md.dll"],
    "CRC32C": ["google_crc32c/extra-dll/crc32c.dll"],
    "OpenBLAS": ["numpy.libs/libscipy_openblas64_-0123abcd.dll"],
    "Microsoft Visual C++ runtime": [
        "numpy.libs/msvcp140-0123abcd.dll",
        "PySide6/concrt140.dll",
        "PySide6/msvcp140_codecvt_ids.dll",
        "PySide6/vcruntime140_1.dll",
        "vcruntime140.dll",
    ],
    "ONNX Runtime": [
        "onnxruntime/capi/onnxruntime.dll",
        "onnxruntime/capi/onnxruntime_providers_shared.dll",
    ],
    "OpenSSL": ["libcrypto-3.dll", "libssl-3.dll"],
    "PortAudio": ["_sounddevice_data/portaudio-binaries/libportaudio64bit.dll"],
    "Qt": [
        "PySide6/Qt6Core.dll",
        "PySide6/Qt6Widgets.dll",
        "PySide6/plugins/platforms/qwindows.dll",
        "PySide6/plugins/styles/qmodernwindowsstyle.dll",
        "PySide6/plugins/tls/qschannelbackend.dll",
    ],
}
MACOS = {
    "FFmpeg": [f"av/.dylibs/lib{name.replace('-', '.')}.28.102.dylib" for name in FFMPEG],
    "libwebp": ["av/.dylibs/libsharpyuv.0.1.2.dylib", "av/.dylibs/libwebp.7.2.0.dylib"],
    "SVT-AV1": ["av/.dylibs/libSvtAv1Enc.4.1.0.dylib"],
    "x264": ["av/.dylibs/libx264.165.dylib"],
    "x265": ["av/.dylibs/libx265.216.dylib"],
    "CRC32C": ["google_crc32c/.dylibs/libcrc32c.1.1.0.dylib"],
    "CTranslate2": ["ctranslate2/.dylibs/libctranslate2.4.8.5.dylib"],
    "GCC runtime libraries": ["scipy/.dylibs/libgfortran.5.dylib"],
    "ONNX Runtime": [
        "onnxruntime/capi/libonnxruntime.1.32.0.dylib",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
    ],
    "PortAudio": ["_sounddevice_data/portaudio-binaries/libportaudio.dylib"],
    "Qt": [
        "PySide6/Qt/lib/QtCore.framework/Versions/A/QtCore",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/plugins/styles/libqmacstyle.dylib",
    ],
}


@pytest.mark.parametrize("names", [WINDOWS, MACOS], ids=["Windows", "macOS"])
def test_libraries_are_known_by_their_names_there(names: dict[str, list[str]]):
    """Each is a library of its own, and the entry that says whose it is."""
    facts = read_third_parties()
    for owner, libraries in names.items():
        for name in libraries:
            fact = facts.native(Path(name).name)
            assert (bool(IS_LIBRARY.match(name)), fact and fact.name) == (True, owner), name


@pytest.mark.parametrize(
    "name", ["av/device.pyd", "numpy/fft/x.cp311-win_amd64.pyd", "PySide6/QtCore.abi3.so"]
)
def test_extension_modules_are_no_libraries(name: str):
    """A module in C is part of its package there as well."""
    assert not IS_LIBRARY.match(name)


def test_runtime_of_a_compiler_comes_with_its_terms(tmp_path: Path):
    """What Microsoft lets applications carry is told with the text of its conditions."""
    frozen = Frozen(tmp_path)
    frozen.bring("demo.libs/msvcp140-0123abcd.dll", b"MZ..")
    (part,) = [part for part in frozen.parts() if part.kind == "library"]
    assert part.licence == "LicenseRef-Microsoft-Distributable-Code"
    assert [path.name for path in part.texts] == ["microsoft-distributable-code.txt"]


@pytest.mark.parametrize(
    ("system", "inside"),
    [
        ("darwin", {"cpuinfo", "ruy", "spdlog"}),
        ("linux", {"Intel oneMKL", "CUDA runtime", "oneDNN", "spdlog"}),
        ("win32", {"Intel oneMKL", "CUDA runtime", "oneDNN", "spdlog"}),
    ],
)
def test_what_is_linked_in_differs_between_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, inside: set[str]
):
    """CTranslate2 computes with Intel's and NVIDIA's libraries, and on macOS with Google's."""
    frozen = Frozen(tmp_path)
    frozen.package("ctranslate2")
    frozen.locked["ctranslate2"] = ()
    monkeypatch.setattr(sys, "platform", system)
    assert {part.name for part in frozen.parts() if part.kind == "linked"} == inside


def test_encoder_without_a_stand_in_stops_the_build_there_too(tmp_path: Path):
    """x264 in a wheel for Windows is refused."""
    frozen = Frozen(tmp_path)
    frozen.bring("demo.libs/libx264-165-0123abcd.dll", b"MZ..")
    with pytest.raises(NotAccountedFor, match=r"x264 .*GPL-2.0-or-later is not among"):
        frozen.parts()


def test_bundle_is_read_by_the_names_of_the_tables(tmp_path: Path):
    """Folders without their dots are found; what PyInstaller writes itself is left out."""
    contents, build = tmp_path / "A.app/Contents", tmp_path / "build"
    names = [
        "Frameworks/av/__dot__dylibs/libopus.0.dylib",
        "Resources/universal-ai-tools.icns",
        "_CodeSignature/CodeResources",
        "Info.plist",
    ]
    for name in names:
        (contents / name).parent.mkdir(parents=True, exist_ok=True)
        (contents / name).write_bytes(ELF)
    build.mkdir()
    rows = [("av/.dylibs/libopus.0.dylib", "/site/av/.dylibs/libopus.0.dylib", "BINARY")]
    (build / "COLLECT-00.toc").write_text(repr((rows,)))
    (build / "PYZ-00.toc").write_text(repr(("out.pyz", [])))
    (file,) = read_frozen(contents.parent, build).files
    assert (file.name, file.source) == (rows[0][0], Path(rows[0][1]))
    assert name_inside("Contents/Resources/resources/a.toml") == "resources/a.toml"


@pytest.mark.parametrize("script", ["macos/package.sh", "windows/package.ps1", "linux/package.sh"])
def test_scripts_of_the_systems_are_called_as_they_want_it(script: str):
    """Folder, variant and title are what each takes, and what `make package` gives it."""
    usage = (ROOT / "packaging" / script).read_text(encoding="utf-8")
    assert re.search(rf"{re.escape(Path(script).name)} FOLDER VARIANT TITLE", usage)
    calls = (ROOT / "packaging/package.sh").read_text(encoding="utf-8")
    assert f'packaging/{script} "$folder" "$variant" "dist/$title" ;;' in calls
