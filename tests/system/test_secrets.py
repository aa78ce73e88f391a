"""What no file and no stream may have of a URL, and what is left as it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from condavision.errors import ConfigError
from condavision.system.secrets import (
    redacted,
    redacted_spelling,
    require_no_secrets,
    with_secrets,
)
from condavision.system.terminal import json_safe, shell_word, shown, shown_line

SECRETS = [
    ("https://user:sesame@h/x", "https://***@h/x"),
    ("https://sesame@h/x", "https://***@h/x"),
    ("https://user:a/sesame@h/x", "https://***@h/x"),
    ("https://me@corp.example:sesame@h:8080/x", "https://***@h:8080/x"),
    ("git+ssh://sesame@h/x.git@v1", "git+ssh://***@h/x.git@v1"),
    ("'https://h/t/sesame/x'", "'https://h/t/***/x'"),
    ("https://h/a/t/sesame", "https://h/a/t/***"),
    ("https://h/x?token=sesame", "https://h/x?***"),
    ("https://h/x?sesame (401)", "https://h/x?*** (401)"),
    ("https://h/x?X-Amz-Date=1&X-Amz-Signature=sesame#sha256=0", "https://h/x?***#sha256=0"),
    ("h/x?a=1&access_token=sesame", "h/x?a=1&access_token=***"),
    ("a https://h/x b https://u:sesame@h/y", "a https://h/x b https://***@h/y"),
    ('{"a": "https://u:sesame@h", "b": "c@d"}', '{"a": "https://***@h", "b": "c@d"}'),
]

PUBLIC = [
    "https://github.com/conda/rattler@v1 is fine",
    "http://127.0.0.1:8080/@team/channel",
    "https://files.invalid/x-1.0-py3-none-any.whl#sha256=00",
    "file:///home/t/me@home/x.conda",
    "a.py:3: `numpy @ https://h/x.whl` is a direct reference",
    "what is at https://h/x?",
    "requires: 'a >=1; b <2', channel=conda-forge, t/x.py, x?.py",
]


@pytest.mark.parametrize(("text", "left"), SECRETS)
def test_secrets_of_urls_are_left_out(text: str, left: str) -> None:
    assert redacted(text) == left
    assert redacted(left) == left
    assert "sesame" not in redacted_spelling(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert redacted(text) == text
    assert with_secrets(text) is None


@pytest.mark.parametrize("text", [text for text, _ in SECRETS])
def test_a_file_with_secrets_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        require_no_secrets("a.yml", f"first: 1\nurl: {text}\nlast: 2\n")
    assert refused.value.message.startswith("a.yml would contain credentials: url: ")
    assert "sesame" not in refused.value.message


CONTROLS = [
    ("a\x1b[31mb", r"a\x1b[31mb"),
    ("a\x07\x7f", r"a\x07\x7f"),
    ("a\tb\rc", r"a\tb\rc"),
    ("a\x9b1mb", r"a\u009b1mb"),
    ("a\u202egpj.exe", r"a\u202egpj.exe"),
    ("é \udce9 漢", "é \udce9 漢"),
]


@pytest.mark.parametrize(("text", "safe"), CONTROLS)
def test_nothing_controls_the_terminal(text: str, safe: str) -> None:
    assert shown(text) == safe
    assert shown(f"{text}\n{text}") == f"{safe}\n{safe}"
    assert shown_line(f"{text}\n{text}") == rf"{safe}\n{safe}"
    assert json_safe(f'["{safe}"]') == f'["{safe}"]'


def test_a_path_is_never_an_option() -> None:
    assert [shell_word(Path("-a.py")), shell_word("-a.py")] == ["./-a.py", "-a.py"]
    assert shell_word(Path("-\t")) == r"$'./-\t'"


WORDS = ["a b.py", "a\tb.py", "a\nb's.py", "\x1b[1m\\.py", "$(x) `y`;&.py", "\x9b\u202e.py", ""]


@pytest.mark.parametrize("word", WORDS)
def test_a_shell_reads_the_word_that_is_typed(word: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    typed = shell_word(word)
    assert typed == shown_line(typed)
    command = [bash, "-c", f"printf %s {typed}"]
    environ = {"LC_ALL": "C.UTF-8"}
    read = subprocess.run(command, env=environ, capture_output=True, check=True).stdout
    assert read.decode() == word
