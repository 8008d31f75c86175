from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("page", ["chat", "documents", "notes", "sleep", "savings", "settings"])
def test_a_page_is_drawn_without_the_heavy_libraries(tmp_path, page):
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
if {page!r} != "chat":
    app.switch_page("pages/{page}.py").run()
assert not app.exception, app.exception
heavy = {{"torch", "sentence_transformers", "transformers", "chromadb", "litellm", "openai", "pypdf", "apscheduler"}}
print(sorted(heavy & sys.modules.keys()))
"""
    storage = {"STC_STORAGE": str(tmp_path / "storage"), "STC_LOCAL_SERVERS": ""}
    run_python("from stc.services import open_services; open_services()", **storage)  # migrations need Alembic, once
    done = run_python(code, **storage)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr


def test_the_chat_page_is_drawn_without_numpy_and_pandas(tmp_path):
    code = """
import sys
from streamlit.testing.v1 import AppTest
AppTest.from_file("app.py", default_timeout=60).run()
print(sorted({"numpy", "pandas", "pyarrow", "alembic"} & sys.modules.keys()))
"""
    storage = {"STC_STORAGE": str(tmp_path / "storage"), "STC_LOCAL_SERVERS": ""}
    run_python("from stc.services import open_services; open_services()", **storage)
    done = run_python(code, **storage)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr


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
