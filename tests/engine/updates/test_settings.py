from __future__ import annotations

import pytest

from engine.errors import SettingsError
from engine.updates.settings import UpdateSettings


def test_nobody_is_asked_until_the_user_says_so():
    """By default it is off, and no address is built in."""
    assert (UpdateSettings().check, UpdateSettings().url) == (False, "")


@pytest.mark.parametrize("url", ["http://example.org/", "https://me@example.org/", "newest"])
def test_an_address_that_may_not_be_asked_is_refused(url):
    """The message names the key and says what it must be."""
    with pytest.raises(SettingsError, match=r"^updates\.url = .*: must"):
        UpdateSettings(url=url)


def test_an_address_may_be_empty():
    """Then the build says whom to ask."""
    assert UpdateSettings(check=True, url="").check
