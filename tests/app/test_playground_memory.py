"""What was set for a conversation is there again in the next run."""

from __future__ import annotations

import asyncio
import json
import stat

import pytest

from app.chat_values import ChatChoices, ChatParameters
from app.playground_memory import MOST, NEW, PlaygroundMemory
from engine.errors import Refused

ALL = ChatChoices(
    ("fast", "qwen2.5:14b"),
    ChatParameters(
        system="Be brief.", temperature=0.5, top_p=0.9, max_tokens=40, seed=7, is_json=True
    ),
)


def test_choices_outlive_the_run(tmp_path):
    """Models, every parameter and the system prompt come back for their conversation alone."""
    path = tmp_path / "data" / "playground.json"
    memory = PlaygroundMemory(path)
    memory.keep("c1", ALL)
    memory.keep(NEW, ChatChoices())
    asyncio.run(memory.write())
    again = PlaygroundMemory(path)
    assert again.of("c1") == ALL
    assert again.of(NEW) == ChatChoices()
    assert again.of("c2") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"c1": 3}',
        '{"c1": {"models": 3, "parameters": [1]}}',
        '{"c1": {"models": [1, "fast"], "parameters": {"temperature": "hot", "seed": true}}}',
    ],
)
def test_a_damaged_file_gives_the_defaults(tmp_path, text):
    """The page opens whatever the file says."""
    path = tmp_path / "playground.json"
    path.write_text(text)
    found = PlaygroundMemory(path).of("c1")
    assert found is None or found.parameters == ChatParameters()


def test_only_the_last_are_remembered(tmp_path):
    """The file does not grow for ever; what was changed last stays."""
    path = tmp_path / "playground.json"
    memory = PlaygroundMemory(path)
    for number in range(MOST + 2):
        memory.keep(f"c{number}", ALL)
        memory.keep("c0", ALL)
    asyncio.run(memory.write())
    assert len(json.loads(path.read_text())) == MOST
    assert memory.of("c0") == ALL
    assert memory.of("c1") is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    """Whoever writes hears of it; what is set stays for this run."""
    (tmp_path / "data").write_text("a file where a folder should be")
    memory = PlaygroundMemory(tmp_path / "data" / "playground.json")
    memory.keep("c1", ALL)
    with pytest.raises(Refused):
        asyncio.run(memory.write())
    assert memory.of("c1") == ALL


def test_another_conversation_begins_without_the_system_prompt():
    """It belongs to its own; models and numbers go on."""
    begun = ALL.for_another()
    assert begun.models == ALL.models
    assert begun.parameters == ChatParameters("", 0.5, 0.9, 40, 7, True)
