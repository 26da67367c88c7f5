"""Requests that are repeated at their own pace, without IO: which are due now, within what a venue bears.

One of each is under way at most, and few altogether, so that a venue that answers slowly is asked slowly. After two
failures in a row nothing is asked for a while, or until another answer comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace

from feeds.model.protocol import Fetch

_SECOND = 1_000_000_000
_PATIENCE_NS = 60 * _SECOND
_RETRY_NS = 5 * _SECOND
_LONGEST_PAUSE_S = 64
_TRIES = 3


@dataclass(slots=True)
class Job:
    """One request and its pace in ns; 0 asks until it is answered once. `after_ns` is its place after the beginning."""

    fetch: Fetch
    every_ns: int
    after_ns: int = 0
    due_ns: int = 0
    tries: int = 0


def every(seconds: float, fetch: Fetch, after_s: float = 0.0) -> Job:
    """A request that is repeated."""
    return Job(fetch, round(seconds * _SECOND), round(after_s * _SECOND))


def once(fetch: Fetch, after_s: float = 0.0) -> Job:
    """A request that is not."""
    return Job(fetch, 0, round(after_s * _SECOND))


class Polls:
    """The requests of one connection, by their tags. `at_once` of them may be under way."""

    def __init__(self, jobs: Iterable[Job], at_once: int = 8) -> None:
        self._jobs = {job.fetch.tag: replace(job) for job in jobs}
        self._at_once = at_once
        self._queue: list[tuple[int, str]] = []
        self._asked: dict[str, int] = {}
        self._failures = 0
        self._paused_until_ns = 0

    def __deepcopy__(self, memo: object) -> Polls:
        return self  # what is copied is a replay's state, and a replay asks for nothing

    def begin(self, now_ns: int) -> None:
        """The connection is open: every job takes its place."""
        for job in self._jobs.values():
            self._put(job, now_ns + job.after_ns)

    def due(self, now_ns: int) -> list[Fetch]:
        self._forget(now_ns)
        found: list[Fetch] = []
        while self._queue and self._queue[0][0] <= now_ns and len(self._asked) < self._at_once:
            if now_ns < self._paused_until_ns:
                break
            due_ns, tag = heapq.heappop(self._queue)
            job = self._jobs.get(tag)
            if job is not None and job.due_ns == due_ns and tag not in self._asked:
                self._asked[tag] = now_ns
                found.append(job.fetch)
        return found

    def answered(self, tag: str, now_ns: int) -> None:
        """The answer came, readable or not."""
        self._failures = self._paused_until_ns = 0
        job = self._jobs.get(tag)
        if self._asked.pop(tag, None) is None or job is None:
            return
        if job.every_ns:
            job.tries = 0
            self._put(job, max(job.due_ns + job.every_ns, now_ns))
        else:
            del self._jobs[tag]

    def failed(self, tag: str, now_ns: int) -> None:
        """There will be no answer. What is asked once is tried three times."""
        job = self._jobs.get(tag)
        if self._asked.pop(tag, None) is None or job is None:
            return
        self._failures += 1
        if self._failures > 1:
            self._paused_until_ns = now_ns + min(1 << (self._failures - 2), _LONGEST_PAUSE_S) * _SECOND
        job.tries += 1
        if job.every_ns or job.tries < _TRIES:
            self._put(job, now_ns + max(job.every_ns, _RETRY_NS))
        else:
            del self._jobs[tag]

    def pace(self, tag: str, every_ns: int) -> None:
        """Repeat a job at another pace from its next time on, which a quicker pace brings nearer."""
        job = self._jobs.get(tag)
        if job is None or job.every_ns == every_ns:
            return
        sooner_ns = job.due_ns - job.every_ns + every_ns
        job.every_ns = every_ns
        if sooner_ns < job.due_ns and tag not in self._asked:
            self._put(job, sooner_ns)

    def hurry(self, now_ns: int, at_least_ns: int) -> None:
        """Ask again soon for everything that is asked for as seldom as this, in the order and spacing of the start."""
        for tag, job in self._jobs.items():
            if job.every_ns >= at_least_ns and tag not in self._asked:
                self._put(job, min(job.due_ns, now_ns + job.after_ns))

    def _put(self, job: Job, due_ns: int) -> None:
        job.due_ns = due_ns
        heapq.heappush(self._queue, (due_ns, job.fetch.tag))

    def _forget(self, now_ns: int) -> None:
        """A request whose answer is overdue will have none: the connection that asked may have been another."""
        while self._asked:
            tag, asked_ns = next(iter(self._asked.items()))
            if now_ns - asked_ns < _PATIENCE_NS:
                return
            self.failed(tag, now_ns)
