"""Splits and leaks: properties that hold for any examples."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from modelmill.datasets import leak, split
from modelmill.errors import UserError
from modelmill.records import Example, Split

TEXT = "parse header of the request and return its value as bytes or raise when nothing was sent at all"
WORDS = TEXT.split()


def _examples(rng: random.Random) -> list[Example]:
    """Groups of uneven size; clusters that reach over groups; some distractors."""
    groups = [f"g{i}" for i in range(rng.randint(3, 40))]
    clusters = [f"c{i}" for i in range(rng.randint(1, 60))]
    made = [_one(rng, i, rng.choice(groups), rng.choice([*clusters, ""])) for i in range(rng.randint(30, 300))]
    return made + [_one(rng, i, group, "") for i, group in enumerate(groups)]


def _one(rng: random.Random, number: int, group: str, cluster: str) -> Example:
    kind = Split.POOL if rng.random() < 0.1 else Split.TRAIN
    return Example({"query": f"{group} {number} {rng.random()}"}, {"n": number}, kind, (), group, cluster)


@pytest.mark.parametrize("seed", range(60))
def test_no_group_and_no_duplicate_cluster_is_ever_torn(seed):
    examples = _examples(random.Random(seed))
    divided = split.split(examples, seed)
    assert split.torn(divided.examples) == ([], [])
    counts = Counter(one.split for one in divided.examples)
    assert all(counts[one] for one in (Split.TRAIN, Split.VALIDATION, Split.TEST))
    assert len(divided.examples) + sum(divided.removed.values()) == len(examples)


def test_a_split_depends_on_the_seed_and_not_on_the_order():
    examples = _examples(random.Random(5))
    shuffled = random.Random(6).sample(examples, len(examples))

    def homes(made, seed):
        return {one.sha256: one.split for one in split.split(made, seed).examples}

    assert homes(examples, 17) == homes(shuffled, 17)
    assert homes(examples, 17) != homes(examples, 18)


def test_a_split_takes_the_shares_it_should():
    sizes = {f"group {i}": 1 + i % 17 for i in range(200)}
    home = split.assign(sizes, 17)
    total = sum(sizes.values())
    for one, share in split.SHARES.items():
        assert sum(sizes[group] for group in home if home[group] is one) / total == pytest.approx(share, abs=0.01)


def test_copies_stay_in_the_test_set_and_leave_training():
    examples = [Example({"query": f"{g} {i}"}, {}, Split.TRAIN, (), g, "") for g in "abcdefghij" for i in range(5)]
    home = split.assign(dict.fromkeys("abcdefghij", 5), 17)
    tested = next(g for g in home if home[g] is Split.TEST)
    trained = next(g for g in home if home[g] is Split.TRAIN)
    copies = [Example({"query": f"copy in {g}"}, {}, Split.TRAIN, (), g, "same") for g in (tested, trained)]
    divided = split.split(examples + copies, 17)
    assert [one.group for one in divided.examples if one.cluster] == [tested]
    assert divided.removed == {"train": 1}


def test_two_groups_cannot_be_split():
    examples = [Example({"query": f"{g} {i}"}, {}, Split.TRAIN, (), g) for g in "ab" for i in range(9)]
    with pytest.raises(UserError, match="cannot be split") as caught:
        split.split(examples, 17)
    assert "a, b" in caught.value.found and "mill corpus add" in caught.value.next
    pool = [Example({"query": "x"}, {}, Split.POOL, (), "a")]
    with pytest.raises(UserError, match="no unit gave an example") as caught:
        split.split(pool, 17)
    assert "functions of three lines" in caught.value.allowed


def _pair(query: str, passage: str, where: Split) -> Example:
    return Example({"query": query}, {"passage": passage, "path": "a/b.py"}, where)


def test_the_leak_check_finds_a_planted_near_copy():
    passage = " ".join(WORDS * 3)
    planted = _pair("something else", passage.replace("raise", "throw", 1) + " !", Split.TRAIN)
    examples = [
        _pair("what is asked", passage, Split.TEST),
        planted,
        *(_pair(f"question {i}", f"answer number {i} about {WORDS[i]}", Split.TRAIN) for i in range(15)),
    ]
    assert [found.example for found in leak.leaks(examples)] == [planted]
    sealed = leak.seal(examples)
    assert planted not in sealed.examples and sealed.removed == {"train": 1}
    assert leak.leaks(sealed.examples) == []


def test_the_same_question_but_for_case_and_punctuation_is_a_leak():
    examples = [_pair("Read a file!", "x", Split.VALIDATION), _pair("read  a FILE", "y", Split.TRAIN)]
    assert len(leak.leaks(examples)) == 1
    assert [one.split for one in leak.seal(examples).examples] == [Split.VALIDATION]


def test_of_validation_and_test_the_test_set_is_kept():
    examples = [_pair("the same words", "x", Split.VALIDATION), _pair("the same words", "y", Split.TEST)]
    assert [one.split for one in leak.seal(examples).examples] == [Split.TEST]


def test_labels_paths_and_distractors_are_alike_on_purpose():
    passage = " ".join(WORDS)
    labels = [Example({"text": f"text {i}"}, {"label": "use_case:x"}, where) for i, where in enumerate(Split)]
    pool = [_pair("one", passage, Split.TEST), _pair("two", passage, Split.POOL)]
    assert leak.leaks(labels) == leak.leaks(pool) == []
