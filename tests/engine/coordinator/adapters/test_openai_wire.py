"""What servers with OpenAI's API tell of their models."""

from __future__ import annotations

from engine.coordinator.adapters.openai_wire import served_models


def test_every_server_tells_the_window_its_own_way():
    """vLLM, LM Studio, OpenRouter and llama.cpp each have a field for the window."""
    listing = {
        "data": [
            {"id": "vllm", "max_model_len": 8192},
            {"id": "lm", "max_context_length": 32_768, "loaded_context_length": 4096},
            {"id": "router", "context_length": 128_000},
            {"id": "llama", "meta": {"n_ctx_train": 2048, "size": 7, "n_params": 134_515_008}},
            {"id": "plain"},
            {"id": ""},
            "nonsense",
        ]
    }
    models = served_models(listing)
    assert [each.name for each in models] == ["vllm", "lm", "router", "llama", "plain"]
    assert [each.context_tokens for each in models] == [8192, 4096, 128_000, 2048, None]
    assert (models[3].size_bytes, models[3].details) == (7, "0.1B")
    assert models[4].capabilities is None


def test_capabilities_are_read_where_they_are_told():
    """LM Studio's types and OpenRouter's parameters become capabilities; others stay unknown."""
    listing = {
        "data": [
            {"id": "a", "type": "vlm", "state": "loaded", "capabilities": ["tool_use"]},
            {"id": "b", "type": "embeddings", "state": "not-loaded"},
            {
                "id": "c",
                "architecture": {"input_modalities": ["text", "image"]},
                "supported_parameters": ["tools", "temperature", "structured_outputs"],
            },
        ]
    }
    first, second, third = served_models(listing)
    assert first.capabilities == {"chat", "completion", "vision", "tools"}
    assert (first.is_loaded, second.is_loaded, third.is_loaded) == (True, False, None)
    assert second.capabilities == {"embedding"}
    assert third.capabilities == {"chat", "vision", "tools", "json"}


def test_lists_that_are_none():
    """What is no list of models has none."""
    assert served_models({}) == ()
    assert served_models({"data": "many"}) == ()
