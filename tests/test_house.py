"""What holds for every file of the repository."""

import re

import yaml
from fix_repository import ROOT, tracked

LONGEST = 400  # lines of a module
INDEX = re.compile(
    r"https?://[^\s\"'<>]*(pypi\.|pythonhosted|npmjs|yarnpkg|/simple\b|artifactory|nexus|crates\.io|proxy\.golang)"
    r"|(?<!no-emit-)\b(extra-)?index[-]url\b|\bPIP_(EXTRA_)?INDEX_URL\b|^\s*registry\s*=",
    re.IGNORECASE | re.MULTILINE,
)
LOCK_FILE = re.compile(r".*\.lock|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|pylock.*\.toml")


def text_of(path: str) -> str:
    """Text of a file of the repository; bytes that are none are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def names(*places: str) -> list[str]:
    """Tracked files by their place in the repository."""
    return [str(path.relative_to(ROOT)) for path in tracked(*places)]


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {name: len(text_of(name).splitlines()) for name in names("perfops")}
    assert len(lengths) > 50
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is the business of the machine that installs them."""
    found = {name: match[0] for name in names() if (match := INDEX.search(text_of(name)))}
    assert found == {}


def test_there_is_no_lock_file() -> None:
    """They hold addresses of packages; constraints.txt has the versions and none."""
    assert [name for name in names() if LOCK_FILE.fullmatch(name.rsplit("/", 1)[-1])] == []
    assert "://" not in text_of("constraints.txt")


def test_an_index_is_recognized() -> None:
    for host in ("pypi.example", "files.pythonhosted.example", "mirror.example/api/simple/"):
        assert INDEX.search(f"--find-links https://{host}")
    assert INDEX.search("pip install --index" + "-url x")
    assert not INDEX.search("uv pip compile --no-emit-index-url")


def test_hooks_run_tools_of_the_environment_and_fetch_nothing() -> None:
    repositories = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert {repository["repo"] for repository in repositories} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in hooks} <= {"ruff", "yamllint", "shellcheck"}
