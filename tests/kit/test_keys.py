"""Keys are made once, whoever asks first."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

from deskbell.kit.keys import key


def test_threads_that_make_a_key_at_the_same_moment_agree_on_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DESKBELL_DATA_DIR", str(tmp_path))
    for variable in ("DESKBELL_REFERENCE_KEY", "DESKBELL_REFERENCE_KEY_FILE"):
        monkeypatch.delenv(variable, raising=False)
    for _turn in range(20):
        shutil.rmtree(tmp_path / "keys", ignore_errors=True)
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(key, ["reference"] * 8))) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["reference"]
