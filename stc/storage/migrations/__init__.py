"""Bring an older database to the schema of this program. Imports Alembic: import it only when that is needed."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, inspect

from stc.errors import UserError
from stc.storage.schema import HEAD, metadata

_PATIENCE_S = 60.0


def upgrade(engine: Engine, path: Path, *, found: str) -> None:
    """Run the missing scripts in one transaction, one process at a time.

    Raises ``UserError`` when ``found`` is a version that this program does not know, and when another process takes long.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    if found not in known:
        raise UserError(
            f"{path} was written by a newer version of Sleep-Time Chat (schema {found}; this one knows {HEAD}). "
            "Update the program, or choose another storage folder."
        )

    def run(revision, context):
        return scripts._upgrade_revs(HEAD, revision)  # the documented way to drive EnvironmentContext by hand

    try:
        held = FileLock(f"{path}.migrate.lock").acquire(timeout=_PATIENCE_S)
    except Timeout:
        raise UserError(
            f"Another process is bringing {path} to the schema of this program. Try again when it is done."
        ) from None
    with held, engine.connect() as plain:
        connection = plain.execution_options(stc_write=True)
        # The transaction is ours, explicit and immediate: pysqlite would commit each DDL statement by itself.
        with connection.begin(), EnvironmentContext(config, scripts, fn=run) as environment:
            environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
            environment.run_migrations()


def add_missing(bind: Connection, table: str, *columns: str) -> None:
    """Give a table the columns that it lacks, as the schema has them.

    A table that an earlier script of the same upgrade made is as it is now, and lacks none.
    """
    there = {column["name"] for column in inspect(bind).get_columns(table)}
    for name in columns:
        if name not in there:
            op.add_column(table, metadata.tables[table].c[name]._copy())
