"""Own scripts' writes told from others'."""

from __future__ import annotations

from engine.cache.adapters.redis_echoes import Echoes


def test_other_keys_pass():
    """Keys that no script of ours writes are told at once."""
    echoes = Echoes()
    echoes.expect([b"a"])
    assert echoes.kept_back([b"b", b"a", b"c"]) == [b"b", b"c"]


def test_echo_is_not_told():
    """What was heard once, with our own value found afterwards, was the echo."""
    echoes = Echoes()
    echoes.expect([b"a"])
    echoes.kept_back([b"a"])
    assert echoes.settle({b"a": True}) == []
    assert echoes.kept_back([b"a"]) == [b"a"]


def test_others_are_told_afterwards():
    """Heard twice, or with another value found: somebody else wrote it too."""
    echoes = Echoes()
    echoes.expect([b"a", b"b", b"c", b"d"])
    echoes.kept_back([b"a", b"b"])
    echoes.kept_back([b"a"])
    assert echoes.settle({b"a": True, b"b": False, b"c": False, b"d": True}) == [b"a", b"b"]


def test_overlapping_calls_each_expect_one_echo():
    """A key is kept back until the last call that writes it has settled."""
    echoes = Echoes()
    echoes.expect([b"a"])
    echoes.expect([b"a"])
    echoes.kept_back([b"a"])
    assert echoes.settle({b"a": True}) == []
    assert echoes.kept_back([b"a"]) == []
    assert echoes.settle({b"a": True}) == [b"a"]  # rather once too often than not at all
    assert echoes.kept_back([b"a"]) == [b"a"]
