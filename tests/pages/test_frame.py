from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from streamlit.testing.v1 import AppTest

from stc import logs

ROOT = Path(__file__).resolve().parents[2]


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_no_page_draws_with_the_heavy_libraries_and_the_first_one_without_numpy_and_pandas(new_storage):
    code = """
import sys
from streamlit.testing.v1 import AppTest

def loaded(*names):
    return sorted(set(names) & sys.modules.keys())

app = AppTest.from_file("app.py", default_timeout=60).run()
print("chat", loaded("numpy", "pandas", "pyarrow", "alembic"))
for page in ("chat", "documents", "notes", "sleep", "savings", "settings"):
    if page != "chat":
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, app.exception
    heavy = ("torch", "sentence_transformers", "transformers", "chromadb", "litellm", "openai", "pypdf", "apscheduler")
    print(page, loaded(*heavy))
"""
    done = run_python(code, STC_STORAGE=str(new_storage), STC_LOCAL_SERVERS="")
    said = [line.rpartition(" ")[2] for line in done.stdout.strip().splitlines()]
    assert said == ["[]"] * 7, done.stdout + done.stderr


def test_a_storage_that_can_not_be_used_ends_the_start_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run_python("import app", STC_STORAGE=str(tmp_path / "file" / "storage"))
    assert done.returncode == 1
    assert "can't be made" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_database_ends_the_start_with_a_sentence(tmp_path):
    (tmp_path / "stc.db").write_bytes(b"this is no database" * 1000)
    done = run_python("import app", STC_STORAGE=str(tmp_path))
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_page_names_the_line_of_the_log_and_not_what_the_error_says(tmp_path):
    def script():
        from stc.ui import frame

        try:
            int("Agnes Tull")
        except ValueError as error:
            frame.show_error(error)

    logs.start(tmp_path, "app", max_bytes=10_000, files=2)
    try:
        shown = AppTest.from_function(script).run().error[0].value
    finally:
        logs.stop()
    error_id = re.search(r"error ([0-9a-f]{4}-[0-9a-f]{4})", shown)[1]
    (line,) = [json.loads(line) for line in (tmp_path / "logs" / "stc.jsonl").read_text().splitlines()]
    assert line["error"] == error_id
    assert line["raised"][0]["type"] == "ValueError"
    assert "Agnes" not in shown + json.dumps(line)
