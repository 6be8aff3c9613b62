"""The version is the same in the code, the client, every image tag and the changelog."""

import re
import shutil
import subprocess
import tomllib

import pytest

from app import VERSION
from tests.server import ROOT

TAG = re.compile(r"\breuters-topics:(\d[\w.]*)")


def test_client_has_the_version_of_the_service():
    assert tomllib.loads((ROOT / "client" / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION


def test_image_has_this_tag_wherever_it_is_named():
    files = [
        file
        for pattern in ("*.yml", "*.md", "Dockerfile", "deploy/**/*.yaml", "deploy/**/Dockerfile", "docs/*.md")
        for file in ROOT.glob(pattern)
        if file.name != "CHANGELOG.md"
    ]
    tags = {file.relative_to(ROOT).as_posix(): set(TAG.findall(file.read_text("utf-8"))) for file in files}
    assert {file: tag for file, tag in tags.items() if tag - {VERSION}} == {}
    assert {"docker-compose.yml", "deploy/kubernetes/kserve/inference-service.yaml"} <= {
        file for file in tags if tags[file]
    }


def test_newest_released_section_of_the_changelog_is_this_version():
    sections = re.findall(
        r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert sections[0] == ("Unreleased", "")
    assert sections[1][0] == VERSION
    assert all(date for _, date in sections[1:])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_image_tags_the_version_and_latest():
    done = subprocess.run(["make", "-n", "image"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"--tag (\S+)", done.stdout) == [f"reuters-topics:{VERSION}", "reuters-topics:latest"]
