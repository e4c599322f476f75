"""What the words of a line of code are, by rules simple enough for any language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

KEYWORDS = {
    "python": "and as assert async await break case class continue def del elif else except False"
    " finally for from global if import in is lambda match None nonlocal not or pass raise return"
    " self True try while with yield",
    "javascript": "abstract any as async await boolean break case catch class const continue"
    " declare default delete do else enum export extends false finally for from function if"
    " implements import in instanceof interface let new null number of private public readonly"
    " return static string super switch this throw true try type typeof undefined var void while"
    " yield",
    "c": "auto bool break case char class const constexpr continue default delete do double else"
    " enum explicit extern false float for friend if include inline int long namespace new nullptr"
    " operator private protected public return short signed sizeof static struct switch template"
    " this throw true try typedef typename union unsigned using virtual void volatile while",
    "java": "abstract boolean break byte case catch char class const continue default do double"
    " else enum extends false final finally float for if implements import instanceof int"
    " interface internal long namespace new null override package private protected public record"
    " return short static string super switch this throw throws true try using val var void while",
    "rust": "as async await break const continue crate dyn else enum extern false fn for if impl in"
    " let loop match mod move mut pub ref return self Self static struct super trait true type"
    " unsafe use where while",
    "go": "break case chan const continue default defer else fallthrough false for func go goto if"
    " import interface map nil package range return select struct switch true type var",
    "bash": "case do done elif else esac exit export fi for function if in local read return set"
    " shift source then trap until while cd echo sudo",
    "sql": "add all alter and as asc begin between by case check column commit constraint create"
    " cross default delete desc distinct drop else end exists false from full group having if in"
    " index inner insert into is join key left like limit not null offset on or order outer over"
    " partition primary references right rollback select set table then true union unique update"
    " using values view when where with",
    "data": "true false null yes no on off",
}
NAMES = {
    "py": "python",
    "python3": "python",
    "js": "javascript",
    "jsx": "javascript",
    "ts": "javascript",
    "tsx": "javascript",
    "typescript": "javascript",
    "cpp": "c",
    "c++": "c",
    "h": "c",
    "hpp": "c",
    "cuda": "c",
    "csharp": "java",
    "cs": "java",
    "kotlin": "java",
    "swift": "java",
    "scala": "java",
    "php": "javascript",
    "rs": "rust",
    "golang": "go",
    "sh": "bash",
    "shell": "bash",
    "zsh": "bash",
    "console": "bash",
    "dockerfile": "bash",
    "makefile": "bash",
    "postgresql": "sql",
    "mysql": "sql",
    "sqlite": "sql",
    "json": "data",
    "jsonc": "data",
    "yaml": "data",
    "yml": "data",
    "toml": "data",
    "ini": "data",
}
LINE_COMMENT = {
    "python": "#",
    "bash": "#",
    "data": "#",
    "sql": "--",
    "javascript": "//",
    "c": "//",
    "java": "//",
    "rust": "//",
    "go": "//",
}
OPENS = {"python": ('"""', "'''")}
SLASHED = ("/*",)
CLOSES = {'"""': '"""', "'''": "'''", "/*": "*/", "`": "`"}
PLAIN = ("", "text", "txt", "plain", "plaintext", "output", "log", "markdown", "md")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a line. kind: keyword, string, comment, number, name or key."""

    begin: int
    length: int
    kind: str


@dataclass(frozen=True, slots=True)
class Rules:
    """How one language is read."""

    pattern: re.Pattern[str]
    keywords: frozenset[str]
    opens: tuple[str, ...]
    """What begins something that may go on over several lines."""
    ignores_case: bool


def spans(line: str, language: str, inside: int = 0) -> tuple[list[Span], int]:
    """Return what is in `line`, and what the next line begins inside of.

    inside: as the last call returned it; 0 at the beginning.
    """
    rules = _rules(NAMES.get(language, language))
    if rules is None:
        return [], 0
    found: list[Span] = []
    place = 0
    while True:
        if inside:
            place, inside = _close(line, place, rules.opens[inside - 1], inside, found)
            if inside:
                return found, inside
        match = rules.pattern.search(line, place)
        if match is None:
            return found, 0
        if match.lastgroup == "open":
            inside = rules.opens.index(match[0]) + 1
            found.append(Span(match.start(), len(match[0]), _kind_of(match[0])))
            place = match.end()
            continue
        place = max(match.end(), place + 1)
        kind = _kind(match, rules)
        if kind:
            found.append(Span(match.start(), len(match[0].rstrip("( :")), kind))


def _close(line: str, place: int, opened: str, inside: int, found: list[Span]) -> tuple[int, int]:
    """Return where to go on, and what is still open at the line's end."""
    end = line.find(CLOSES[opened], place)
    until = len(line) if end < 0 else end + len(CLOSES[opened])
    found.append(Span(place, until - place, _kind_of(opened)))
    return until, inside if end < 0 else 0


def _kind_of(opened: str) -> str:
    return "comment" if opened == "/*" else "string"


def _kind(match: re.Match[str], rules: Rules) -> str:
    kind = match.lastgroup or ""
    if kind != "word":
        return kind
    word = match[0].rstrip("(: ")
    if (word.lower() if rules.ignores_case else word) in rules.keywords:
        return "keyword"
    return "name" if match[0].endswith("(") else ""


@lru_cache(maxsize=64)
def _rules(language: str) -> Rules | None:
    if language in PLAIN:
        return None
    comment = LINE_COMMENT.get(language, "//")
    opens = OPENS.get(language, () if comment in ("#", "--") else SLASHED)
    words = KEYWORDS.get(language, " ".join((KEYWORDS["javascript"], KEYWORDS["c"])))
    parts = [
        rf"(?P<open>{'|'.join(re.escape(each) for each in opens)})" if opens else "",
        rf"(?P<comment>(?:^|(?<=\s)){re.escape(comment)}.*$)",
        r"(?P<key>^\s*[\w.-]+(?=\s*[:=]\s|:$)|\"[^\"\n]*\"(?=\s*:))" if language == "data" else "",
        r"(?P<string>[rbfuRBFU]{0,2}(?:\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|`[^`]*`?))"
        if language != "rust"
        else r"(?P<string>b?\"(?:\\.|[^\"\\])*\"?)",
        r"(?P<number>\b(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b)",
        r"(?P<word>[@#]?[A-Za-z_]\w*(?:\s?\()?)",
    ]
    return Rules(
        re.compile("|".join(part for part in parts if part)),
        frozenset(words.split()),
        opens,
        language == "sql",
    )
