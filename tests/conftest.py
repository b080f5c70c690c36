"""Rules for every test: own home, nothing left behind, and no requirement missing unseen.

- ``@pytest.mark.requires("sandbox", "program:bwrap")``: what the machine must have, or the test is
  left out; with ``LABKIT_REQUIRE_ALL=1`` it fails instead.
- The fixture ``labkit_home`` is always there; ``shared_home`` keeps the home of the whole run.
- The fixtures ``snapshot`` (nothing was left: ``snapshot() == before``) and ``user`` (run a command
  as an ordinary user).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import capabilities
from tests.support.as_user import OrdinaryUser, ordinary_user
from tests.support.leaks import Place, Watch, close_session
from tests.support.session_ids import SessionIds
from tests.support.snapshot import Snapshot, take_snapshot

pytest_plugins = ["tests.browser.fixtures"]

_PLACE = pytest.StashKey[Place]()
_WHO_RUNS = "needs to be run as "


def pytest_configure(config: pytest.Config) -> None:
    """Nothing in a run works in the user's own folders, not even finding out what is here."""
    # On a busy machine an example may take as long as it likes: no test fails for want of time.
    settings.register_profile("labkit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("labkit")
    place = config.stash[_PLACE] = Place(Path(tempfile.mkdtemp(prefix="labkit-")))
    os.environ["LABKIT_HOME"] = str(place.home)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Takes the run's own folders away."""
    close_session()
    config.stash[_PLACE].remove()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leaves out, or fails, a test whose requirements this machine does not meet."""
    names = tuple(name for mark in item.iter_markers("requires") for name in mark.args)
    lacking = capabilities.missing(names)
    if who := capabilities.WHO.intersection(lacking):
        pytest.skip(_WHO_RUNS + ", ".join(who))
    if not lacking:
        return
    reason = "; ".join(map(capabilities.why_missing, lacking))
    if capabilities.is_mandatory(lacking):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is mandatory, a test that skips itself fails, too."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and capabilities.is_mandatory([]):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _WHO_RUNS not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was left out where nothing may be: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that leaves itself out."""
    report = yield
    if report.outcome == "skipped" and capabilities.is_mandatory([]):
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was left out where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def run_place(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The place of this run (of this worker, under xdist): whatever no single test owns."""
    tmp_path_factory.getbasetemp()  # where it always is, not in the folders of the first test
    place = pytestconfig.stash[_PLACE]
    place.enter()
    return place


@pytest.fixture(scope="session")
def _session_ids() -> Iterator[SessionIds]:
    ids = SessionIds()
    yield ids
    ids.close()


@pytest.fixture
def shared_home(run_place: Place) -> Path:
    """Asks for the home of the whole run, so that an image or a session serves several tests.

    A module with a sandbox that lives longer than one test asks for it in each of its tests.
    """
    return run_place.home


@pytest.fixture(autouse=True)
def labkit_home(
    request: pytest.FixtureRequest, run_place: Place, _session_ids: SessionIds
) -> Iterator[Path]:
    """This test's ``LABKIT_HOME``; fails the test when something is left at its end."""
    place = run_place
    is_shared = "shared_home" in request.fixturenames
    if not is_shared:
        close_session()
        _session_ids.forget()
        place = Place(Path(tempfile.mkdtemp(prefix="t", dir=run_place.folder)))
    watch = Watch(place, _session_ids)
    place.enter()
    yield place.home
    run_place.enter()
    if not is_shared:
        close_session()
    left = watch.leftovers()
    if left:
        watch.take_away()
    if not is_shared:
        place.remove()
    if left:
        text = "\n".join(f"  {line[:300]}" for line in left)
        pytest.fail(f"left behind:\n{text}", pytrace=False)


@pytest.fixture
def snapshot(labkit_home: Path, _session_ids: SessionIds) -> Callable[[], Snapshot]:
    """Takes a snapshot of everything that is this test's, to compare two of them."""
    return lambda: take_snapshot(labkit_home, _session_ids.seen())


@pytest.fixture
def user() -> Iterator[OrdinaryUser]:
    """An ordinary user to run commands as."""
    with ordinary_user() as somebody:
        yield somebody
