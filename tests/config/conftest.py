from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, open_folder


@pytest.fixture(scope="package")
def running() -> Iterator[Desk]:
    """One desk for the tests of this folder; none of them may depend on what another left."""
    with (
        open_folder() as folder,
        Desk(folder / "data", DESKBELL_STALLED_AFTER="5", DESKBELL_BACKUP_DIR=str(folder / "nights")) as desk,
    ):
        yield desk
