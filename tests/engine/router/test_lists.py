"""What comes with the application, and what the user made of it."""

from __future__ import annotations

import asyncio

import pytest

from engine.book import Book
from engine.errors import SettingsError
from engine.router.catalogue import Catalogue
from engine.router.lists import EditableList
from engine.router.snapshot import CAPABILITIES, ModelEntry, Tier


def models(folder):
    return EditableList(Book(folder / "models.toml", kind=ModelEntry, table="model"), "models.toml")


def tiers(folder):
    return EditableList(Book(folder / "tiers.toml", kind=Tier, table="tier"), "tiers.toml")


def loaded(entries):
    asyncio.run(entries.load())
    return entries


def test_starter_models_are_sound(tmp_path):
    """Every model that comes along has known capabilities, and a source where it has a quality."""
    entries = loaded(models(tmp_path)).entries
    assert len(entries) >= 80
    assert len({each.name for each in entries}) == len(entries)
    for each in entries:
        assert each.capabilities
        assert set(each.capabilities) <= set(CAPABILITIES)
        assert bool(each.quality_source) == (each.quality is not None), each.name
        assert each.quality is None or 0 < each.quality < 1
        assert each.context_tokens is None or each.context_tokens >= 512


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("llama3.2:3b", "Llama 3.2 3B"),
        ("meta-llama/Llama-3.2-3B-Instruct", "Llama 3.2 3B"),
        ("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "Llama 3.1 8B"),
        ("qwen/qwen2.5-1.5b-instruct", "Qwen2.5 1.5B"),
        ("Qwen2.5-Coder-7B-Instruct", "Qwen2.5-Coder"),
        ("gpt-4o-2024-08-06", "GPT-4o"),
        ("openai/gpt-4o-mini-2024-07-18", "GPT-4o mini"),
        ("gpt-4.1-nano", "GPT-4.1 nano"),
        ("claude-3-5-sonnet-20241022", "Claude 3.5 Sonnet"),
        ("claude-3-sonnet-20240229", "Claude 3 Sonnet"),
        ("deepseek-r1:671b", "DeepSeek-R1 671B"),
        ("deepseek-r1:8b", "DeepSeek-R1 and models distilled from it"),
        ("smollm2-135m-instruct", "SmolLM2 135M (tiny)"),
        ("gemma3:27b-it-qat", "Gemma 3 27B"),
        ("phi4:latest", "Phi-4 14B"),
        ("llama3.2-vision:11b", "Llama 3.2 Vision 11B"),
        ("nomic-embed-text:latest", "Nomic Embed Text"),
    ],
)
def test_models_are_known_by_their_many_names(tmp_path, name, label):
    """A model is known as Ollama, LM Studio, llama.cpp and its maker call it."""
    found = Catalogue(loaded(models(tmp_path)).entries).find(name)
    assert found is not None
    assert found.label == label


def test_starter_tiers_are_sound(tmp_path):
    """Every tier that comes along asks for known capabilities and leads to one that exists."""
    entries = {each.name: each for each in loaded(tiers(tmp_path)).entries}
    wanted = {"fast", "balanced", "expert", "expert-reasoning", "code", "vision", "long-context"}
    assert wanted | {"private", "tiny", "embedding"} == set(entries)
    for each in entries.values():
        assert set(each.requires) <= set(CAPABILITIES)
        assert not each.next_tier or each.next_tier in entries


def test_users_tier_takes_the_place(tmp_path):
    """A changed tier stands in the place of the application's until it is removed."""

    async def work():
        found = tiers(tmp_path)
        await found.load()
        before = await found.put(Tier("fast", models=("mine",)))
        assert before is not None
        assert before.most_parameters_b == 15.0
        again = tiers(tmp_path)
        await again.load()
        assert again.entries == found.entries
        assert [each for each in again.entries if each.name == "fast"] == [
            Tier("fast", models=("mine",), is_users=True)
        ]
        removed = await again.remove("fast")
        assert removed.models == ("mine",)
        assert before in again.entries
        assert not any(each.is_users for each in again.entries)

    asyncio.run(work())


def test_application_s_entry_stays(tmp_path):
    """What comes with the application is not removed, and that is said."""
    found = loaded(tiers(tmp_path))
    with pytest.raises(SettingsError, match="can be changed, not removed"):
        asyncio.run(found.remove("fast"))
    with pytest.raises(SettingsError, match="needs a name"):
        asyncio.run(found.put(Tier(" ")))


def test_edited_outside(tmp_path):
    """What somebody writes into the file is read; what is wrong there changes nothing."""

    async def work():
        found = tiers(tmp_path)
        await found.load()
        assert not await found.reload()
        path = tmp_path / "tiers.toml"
        path.write_text('[[tier]]\nname = "mine"\nmodels = ["a"]\n')
        assert await found.reload()
        assert found.entries[0] == Tier("mine", models=("a",), is_users=True)
        path.write_text('[[tier]]\nname = "mine"\nmodel = "a"\n')
        with pytest.raises(SettingsError, match="there is no 'model'"):
            await found.reload()
        assert found.entries[0].models == ("a",)

    asyncio.run(work())


def test_impossible_values_outside(tmp_path):
    """A value that cannot work is a mistake that names the file; what was read before stays."""

    async def work():
        found = tiers(tmp_path)
        await found.put(Tier("mine"))
        path = tmp_path / "tiers.toml"
        path.write_text('[[tier]]\nname = "mine"\nquality_weight = nan\n')
        with pytest.raises(SettingsError, match=r"tiers.toml: 'mine': quality_weight = nan"):
            await found.reload()
        assert found.entries == (Tier("mine", is_users=True),)
        with pytest.raises(SettingsError, match="quality_weight"):
            await found.put(Tier("other"))
        assert "nan" in path.read_text()

    asyncio.run(work())


def test_changes_here_and_outside_at_once(tmp_path):
    """What was written by hand a moment ago stands when something is changed in the application."""

    async def work():
        found = tiers(tmp_path)
        await found.load()
        await found.put(Tier("first"))
        path = tmp_path / "tiers.toml"
        path.write_text('# mine\n[[tier]]\nname = "by-hand"\n\n' + path.read_text())
        await found.put(Tier("first", models=("a",)))
        assert [each.name for each in found.entries[:2]] == ["by-hand", "first"]
        assert path.read_text().startswith("# mine\n")

    asyncio.run(work())


def test_mistake_outside_is_not_overwritten(tmp_path):
    """A list with a mistake stays as it is, whatever is changed in the application meanwhile."""

    async def work():
        path = tmp_path / "tiers.toml"
        path.write_text('[[tier]]\nname = "precious"\nmodel = "a"\n')
        found = tiers(tmp_path)
        with pytest.raises(SettingsError):
            await found.load()
        with pytest.raises(SettingsError, match="there is no 'model'"):
            await found.put(Tier("other"))
        assert "precious" in path.read_text()

    asyncio.run(work())
