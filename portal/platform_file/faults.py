"""What is wrong with a platform file: all of it at once, each with the path of its key."""

from __future__ import annotations

from dataclasses import dataclass, field


class PlatformFileError(Exception):
    """Nothing was applied. One sentence for each fault."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Bad(ValueError):
    """A value that its key cannot take. `at` is where in the value: `[2]`, `.Region`. Values are not repeated: one may be a secret."""

    def __init__(self, sentence: str, at: str = "") -> None:
        super().__init__(sentence)
        self.at = at


@dataclass
class Faults:
    sentences: list[str] = field(default_factory=list)

    def add(self, place: str, sentence: str) -> None:
        # A label may have been written with anything in it, and this goes to a terminal.
        line = "".join(character if character.isprintable() else "\ufffd" for character in f"{place}: {sentence}")
        if line not in self.sentences:
            self.sentences.append(line)

    def raise_any(self) -> None:
        if self.sentences:
            raise PlatformFileError(self.sentences)
