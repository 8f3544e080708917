"""Write docs/images: what a data scientist sees, photographed by headless Chromium while `mill up` runs.

`python scripts/pictures.py [NAME ...]`, after `mill run` and beside `mill up`; all pictures when none is named. Needs
`chromium` (or CHROMIUM=...) and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from modelmill.evaluate import page, reports
from modelmill.settings import Settings, load
from modelmill.store import candidates, database, releases
from modelmill.task import get_task
from modelmill.tracking import page as mlflow_page

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SECONDS = 60  # of the page's own clock: its requests are waited for, animations end
TASK = "semantic_search"


def pages(settings: Settings) -> dict[str, tuple[str, str]]:
    """By name the address, and the window's size in pixels."""
    db = database.engine(settings)
    task = get_task(TASK)
    released = releases.champion(db, TASK)
    if released is None:
        sys.exit("nothing is released: run `mill run` first")
    champion = candidates.get(settings, db, released.candidate_sha256)
    report = page.write(settings, db, task, reports.get(db, released.report_id))
    dagster = settings.address(settings.dagster_port)
    return {
        "asset-graph": (f"{dagster}/asset-groups", "2000,900"),
        "asset-report": (f"{dagster}/assets/{TASK}/report?view=overview", "1600,1600"),
        "asset-units": (f"{dagster}/assets/units?view=overview", "1600,2000"),
        "runs": (f"{dagster}/runs", "1600,900"),
        "schedules": (f"{dagster}/automation", "1600,900"),
        "mlflow-run": (mlflow_page(settings, champion.mlflow_run_id or ""), "1600,1200"),
        "candidate-report": (report.as_uri(), "1100,3600"),
        "endpoints": (f"{settings.address(settings.gateway_port)}/docs", "1400,1400"),
    }


def take(browser: str, address: str, size: str, file: Path) -> None:
    """One picture. Raises CalledProcessError or TimeoutExpired when the browser fails."""
    with tempfile.TemporaryDirectory(prefix="mill-browser-") as profile:
        argv = [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--force-color-profile=srgb", f"--user-data-dir={profile}", f"--window-size={size}",
            f"--virtual-time-budget={SECONDS * 1000}", f"--screenshot={file}", address,
        ]  # fmt: skip
        subprocess.run(argv, check=True, timeout=4 * SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Take them all, or those that are named."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("no chromium on the PATH; apt-get install chromium, or set CHROMIUM")
    known = pages(load())
    unknown = sorted(set(sys.argv[1:]) - set(known))
    if unknown:
        sys.exit(f"no picture is called {', '.join(unknown)}; there are {', '.join(known)}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or known:
        take(browser, *known[name], IMAGES / f"{name}.png")
        print(f"docs/images/{name}.png ({(IMAGES / f'{name}.png').stat().st_size // 1024} KiB)", flush=True)


if __name__ == "__main__":
    main()
