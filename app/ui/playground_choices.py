"""What is set for the open conversation of the Playground: models and parameters."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.chat_values import ChatChoices, ChatView
from app.ui.playground_head import PlaygroundHead
from app.ui.playground_parameters import PlaygroundParameters


class PlaygroundChoices(QObject):
    """Reads and fills the fields of `head` and `parameters`, as conversations come and go."""

    wanted = Signal(str)
    """Id of a conversation that was opened: answered by `show_choices`, where any were kept."""
    changed = Signal(str, object)
    """Id of the open conversation, "" for one that has not begun, and its ChatChoices."""

    def __init__(self, head: PlaygroundHead, parameters: PlaygroundParameters) -> None:
        super().__init__()
        self._head = head
        self._parameters = parameters
        self._conversation = ""
        self._is_told = False
        """What is shown comes from the memory, not from the user."""
        self._has_begun = False
        head.models_changed.connect(self._tell)
        parameters.changed.connect(self._tell)

    @property
    def value(self) -> ChatChoices:
        """What is set now."""
        return ChatChoices(self._head.chosen, self._parameters.value)

    def show_choices(self, choices: ChatChoices) -> None:
        """Fill in what was set for the open conversation."""
        self._is_told = True
        self._head.show_models(choices.models)
        self._parameters.show_parameters(choices.parameters)
        self._is_told = False

    def note_asked(self) -> None:
        """Know that the open conversation gets its id, where it has none, by what is asked now."""
        self._has_begun = not self._conversation

    def note_left(self) -> None:
        """Know that another conversation is about to be opened."""
        self._has_begun = False

    def follow(self, chat: ChatView) -> None:
        """Keep what is set for a conversation that has just begun, or fill in another's."""
        if chat.conversation == self._conversation:
            return
        self._conversation = chat.conversation
        has_begun, self._has_begun = self._has_begun, False
        if chat.conversation and not has_begun:
            last = _last_asked(chat)
            self.show_choices(replace(self.value.for_another(), models=(last,) if last else ()))
            self.wanted.emit(chat.conversation)
            return
        if not chat.conversation:
            self.show_choices(self.value.for_another())
        self._tell()

    def _tell(self) -> None:
        if not self._is_told:
            self.changed.emit(self._conversation, self.value)


def _last_asked(chat: ChatView) -> str:
    """Return the model or tier that the last question was for; "" where that is not known."""
    asked = (entry.asked for entry in reversed(chat.entries) if entry.role == "user")
    return next(asked, "")
