"""What a person may have meant by a name that nothing has."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "likely"]

SHOWN = 3
ALIKE = 0.68
"""The least share of equal letters at which a name is offered, as difflib's `ratio` counts it (1.0: the same)."""
SLACK = 0.08
"""How much less like the word than the likeliest name another may be to be offered beside it."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question with the likeliest names, empty if none is like the word."""
    found = likely(word, known)
    return f"Did you mean {' or '.join(found)}?" if found else ""


def likely(word: str, known: Iterable[str]) -> list[str]:
    """At most three of the names. A name that begins with the word comes before one that is spelled alike, and a verb
    stands for each command that has it: `scale` for `ps:scale`."""
    word, names = word[:80].lower(), sorted(set(known), key=lambda name: (len(name), name))
    verbs = [name for name in names if word and name.partition(":")[2] == word]
    begun = [name for name in names if len(word) > 1 and name.lower().startswith(word)]
    if verbs or begun:
        return (verbs or begun)[:SHOWN]
    ratios = {name: likeness(word, name.lower()) for name in names}
    least = max(ALIKE, max(ratios.values(), default=0.0) - SLACK)
    return sorted((name for name in names if ratios[name] >= least), key=lambda name: -ratios[name])[:SHOWN]


def likeness(word: str, name: str) -> float:
    """0.0 to 1.0. Of `apps:lock` both parts must be like those of the word; a word without a colon may be like the verb."""
    from difflib import SequenceMatcher

    group, _, verb = name.partition(":")
    if ":" in word and verb:
        typed_group, _, typed_verb = word.partition(":")
        pairs = ((typed_group, group), (typed_verb, verb))
        return min(SequenceMatcher(None, *pair).ratio() for pair in pairs)
    # Letters in another order are a slip of the fingers: `wbe` for `web`.
    return max(
        float(sorted(word) == sorted(one)) or SequenceMatcher(None, word, one).ratio() for one in {name, verb or name}
    )
