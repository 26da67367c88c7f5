"""What is shipped can be installed and started: the wheel, the sdist, the bundle. Long: `make soak`."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "resources" / "sessions" / "simulated.mcap"


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """The output of a command that must succeed."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "WORKSTATION_HOME": str(cwd), **more}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_desktop_file_starts_the_installed_command() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read(ROOT / "resources" / "packaging" / "orderflow-workstation.desktop")
    assert entry["Desktop Entry"]["Exec"] == "workstation"
    assert (ROOT / "resources" / "icons" / "workstation.svg").exists()


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_wheel_installs_and_runs_from_anywhere(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("share/applications/orderflow-workstation.desktop") for name in names)
    assert "resources/themes/light.toml" in names
    with tarfile.open(sdist) as archive:
        assert any(name.endswith("tests/conftest.py") for name in archive.getnames())
    venv.create(tmp_path / "env", with_pip=True)
    binaries = tmp_path / "env" / "bin"
    run(binaries / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert "footprint" in run(binaries / "workstation", "export", "--help", cwd=tmp_path)
    assert "frames" in run(binaries / "workstation", "inspect", SAMPLE, cwd=tmp_path)
    run(binaries / "workstation", "screenshot", SAMPLE, "--out", tmp_path / "shot.png", cwd=tmp_path)
    assert (tmp_path / "shot.png").stat().st_size > 10_000


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_bundle_paints_a_window(tmp_path: Path) -> None:
    where = ("--distpath", tmp_path / "dist", "--workpath", tmp_path / "build", "--noconfirm", "--log-level", "WARN")
    run(
        sys.executable, "-m", "PyInstaller", *where, ROOT / "resources" / "packaging" / "workstation.spec", cwd=tmp_path
    )
    program = tmp_path / "dist" / "workstation" / "workstation"
    run(program, "screenshot", SAMPLE, "--out", tmp_path / "shot.png", cwd=tmp_path)
    assert (tmp_path / "shot.png").stat().st_size > 10_000
