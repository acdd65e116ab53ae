"""The catalog that the golden logs were recorded with."""

from pathlib import Path

import pytest

from fractal_agent.catalog import Catalog, load_catalog

HERE = Path(__file__).parent


@pytest.fixture
def golden() -> Path:
    """The folder of the golden logs of format version 1."""
    return HERE / "v1"


@pytest.fixture
def catalog() -> Catalog:
    """Everything built in, and the troupe."""
    return load_catalog([str(HERE / "troupe.py")])
