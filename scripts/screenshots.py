"""Takes the README's pictures from a demo of its own: `make screenshots` writes docs/images/*.png."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = os.environ.get("E2E_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZE = ViewportSize(width=1440, height=940)


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A running demo: its address and the password of the user demo."""
    with tempfile.TemporaryDirectory(prefix="billpost-") as folder:
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--folder", folder, "--port", "18800", "--emulator-port", "19800"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield _address(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _address(process: subprocess.Popen[str]) -> tuple[str, str]:
    printed = ""
    for line in process.stdout or ():
        printed += line
        if "Ctrl-C" in line:
            address, password = re.search(r"Open\s+(\S+)/admin/", printed), re.search(r"demo / (\S+)", printed)
            if address and password:
                return address[1], password[1]
    raise SystemExit(f"The demo did not start:\n{printed}")


def log_in(browser: Browser, address: str, password: str) -> Page:
    page = browser.new_page(base_url=address, viewport=SIZE, color_scheme="light")
    page.goto("/admin/login/?next=/admin/")
    page.locator("[name=username]").fill("demo")
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/admin/")
    return page


def take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as (address, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"])
        page = log_in(browser, address, password)
        page.goto("/admin/runs/integrationrun/?status=COMPLETE")
        page.wait_for_function("document.querySelectorAll('#result_list tbody tr').length >= 8 || !location.reload()", polling=1500)
        page.locator("#result_list tbody tr a").first.click()
        page.wait_for_load_state()
        take(page, "run")
        page.goto("/admin/")
        take(page, "overview")
        browser.close()


if __name__ == "__main__":
    main()
