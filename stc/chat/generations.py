"""Answers in the making: each in a thread of its own, so that a page that is closed or refreshed loses nothing."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from stc.access import people, rights
from stc.chat.scope import check_question, resolve
from stc.errors import StcError, UserError
from stc.services import Services
from stc.storage import conversations
from stc.storage.database import new_id
from stc.words import Answer, Origin

logger = logging.getLogger(__name__)
_MOST_AT_ONCE = 8
_MOST_WAITING = 200
_LOOK_EVERY_S = 1.0
"""How soon an answer ends whose person was disabled meanwhile."""
_TITLE_CHARACTERS = 60
_TRY_TO_SAVE_S, _SAVE_AGAIN_S = 600.0, 2.0


@dataclass(slots=True)
class _Generation:
    answer_id: str
    stop: threading.Event
    text: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """The text so far; ``done`` says that the answer's row in the database is whole.

    ``ahead``: while it waits for its turn, how many of those before it have to end first.
    """

    text: str
    done: bool
    ahead: int = 0


_running: dict[str, _Generation] = {}
"""In the order of asking: the first of them are answered, the others wait for their turn."""
_lock = threading.Lock()
_turns = threading.Condition(_lock)
"""Notified when one is done or is to stop."""


def start(
    services: Services,
    question: str,
    *,
    conversation_id: str,
    document_ids: Sequence[str] | None = None,
    pages: str = "",
    effort: str | None = None,
    origin: Origin = "typed",
    clicked: str = "",
    route: str = "auto",
) -> str:
    """Begin to answer, or to wait for the turn, and return the answer's id at once. The conversation must exist.

    Raises ``UserError`` for what can be told before: an empty question, a document that is gone, too many at once.
    """
    question = check_question(question)
    scope = resolve(services, document_ids, pages)
    with services.database.read() as connection:
        rights.require(services, connection, "change", "conversation", conversation_id)
    generation = _Generation(new_id(), threading.Event())
    with _lock:
        if len(_running) >= _MOST_AT_ONCE + _MOST_WAITING:
            raise UserError("Many questions are being answered right now. Try again in a moment.")
        _running[generation.answer_id] = generation
    pending = Answer(
        id=generation.answer_id,
        owner=services.owner,
        conversation_id=conversation_id,
        question=question,
        scope=tuple(document_ids or ()),
        pages=str(scope.pages or ""),
        origin=origin,
        effort="medium",
        asked_at=services.now(),
    )
    try:
        with services.database.write() as connection:
            conversations.save_answer(connection, pending)
    except BaseException:  # Ctrl+C too: nothing is running that was never stored
        _end(generation.answer_id)
        raise

    looked_at = time.monotonic()

    def more(text: str) -> None:
        nonlocal looked_at
        generation.text = text
        if time.monotonic() - looked_at >= _LOOK_EVERY_S:
            looked_at = time.monotonic()
            if people.is_disabled(services):
                generation.stop.set()

    def work() -> None:
        from stc.chat import answering  # with NumPy behind it: a page that only shows answers does without

        with _turns:
            _turns.wait_for(lambda: generation.stop.is_set() or not _ahead(generation.answer_id))
        try:
            answering.ask(
                services,
                question,
                document_ids=document_ids,
                pages=pages,
                route=route,
                effort=effort,
                conversation_id=conversation_id,
                origin=origin,
                clicked=clicked,
                on_text=more,
                stop=generation.stop,
                answer_id=generation.answer_id,
            )
        except StcError as error:
            _save_failure(services, pending, str(error))
        except Exception:
            # A bug: its traceback belongs in the log, and the person must not wait for ever.
            logger.exception("The answer %s failed", generation.answer_id)
            _save_failure(
                services, pending, f"Something went wrong in the program. The log names it {generation.answer_id}."
            )
        finally:
            _end(generation.answer_id)

    threading.Thread(target=work, name=f"answer-{generation.answer_id}", daemon=True).start()
    return generation.answer_id


def _save_failure(services: Services, pending: Answer, error: str) -> None:
    """Store why there is no answer, unless there is one. What can't be stored now (the disk is full, say) is tried again:
    until it is, the page goes on waiting."""
    end = time.monotonic() + _TRY_TO_SAVE_S
    while True:
        try:
            with services.database.write() as connection:
                known = conversations.get_answer(connection, pending.owner, pending.id) or pending
                if known.state in ("running", "failed"):  # as which it may stand with less of a reason
                    conversations.save_answer(connection, dataclasses.replace(known, state="failed", error=error))
            return
        except UserError:
            if time.monotonic() > end:
                logger.exception("That the answer %s failed could not be stored", pending.id)
                return
        time.sleep(_SAVE_AGAIN_S)


def partial(answer_id: str) -> Partial:
    """Return the text so far of an answer; one that is not running in this process is done."""
    with _lock:
        generation = _running.get(answer_id)
        return Partial("", True) if generation is None else Partial(generation.text, False, _ahead(answer_id))


def count() -> int:
    """Return how many answers are being made in this process, those that wait for their turn included."""
    return len(_running)


def _ahead(answer_id: str) -> int:
    """Return how many have to end before this one begins. The lock is held."""
    return max(0, list(_running).index(answer_id) - _MOST_AT_ONCE + 1) if answer_id in _running else 0


def _end(answer_id: str) -> None:
    with _turns:
        _running.pop(answer_id, None)
        _turns.notify_all()


def stop(answer_id: str) -> None:
    """Ask an answer to stop; what is there stays. One that is done already is left alone."""
    generation = _running.get(answer_id)
    if generation is not None:
        generation.stop.set()
        with _turns:
            _turns.notify_all()


def new_conversation(services: Services, question: str, document_ids: Sequence[str] | None, pages: str = "") -> str:
    """Start a conversation named after its first question and return its id."""
    title = " ".join(question.split())
    if len(title) > _TITLE_CHARACTERS:
        title = title[: _TITLE_CHARACTERS - 1].rstrip() + "…"
    conversation_id = new_id()
    with services.database.write() as connection:
        conversations.start(
            connection,
            conversation_id,
            services.owner,
            title or "New chat",
            list(document_ids or ()),
            services.now(),
            pages,
        )
    return conversation_id


def end_orphans(services: Services) -> None:
    """Mark answers as stopped whose process is gone: called at the start, when nothing of this storage runs here yet."""
    with services.database.write() as connection:
        conversations.end_orphans(
            connection, services.now(), "The program was stopped before this answer was finished. Ask again."
        )
