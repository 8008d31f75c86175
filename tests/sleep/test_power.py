from __future__ import annotations

import ctypes
import sys

import pytest

from stc.sleep import power


def supply(folder, name: str, **files: str) -> None:
    (folder / name).mkdir()
    for file, text in files.items():
        (folder / name / file).write_text(text + "\n")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(power, "_known", None)


def test_a_laptop_on_its_battery_is_told_from_one_on_the_mains(tmp_path):
    supply(tmp_path, "BAT0", type="Battery", status="Discharging", scope="System")
    assert power.supplies_say_battery(tmp_path)
    supply(tmp_path, "AC", type="Mains", online="0")
    assert power.supplies_say_battery(tmp_path)
    (tmp_path / "AC" / "online").write_text("1\n")
    assert not power.supplies_say_battery(tmp_path)


def test_a_mouse_with_a_battery_is_no_laptop(tmp_path):
    supply(tmp_path, "hidpp_battery_0", type="Battery", status="Discharging", scope="Device")
    assert not power.supplies_say_battery(tmp_path)


def test_a_computer_without_any_is_never_on_its_battery(tmp_path):
    assert not power.supplies_say_battery(tmp_path / "missing")
    supply(tmp_path, "BAT0", type="Battery", status="Full")
    assert not power.supplies_say_battery(tmp_path)


@pytest.mark.parametrize(
    ("said", "on_battery"),
    [
        ("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t81%; discharging; 4:20 remaining", True),
        ("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining", False),
        ("Now drawing from 'AC Power'\n", False),
        ("", False),
    ],
)
def test_macos_says_it_in_its_first_line(monkeypatch, said, on_battery):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(power, "_pmset", lambda: said)
    assert power.on_battery() == on_battery


@pytest.mark.parametrize(("ac_line", "on_battery"), [(0, True), (1, False), (255, False)])
def test_windows_says_it_in_its_power_status(monkeypatch, ac_line, on_battery):
    class Kernel:
        @staticmethod
        def GetSystemPowerStatus(status):
            status._obj.ac_line = ac_line
            return 1

    class Windows:
        kernel32 = Kernel

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", Windows, raising=False)
    assert power.on_battery() == on_battery


def test_the_answer_is_kept_for_some_seconds(monkeypatch):
    answers = iter([True, False])
    monkeypatch.setattr(power, "_ask", lambda: next(answers))
    assert power.on_battery()
    assert power.on_battery()
    monkeypatch.setattr(power, "_ASK_AGAIN_S", 0.0)
    assert not power.on_battery()
