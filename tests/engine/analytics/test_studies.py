"""The studies that are in memory, and those that are worked out when they are needed."""

from __future__ import annotations

import asyncio
from random import Random

from engine.analytics.keeping import Keeper
from engine.analytics.observation_book import ObservationBook
from engine.analytics.observations import AS_CAME, Observation, StudyKey
from engine.analytics.settings import AnalyticsSettings
from engine.analytics.studies import Studies
from engine.analytics.study_policies import policy_makers
from engine.errors import Refused
from tests.engine.analytics.stub_policy import STUBS
from tests.leaping import leap

KEY = StudyKey("m", "chat")


def with_studies(folder, work, **fields):
    """Run `work(studies, keeper, book)` on a database in `folder`."""

    async def run(loop):
        book = ObservationBook(folder)
        usual = {"policy": STUBS, "settings": AnalyticsSettings()}
        studies = Studies(book=book, **(usual | fields))
        keeper = Keeper(book, clock=loop, spans=studies.changed_hours)
        studies.use_keeper(keeper)
        await keeper.open()
        await work(studies, keeper, book)
        await studies.aclose()
        await keeper.aclose()

    leap(run)


def counted(id: str, key: StudyKey = KEY, reward: float = 1.0) -> Observation:
    return Observation(
        id, key, 1.0, {}, AS_CAME, over_s=2.0, terms={"rated": reward}, counted_s=3.0, reward=reward
    )


def learn(studies, keeper, found):
    """Take in everything of `found`."""
    keeper.note(found, is_new=True)
    for event in ("chosen", "over", "reward"):
        studies.take(event, found)


def test_a_study_is_worked_out_once(tmp_path):
    """Whoever asks meanwhile waits for the same; who cannot wait is told that there is none yet."""

    async def work(studies, keeper, book):
        assert studies.ready(KEY) is None
        one, other = await asyncio.gather(studies.get(KEY), studies.get(KEY))
        assert one is other is studies.ready(KEY)
        assert studies.loaded(StudyKey("n", "chat")) is None

    with_studies(tmp_path, work)


def test_what_leaves_memory_comes_back(tmp_path):
    """The study used longest ago leaves, and is worked out again with all it had learnt."""

    async def work(studies, keeper, book):
        await studies.get(KEY)
        learn(studies, keeper, counted("a"))
        for number in range(3):
            await studies.get(StudyKey(f"n{number}", "chat"))
        assert studies.loaded(KEY) is None
        assert (await studies.get(KEY)).rewards == 1

    with_studies(tmp_path, work, most=2)


def test_what_comes_while_a_study_is_worked_out_counts_once(tmp_path):
    """Nothing is lost and nothing counts twice, whenever it came."""

    async def work(studies, keeper, book):
        await studies.get(KEY)
        learn(studies, keeper, counted("before"))
        read, gate = book.study, asyncio.Event()

        async def slow(key):
            stored = await read(key)
            await gate.wait()
            return stored

        book.study = slow
        task = asyncio.ensure_future(studies.rebuild(KEY))
        await asyncio.sleep(1)
        learn(studies, keeper, counted("meanwhile"))
        gate.set()
        study = await task
        assert (study.rewards, study.choices) == (2, 2)
        assert len(study.policy.learnt) == 2

    with_studies(tmp_path, work)


def test_a_reward_that_was_changed_is_learnt_anew(tmp_path):
    """After a rebuild the policy knows the new reward alone."""

    async def work(studies, keeper, book):
        await studies.get(KEY)
        found = counted("a")
        learn(studies, keeper, found)
        found.terms["rated"] = 0.25
        keeper.note(found)
        study = await studies.rebuild(KEY)
        assert study.policy.learnt == [(0, 0.25, None)]

    with_studies(tmp_path, work)


def test_a_disk_that_fails_loses_nothing_that_is_in_memory(tmp_path):
    """While the database cannot be read or written, what was learnt stays as it is."""

    async def work(studies, keeper, book):
        await studies.get(KEY)
        learn(studies, keeper, counted("a"))
        good = book.write, book.study

        async def refuse(_):
            raise Refused("the disk is full")

        book.write = refuse
        assert (await studies.rebuild(KEY)).rewards == 1
        book.study = refuse
        assert (await studies.rebuild(KEY)).rewards == 1
        book.write, book.study = good
        assert (await studies.rebuild(KEY)).rewards == 1

    with_studies(tmp_path, work)


def test_who_has_learnt_from_other_types_of_task_learns_what_changed_there(tmp_path):
    """Answers to other types of task count by the request, and are taken back with what changes."""
    summary = StudyKey("m", "summary")

    async def work(studies, keeper, book):
        await studies.get(KEY)
        found = counted("a")
        learn(studies, keeper, found)
        await keeper.flush()

        async def mean():
            policy = (await studies.get(summary)).contextual
            return policy.borrowed, policy.posterior(0).mean

        count, high = await mean()
        assert (count, high > 0.6) == (1, True)
        found.terms["rated"] = 0.0
        keeper.note(found)
        await studies.rebuild(KEY)
        count, low = await mean()
        assert (count, low < 0.4) == (1, True)
        await book.forget("t", 1.0, {"task_type": "chat"})
        studies.drop(KEY)
        await studies.renew(KEY)
        assert await mean() == (0, 0.5)
        assert studies.loaded(KEY) is None

    settings = AnalyticsSettings(method="context")
    with_studies(tmp_path, work, settings=settings, policy=policy_makers(Random(1)))
