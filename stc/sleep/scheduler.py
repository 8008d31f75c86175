"""The sleeper of one server process: looks every few seconds whether something is to be thought about, and does it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from stc.sleep import facts, passes, planning, run, shadowing
from stc.sleep.planning import Asleep
from stc.storage import conversations
from stc.storage import documents as document_rows
from stc.words import Person, SleepRun

if TYPE_CHECKING:
    from stc.services import Services

logger = logging.getLogger(__name__)

_STOP_WITHIN_S = 10.0


class Sleeper:
    """Prepares documents while nobody needs them. Any number of them, in any processes, share the work."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stop = threading.Event()
        self._scheduler: Any = None
        self._working = threading.Lock()

    def start(self) -> None:
        """Begin to look every ``tick_s`` seconds; a second call changes nothing."""
        if self._scheduler is not None:
            return
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.triggers.interval import IntervalTrigger

        # APScheduler tells of every job it runs; what a job does is in the database.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._stop.clear()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.tick,
            IntervalTrigger(seconds=max(0.1, self._services.settings.tick_s), timezone="UTC"),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """End: what is being done is given back within moments."""
        self._stop.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        if self._working.acquire(timeout=_STOP_WITHIN_S):
            self._working.release()

    def tick(self) -> list[SleepRun]:
        """Do what is wanted, one task after the other, until nothing is, a person waits, or it is stopped or paused.

        Returns what was done. Raises nothing: APScheduler would swallow it, so it is logged here.
        """
        done: list[SleepRun] = []
        with self._working:
            try:
                self._services.recover()
                while not self._stop.is_set():
                    turn = self._turn()
                    if turn is None:
                        break
                    done += turn
                    if any(run.status == "skipped" for run in turn):
                        break
            except Exception:
                # APScheduler would swallow it: a bug of one look must be told, and must not end the next.
                logger.exception("The background job failed; it looks again at its next tick")
        return done

    def _turn(self) -> list[SleepRun] | None:
        """Do one task for each owner of documents, so that nobody's many keep another one waiting; ``None``: nothing is left."""
        with self._services.database.read() as connection:
            owners = document_rows.owners(connection) or [self._services.owner]
        done: list[SleepRun] = []
        busy = False
        for owner in owners:
            services = self._services.of(Person(owner, "", admin=True))
            found = None if self._stop.is_set() else self._step(services)
            if found is not None:
                done.append(found)
        if not done:
            busy = any(
                not self._stop.is_set() and shadowing.step(self._services.of(Person(owner, "", admin=True)), self._stop)
                for owner in owners
            )
        return done if done or busy else None

    def _step(self, services: Services) -> SleepRun | None:
        with services.database.read() as connection:
            if conversations.somebody_waits(connection, services.now()):
                return None
        found = facts.gather(services)
        planned = planning.next_task(found.candidates, found.states, found.policy, found.spent, found.now)
        if isinstance(planned, Asleep):
            return None
        return passes.execute(services, planned, limit=found.limit, stop=self._stop)

    def status(self) -> run.Status:
        return run.status(self._services)
