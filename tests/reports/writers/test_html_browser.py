"""The page in a real browser: headless Chromium, driven as a person would, by pointer, by keyboard and by eye."""

from __future__ import annotations

import json
import re
import shutil
import time

import pytest

from reports.writers.html.page import write_html
from tests.reports.report_fixture import HOSTILE, figures, report, results

pytest.importorskip("selenium", reason="the browser tests need selenium")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not CHROMIUM or not DRIVER, reason="needs Debian's chromium and chromium-driver on the path"
)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
ROWS = "return [...document.querySelectorAll('#b1-table tbody tr')].map(r => r.cells[arguments[0]].textContent)"
CONTRAST = """
const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
const brush = canvas.getContext('2d', {willReadFrequently: true});
function layers(element) { // the backgrounds behind it, the farthest first
  const found = [];
  for (let e = element; e; e = e.parentElement) found.unshift(getComputedStyle(e).backgroundColor);
  return found;
}
function flat(colours) {
  brush.fillStyle = '#fff'; brush.fillRect(0, 0, 1, 1);
  for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
  return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
const light = (rgb) => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
const out = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || element.closest('[hidden],script,template,.vh,.skip') || !element.getClientRects().length) continue;
  const behind = layers(element);
  const [a, b] = [light(flat(behind)), light(flat([...behind, getComputedStyle(element).color]))].sort((x, y) => y - x);
  out.push([(a + 0.05) / (b + 0.05), element.tagName, element.className, element.textContent.slice(0, 40)]);
}
out.sort((x, y) => x[0] - y[0]);
return [out.length, out[0]];
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = results(tmp_path_factory.mktemp("results"))
    return write_html(report(root), tmp_path_factory.mktemp("out"), figures()).as_uri()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    return write_html(report(folder, 1, 450), folder, {}).as_uri()


@pytest.fixture
def page(browser, address):
    look(browser, 1400, "light")
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(address)
    return browser


def look(browser, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme_of = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_of)


def one(browser, css: str):
    return browser.find_element(By.CSS_SELECTOR, css)


def figure(text: str) -> float:
    return float(re.match(r"[+−]?[\d.,]+", text)[0].replace("−", "-").replace(",", ""))


def test_no_error_and_no_request(page):
    page.execute_script("scrollTo(0, document.body.scrollHeight)")
    assert page.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in sent if event["method"] == "Network.requestWillBeSent"]
    assert any(url.startswith("file:") for url in asked)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.execute_script("return [...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0


def test_the_policy_stops_what_would_reach_out(page):
    made = "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
    page.execute_script(made)
    time.sleep(0.2)
    assert any("Content Security Policy" in entry["message"] for entry in page.get_log("browser"))
    text = page.execute_async_script("const d = arguments[0]; fetch('http://127.0.0.1:9/').then(d, e => d('' + e))")
    assert "TypeError" in text


def test_hostile_words_are_text_and_ran_nothing(page):
    assert page.execute_script("return window.hacked") is None
    names = page.execute_script(ROWS, 0)
    assert any(
        name.startswith("<script>window.hacked=1</script>\"'&</script><img src=x onerror=alert(1)>") for name in names
    )
    assert "\\u202egnp.exe\\u200b" in names[7]
    choice = Select(one(page, "#b1-main select[data-column='0']"))
    choice.select_by_index(len(choice.options) - 1)
    assert len(page.execute_script(ROWS, 0)) == 1
    assert HOSTILE[:8] == "<script>" and page.execute_script("return document.scripts.length") == 1


def test_every_column_sorts_both_ways(page):
    keys = """return [...document.querySelectorAll('#b1-table tbody tr')].map(r => r.cells[arguments[0]])
      .map(c => c.dataset.v === undefined ? c.textContent : c.dataset.v === '' ? '–' : Number(c.dataset.v))"""
    told = 0
    seen = "[...document.querySelectorAll('#b1-table thead th')].map(h => h.offsetWidth && h.querySelector('button'))"
    for place, button in enumerate(page.execute_script(f"return {seen}")):
        if not button:
            continue
        orders = []
        for way in ("ascending", "descending"):
            button.click()
            head = button.find_element(By.XPATH, "..")
            assert head.get_attribute("aria-sort") == way
            assert len(page.find_elements(By.CSS_SELECTOR, "#b1-table th:not([aria-sort=none])[aria-sort]")) == 1
            found = page.execute_script(keys, place)
            known = [key for key in found if key != "–"]
            assert found == known + ["–"] * (len(found) - len(known))  # what is missing stays last
            orders.append(list(dict.fromkeys(known)))
        assert orders[1] == orders[0][::-1]
        if isinstance(orders[0][0], int | float):
            assert orders[0] == sorted(orders[0])
        told += len(orders[0]) > 1
    assert told >= 9


def test_sorting_by_keyboard_and_seeing_where_one_is(page):
    button = one(page, "#b1-table thead th:nth-child(4) button")
    page.execute_script("arguments[0].focus()", button)
    ActionChains(page).send_keys(Keys.TAB).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    ring = page.execute_script(
        "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
    )
    assert ring == ["solid", "2px"]
    ActionChains(page).send_keys(Keys.ENTER).perform()
    means = [figure(cell) for cell in page.execute_script(ROWS, 3)]
    assert means == sorted(means) and means[0] != means[-1]
    ActionChains(page).send_keys(Keys.SPACE).perform()
    assert [figure(cell) for cell in page.execute_script(ROWS, 3)] == means[::-1]


def test_filters_hide_rows_and_announce_the_count(page):
    count = one(page, "#b1-main output")
    assert count.get_attribute("aria-live") == "polite" and count.text == "8 of 8 rows"
    field = one(page, "#b1-main input[type=search]")
    field.send_keys("RDDM")
    assert count.text == "4 of 8 rows" and page.execute_script(ROWS, 0) == ["rddm"] * 4
    Select(one(page, "#b1-main select[data-column='2']")).select_by_visible_text("5")
    assert count.text == "2 of 8 rows"
    field.send_keys(" nothing")
    assert count.text == "0 of 8 rows" and page.execute_script(ROWS, 0) == []
    field.clear()
    field.send_keys("x", Keys.BACKSPACE)
    Select(one(page, "#b1-main select[data-column='2']")).select_by_index(0)
    assert count.text == "8 of 8 rows"


def test_one_metric_at_a_time_or_the_means_of_all(page):
    def seen() -> list[str]:
        heads = "[...document.querySelectorAll('#b1-table thead th')].filter(h => h.offsetWidth)"
        return page.execute_script(f"return {heads}.map(h => h.innerText.trim())")

    first = seen()
    assert "psnr (dB) ↑" in first and not any("ssim" in head for head in first) and "verdict" in first
    view = Select(one(page, "#b1-main select[data-view]"))
    view.select_by_visible_text("mae")
    assert "mae (8-bit levels) ↓" in seen() and "psnr (dB) ↑" not in seen()
    view.select_by_visible_text("all, means only")
    assert [head for head in seen() if "↑" in head or "↓" in head] == [
        "psnr (dB) ↑", "ssim ↑", "mae (8-bit levels) ↓", "kid ↓"
    ]  # fmt: skip
    assert "verdict" not in " ".join(seen())


def test_many_rows_are_paged_and_all_of_them_sorted(page, large):
    page.get(large)
    assert len(page.execute_script(ROWS, 0)) == 200
    turn = {way: one(page, f"#b1-main [data-turn='{way}']") for way in ("-1", "1")}
    assert not turn["-1"].is_enabled()
    turn["1"].click(), turn["1"].click()
    assert len(page.execute_script(ROWS, 0)) == 50 and not turn["1"].is_enabled()
    assert one(page, "#b1-main .where").text == "rows 401 to 450"
    steps = one(page, "#b1-table thead th:nth-child(3) button")
    steps.click(), steps.click()
    assert page.execute_script(ROWS, 2)[:2] == ["449", "448"]
    visible = (
        "return [...document.querySelectorAll('#b1-table tbody tr:first-child td')].filter(c => c.offsetWidth).length"
    )
    heads = "return [...document.querySelectorAll('#b1-table thead th')].filter(c => c.offsetWidth).length"
    assert page.execute_script(visible) == page.execute_script(heads) - 1  # waiting rows hide what their headings hide
    one(page, "#b1-main input[type=search]").send_keys("rgm 447")
    assert one(page, "#b1-main output").text == "1 of 450 rows"
    assert not turn["1"].is_displayed()


def test_the_slider_moves_by_keyboard_and_by_pointer(page):
    box = one(page, ".slider")
    page.execute_script("arguments[0].scrollIntoView()", box)
    clip = "return getComputedStyle(document.querySelector('.stage .over')).clipPath"
    knob, stage = box.find_element(By.CSS_SELECTOR, "input"), box.find_element(By.CSS_SELECTOR, ".stage")
    before = page.execute_script(clip)
    knob.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    moved = page.execute_script(clip)
    assert moved != before and knob.get_attribute("value") == "52"
    assert knob.get_attribute("aria-valuetext").startswith("52 % degraded, the rest rddm")
    knob.send_keys(Keys.HOME)
    assert knob.get_attribute("value") == "0"
    width = stage.size["width"]
    to = int(0.25 * width - width / 2)
    ActionChains(page).move_to_element(stage).click_and_hold().move_by_offset(to, 0).release().perform()
    assert abs(int(knob.get_attribute("value")) - 25) <= 1


def test_the_slider_shows_what_is_chosen(page):
    images = "return [...document.querySelectorAll('.stage img')].map(i => i.alt)"
    Select(one(page, "[data-role=right]")).select_by_visible_text("clean")
    Select(one(page, "[data-role=left]")).select_by_visible_text("identity")
    Select(one(page, "[data-role=picture]")).select_by_index(1)
    under, over = page.execute_script(images)
    row = one(page, "#b1-grid tbody tr:nth-child(2) th .name").text
    assert under == f"{row}, clean" and over.startswith(f"{row}, identity, psnr ")
    assert under in one(page, ".slider output").text
    same = "return document.querySelectorAll('.stage img')[0].src === document.querySelector(arguments[0]).src"
    assert page.execute_script(same, "#b1-grid tbody tr:nth-child(2) td:last-child img")


def test_residual_maps_can_be_put_away(page):
    one(page, ".toggle input").send_keys(Keys.SPACE)
    assert not one(page, "img.residual").is_displayed()
    one(page, ".toggle input").send_keys(Keys.SPACE)
    assert one(page, "img.residual").is_displayed()


@pytest.mark.parametrize(("clipboard", "row", "words"), [("the browser's", 4, "rddm 0 5"), ("none", 5, "rddm 1 5")])
def test_the_command_of_a_row_is_copied(page, clipboard, row, words):
    if clipboard == "none":
        page.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    button = one(page, f"#b1-table tbody tr:nth-child({row}) .copy")
    assert button.get_attribute("aria-label") == f"Copy the command of {words}"
    button.click()
    for _ in range(40):
        if button.text == "Copied":
            break
        time.sleep(0.05)
    assert button.text == "Copied"
    assert page.execute_script("return document.body.lastElementChild.textContent").startswith(
        "Copied: Copy the command"
    )
    field = one(page, "#b1-main input[type=search]")
    field.send_keys(Keys.CONTROL, "v")
    eta, steps = words.split()[1:]
    wanted = f"python run.py method=rddm sampler.eta={eta}.0 sampler.steps={steps} task=lowlight seed=0"
    assert field.get_attribute("value") == wanted


@pytest.mark.parametrize("width", [320, 360, 400, 768, 1400])
def test_the_page_never_scrolls_sideways(page, width):
    look(page, width, "light")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    wide = "const b = document.querySelector('#b1-main .scroll'); return b.scrollWidth > b.clientWidth"
    assert page.execute_script(wide)


def test_a_print_has_no_controls_and_fits_the_paper(page):
    look(page, 1032, "light")  # A4 landscape without its margins, in CSS pixels
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 1032
        assert not one(page, "nav").is_displayed() and not one(page, ".controls").is_displayed()
        assert one(page, "#b1-table").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("width", [375, 1400])
def test_contrast_in_both_schemes(page, width):
    colours = {}
    for scheme in ("light", "dark"):
        look(page, width, scheme)
        page.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        count, worst = page.execute_script(CONTRAST)
        assert count > 200
        assert worst[0] >= 4.5, worst
        colours[scheme] = page.execute_script(
            "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        )
    assert colours["light"] != colours["dark"]


def test_the_first_tab_offers_to_skip_the_contents(page):
    ActionChains(page).send_keys(Keys.TAB).perform()
    link = page.switch_to.active_element
    assert link.text == "Skip to the report" and link.size["width"] > 50
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert page.execute_script("return location.hash") == "#main"


def test_everything_that_acts_has_a_name(page):
    unnamed = """return [...document.querySelectorAll('button, select, input, a, [role=region]')]
      .filter(e => !(e.textContent.trim() && e.tagName !== 'SELECT') && !e.labels?.length && !e.ariaLabel
        && !e.getAttribute('aria-labelledby')).map(e => e.outerHTML.slice(0, 80))"""
    assert page.execute_script(unnamed) == []
    assert page.execute_script("return [...document.images].filter(i => !i.alt).length") == 0
    for landmark in ("header", "nav[aria-label]", "main", "footer"):
        assert len(page.find_elements(By.CSS_SELECTOR, f"body > {landmark}, .columns > {landmark}")) == 1


def test_without_scripts_everything_is_still_there(page, address):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.get(address)
        rows = page.find_elements(By.CSS_SELECTOR, "#b1-table tbody tr")
        heads = page.find_elements(By.CSS_SELECTOR, "#b1-table thead th")
        assert len(rows) == 8 and all(head.is_displayed() for head in heads)
        assert not one(page, ".controls").is_displayed() and not one(page, ".slider").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
