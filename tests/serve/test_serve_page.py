"""The page, as people use it: in a browser, with the keyboard alone, on a phone."""

import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.serve.servers import Served, served, stored

from foreword.serve.tenants.ledger import Limits

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("store"), admin=True) as running:
        running.service.library.refresh("")
        yield running


@pytest.fixture
def page(browser, server):
    opened = browser.new_page(viewport={"width": 1200, "height": 800})
    faults: list[str] = []
    asked: set[str] = set()
    refused = "the server responded with a status of 400"  # which the browser itself writes down
    opened.on(
        "console", lambda said: faults.append(said.text) if said.type == "error" and refused not in said.text else None
    )
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    opened.goto(server.url)
    opened.wait_for_selector("#prefixes label")
    yield opened
    opened.close()
    assert faults == []
    assert asked <= {urlsplit(server.url).netloc, ""}, "it asks nobody else"


def write(page: Page, text: str) -> dict[str, str]:
    """Type a text, write, and read what came: name of a prefix -> its answer."""
    page.fill("#text", text)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".card")
    page.wait_for_selector(".card.writing", state="detached")
    cards = page.query_selector_all(".card")
    return {str(card.query_selector("h2").inner_text()): card.query_selector("p").inner_text() for card in cards}  # type: ignore[union-attr]


def shown(text: str) -> str:
    """As a page shows it: without white space at its ends."""
    return text.strip()


def test_one_text_is_answered_behind_every_chosen_prefix_side_by_side(page, server: Served):
    answers = {name: shown(text) for name, text in write(page, "so it is").items()}
    assert answers == {name: shown(server.written(name, "so it is")) for name in "abc"}
    assert "6 tokens, the first after" in page.inner_text(".card small")
    assert page.inner_text("#written") == "3 of 3 answers written", "whoever cannot see them is told"
    page.wait_for_timeout(1500)  # the engine's state is read every second
    assert page.inner_text("#held").endswith("of 4")
    assert int(page.inner_text("#loads")) >= 3


def test_it_can_be_used_with_the_keyboard_alone(page, server: Served):
    for _ in range(2):  # past the search field, to the first box
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the base
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # not a
    assert page.inner_text("#chosen") == "3 chosen"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the last box: what comes next on the screen is next for the keyboard
    page.keyboard.press("Tab")
    assert page.query_selector("#text:focus") is not None
    page.keyboard.type("no")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".card.writing", state="detached")
    assert sorted(card.inner_text() for card in page.query_selector_all(".card h2")) == ["b", "c", "tiny (no prefix)"]


def test_the_list_is_searched_as_one_types(page):
    """By the server, which may hold thousands; what is chosen stays in sight."""

    def listed() -> list[str]:
        return [label.inner_text() for label in page.query_selector_all("#prefixes label")]

    for name in "ac":
        page.uncheck(f"#prefixes input[value='tiny:{name}']")
    page.fill("#find", "c")
    page.wait_for_selector("#prefixes label:nth-child(2):last-child")
    assert listed() == ["b", "c"]
    page.fill("#find", "zz")
    page.wait_for_selector("#more:not(:empty)")
    assert (page.inner_text("#more"), listed()) == ("None has this in its name.", ["b"])
    page.fill("#find", "")
    page.wait_for_selector("#prefixes label:nth-child(4):last-child")
    assert page.inner_text("#chosen") == "1 chosen"


def test_what_goes_wrong_is_told_on_the_page(page):
    page.fill("#most", "5000")
    page.fill("#text", "so")
    page.click("#write")
    page.wait_for_selector("#fault:not(:empty)")
    assert "a row has room for 100" in page.inner_text("#fault")
    assert page.is_enabled("#write")


@pytest.mark.parametrize("width", [360, 390, 768])
def test_nothing_runs_over_the_edge_of_a_small_screen(browser, server, width):
    page = browser.new_page(viewport={"width": width, "height": 740})
    page.goto(server.url)
    page.wait_for_selector("#prefixes label")
    write(page, "so it is")
    for summary in page.query_selector_all("summary"):
        summary.click()
    for element in page.query_selector_all("body *:visible"):
        box = element.bounding_box()
        assert box is None or box["x"] + box["width"] <= width + 0.5, element.inner_html()[:200]
    page.close()


def test_a_prefix_is_uploaded_and_called_by_an_alias(page, server: Served, tmp_path):
    stored(tmp_path, server.backbone, "new", 40)
    page.click("text=Upload a prefix")
    page.fill("#upload [name=name]", "fresh")
    page.set_input_files("#upload [name=manifest]", tmp_path / "new" / "1" / "manifest.json")
    page.set_input_files("#upload [name=tensors]", tmp_path / "new" / "1" / "prefix.safetensors")
    page.click("#upload button")
    page.wait_for_selector("#upload p:has-text('done: fresh@1')")
    page.click("text=Set an alias")
    page.fill("#alias [name=alias]", "prod")
    page.fill("#alias [name=prefix]", "fresh")
    page.click("#alias button")
    page.wait_for_selector("#prefixes label:has-text('prod')")
    assert server.service.library.find("", "prod").reference == "fresh@1"


def test_a_key_is_asked_for_where_there_are_tenants(browser, tmp_path):
    with served(tmp_path, tenants={"acme": Limits()}) as server:
        server.service.library.refresh("acme")
        page = browser.new_page()
        page.goto(server.url)
        page.wait_for_selector("#fault:has-text('this server wants a key')")
        page.click("summary:text-is('Key')")
        page.fill("#key", server.key)
        page.keyboard.press("Tab")
        page.wait_for_selector("#prefixes label:has-text('acme-own')")
        page.close()
