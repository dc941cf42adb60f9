#!/usr/bin/python3
"""The console in a real browser on the real service: what an operator does there, by mouse and by
keyboard, in both languages and themes, on wide and narrow screens, and what axe-core finds.

Usage: console_test.py INVENTORY_SERVICE INVENTORY_BENCH FOLDER [unittest's arguments]

FOLDER gets axe-core from npm. With CONSOLE_SCREENSHOTS=FOLDER in the environment each page that is
looked at is drawn there.
"""
import http.client
import itertools
import json
import os
import pathlib
import sys
import tempfile
import unittest

from selenium.webdriver.common.keys import Keys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'e2e'))
from access_test import make_pair  # noqa: E402
from browser import NARROW, WIDE, Browser  # noqa: E402
from http_test import free_port  # noqa: E402
from npm import install  # noqa: E402
from service import ServiceTest  # noqa: E402

PAGES = ['overview', 'stock', 'book/42', 'order/75001', 'order', 'book/999']
LOOKS = [('en', 'light'), ('zh', 'dark')]
VIEWER, OPERATOR = 'screen-5f0c8c1d8a3e4b6f', 'anna-a1d4e8f20b6c4d7e'
REASON = 'Delivery note 4711, checked by two'


def fetch_axe(folder):
    """The source of axe-core, in the version that the lock file names."""
    install(HERE, folder)
    return pathlib.Path(folder, 'node_modules/axe-core/axe.min.js').read_text()


class ConsoleTest(ServiceTest):
    """One service and one browser for all: each test begins with a page of its own."""

    axe_folder = ''

    @classmethod
    def setUpClass(cls):
        profile = tempfile.TemporaryDirectory(prefix='inventory-console-')
        cls.addClassCleanup(profile.cleanup)
        cls.browser = Browser(profile.name)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.start()
        self.fill()

    def start(self, **environment):
        self.port = free_port()
        self.service = self.serve('embedded', INVENTORY_HTTP_PORT=str(self.port), **environment)
        self.base = f'http://127.0.0.1:{self.port}'
        self.addCleanup(self.browser.driver.get, 'about:blank')  # before the service ends
        self.browser.errors()
        self.browser.requested()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {'Content-Type': 'application/json'})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def post(self, path, body):
        answer = self.ask('POST', path, body)
        self.assertEqual(answer['code'], 0, answer)

    def get(self, path):
        return self.ask('GET', path)

    def fill(self):
        """Some stock, and an order with a history."""
        for book, units in ((7, 3), (42, 500), (43, 80), (1234567890123456789, 60)):
            self.post('/restock', {'book_id': book, 'quantity': units, 'remark': 'opening stock'})
        self.post('/deduct', {'book_id': 42, 'quantity': 2, 'order_id': 1001})
        self.post('/reserve', {'order_id': 75001, 'lines': [{'book_id': 42, 'quantity': 4},
                                                            {'book_id': 7, 'quantity': 1}]})
        self.post('/reservations/75001/confirm', {})
        self.post('/release', {'book_id': 42, 'quantity': 4, 'order_id': 75001, 'reason': 'sent back'})
        self.post('/reserve', {'order_id': 75002, 'ttl_seconds': 1800,
                               'lines': [{'book_id': 42, 'quantity': 9}]})

    def open(self, page, language='en', theme='light'):
        """The page as somebody sees it who has chosen these before, with all that it loads."""
        browser = self.browser
        browser.open(f'{self.base}/')
        browser.run('localStorage.setItem("inventory.language", arguments[0]);'
                    'localStorage.setItem("inventory.theme", arguments[1])', language, theme)
        browser.open(f'{self.base}/#/{page}')
        self.wait_until_drawn()

    def go(self, page):
        """From one page to another, as a link does."""
        self.browser.run('location.hash = `#/${arguments[0]}`', page)
        self.browser.wait('the page has begun', lambda: self.browser.run(
            'return document.querySelector("main").dataset.page === arguments[0]', page))
        self.wait_until_drawn()

    def wait_until_drawn(self):
        self.browser.wait('the page is drawn', lambda: self.browser.run(
            'return document.querySelector("main h1") !== null && '
            'document.querySelector(".skeleton") === null'))

    def check_quiet(self):
        """Nothing went wrong on the way, and nobody else was asked."""
        self.assertEqual(self.browser.errors(), [])
        foreign = {url for url in self.browser.requested()
                   if not url.startswith((self.base + '/', 'about:', 'data:', 'chrome:'))}
        self.assertEqual(foreign, set())

    def available(self, book):
        return self.get(f'/stock/{book}')['stock']

    def test_an_operator_watches_a_sale_and_restocks(self):
        browser = self.browser
        self.open('overview')
        browser.wait_text('.health', 'All is well')
        bench = self.service.bench('deduct', '--seconds', '300', '--rate', '100', '--books', '1',
                                   '--first-book', '900', '--quantity', '1')
        browser.wait('sales are counted', lambda: browser.run(
            'return parseFloat(document.querySelector(".tile-value").textContent) > 0'))
        browser.click('.place', 'Stock')
        browser.find('.vt-space a', '900')
        self.assertEqual(self.rows()[0][1], '7')  # the low one is the first
        shown = ('return [...document.querySelectorAll(".vt-space .vt-row")].find((row) =>'
                 ' row.querySelector("a").textContent === "900").querySelector(".number").textContent')
        first = browser.run(shown)
        browser.wait('the sold book is seen to fall', lambda: browser.run(shown) != first)
        browser.click('.vt-space a', '900')
        browser.wait_text('h1', 'Book 900')
        figure = browser.text('.figure-value')
        browser.wait('its page falls with it', lambda: browser.text('.figure-value') != figure)
        bench.terminate()
        bench.wait()
        order = browser.find('.movements .order a').text
        browser.click('.movements .order a')
        browser.wait_text('h1', f'Order {order}')
        browser.wait_text('.timeline', 'Bought 1 of book 900')
        self.restock_with_a_reason()
        self.check_quiet()

    def restock_with_a_reason(self):
        """A double click on the last button, and it counts once."""
        browser = self.browser
        browser.click('.place', 'Stock')
        browser.click('.vt-space a', '43')
        browser.click('button', 'Restock')
        browser.type('#change-units', '250')
        browser.click('dialog button[type=submit]')
        browser.wait_text('dialog', 'Say why')
        browser.type('#change-reason', REASON)
        browser.click('dialog button[type=submit]')
        browser.wait_text('dialog .facts', '330')
        browser.find('#confirm')
        browser.run('const button = document.querySelector("#confirm"); button.click(); button.click()')
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        browser.wait_text('#notes', '330')
        browser.wait_text('.movements tbody tr', REASON)
        self.assertEqual(self.available(43), 330)
        self.assertEqual(len(self.get('/stock/43/logs')['logs']), 2)

    def test_a_count_is_refused_when_somebody_bought_meanwhile(self):
        browser = self.browser
        self.open('book/43')
        browser.click('button', 'Adjust')
        browser.click('.choice', 'Set to a count')
        browser.type('#change-units', '70')
        browser.type('#change-reason', 'counted')
        browser.click('dialog button[type=submit]')
        browser.find('#confirm')
        self.post('/deduct', {'book_id': 43, 'quantity': 1, 'order_id': 1002})
        browser.click('#confirm')
        browser.wait_text('dialog .problem', '40905')
        self.assertEqual(self.available(43), 79)
        browser.click('dialog button', 'Back')
        browser.click('dialog button[type=submit]')
        browser.wait_text('dialog .facts', '79')
        browser.click('#confirm')
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        self.assertEqual(self.available(43), 70)
        browser.errors()  # the refusal is an answer of 412, which a browser notes by itself

    def test_a_change_that_met_a_fault_is_tried_again_with_its_key(self):
        browser = self.browser
        self.open('book/43')
        browser.click('button', 'Restock')
        browser.type('#change-units', '5')
        browser.type('#change-reason', 'once')
        browser.click('dialog button[type=submit]')
        browser.find('#confirm')
        # The answer is lost on its way: the change has been carried out.
        browser.run('''
            const real = window.fetch;
            window.fetch = async (path, options) => {
              const answer = await real(path, options);
              if (options.method !== 'POST') return answer;
              window.fetch = real;
              throw new TypeError('network error');
            };''')
        browser.click('#confirm')
        browser.wait_text('dialog .problem', 'never counts twice')
        browser.click('#confirm', 'Try again')
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        self.assertEqual(self.available(43), 85)
        self.check_quiet()

    def test_open_reservations_count_down(self):
        browser = self.browser
        self.open('book/42')
        browser.wait('the time left is known', lambda: ':' in browser.text('.countdown'))
        self.assertRegex(browser.text('.countdown'), r'^(30:00|29:\d\d)$')
        seen = set()
        browser.wait('it grows less and less',
                     lambda: seen.add(browser.text('.countdown')) or len(seen) > 3)
        self.post('/reservations/75002/cancel', {})
        browser.wait_text('main', 'Nobody holds copies of this book.')
        self.check_quiet()

    def test_language_and_theme_are_switched_and_kept(self):
        browser = self.browser
        browser.open(f'{self.base}/')
        browser.run('localStorage.clear()')
        browser.open(f'{self.base}/')
        browser.wait_text('h1', 'Overview')
        browser.click('#language')
        browser.wait_text('h1', '总览')
        self.assertEqual(browser.run('return document.documentElement.lang'), 'zh-CN')
        ground = 'return getComputedStyle(document.body).backgroundColor'
        for theme in ('light', 'dark'):
            browser.click('#theme')
            self.assertEqual(browser.run('return document.documentElement.dataset.theme'), theme)
        dark = browser.run(ground)
        browser.open(f'{self.base}/#/stock')
        browser.wait_text('h1', '库存')
        self.assertEqual(browser.run(ground), dark)
        browser.click('#theme')
        self.assertNotIn('theme', browser.run('return {...document.documentElement.dataset}'))
        self.check_quiet()

    def test_it_finds_its_way_by_keyboard(self):
        browser = self.browser
        self.open('overview')
        browser.press(Keys.TAB)
        self.assertEqual(browser.focused().text, 'Skip to the content')
        browser.press(Keys.ENTER)
        self.assertEqual(browser.focused().get_attribute('id'), 'main')
        browser.press('/')
        browser.wait_text('h1', 'Stock')
        browser.wait('the search has the focus',
                     lambda: browser.focused().get_attribute('id') == 'search')
        browser.find('.vt-space a', '42')
        browser.press('42')
        browser.wait('one book is found', lambda: len(self.rows()) == 1)
        browser.press(Keys.ENTER)
        browser.wait_text('h1', 'Book 42')
        self.assertEqual(browser.focused().tag_name, 'h1')
        browser.find('.movements')
        browser.press(Keys.TAB, Keys.ENTER)
        browser.find('dialog')
        for _ in range(12):
            browser.press(Keys.TAB)
            self.assertTrue(browser.run('return document.activeElement === document.body || '
                                        'document.activeElement.closest("dialog") !== null'))
        browser.press(Keys.ESCAPE)
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        self.assertIn('Restock', browser.focused().text)
        browser.press('g', 's')
        browser.wait_text('h1', 'Stock')
        browser.run('document.querySelector("#search").value = "";'
                    'document.querySelector("#search").dispatchEvent(new Event("input"));'
                    'document.querySelector(".vt-body").focus()')
        browser.find('.vt-space a', '43')
        for row in ('7', '42', '43'):
            browser.press(Keys.ARROW_DOWN)
            browser.wait(f'row {row} has the focus', lambda row=row: browser.focused().text == row)
        browser.press(Keys.ENTER)
        browser.wait_text('h1', 'Book 43')
        browser.press('?')
        browser.wait_text('dialog', 'Keyboard shortcuts')
        browser.press(Keys.ESCAPE)
        self.check_quiet()

    def test_of_very_many_books_those_are_in_the_page_that_are_seen(self):
        browser = self.browser
        for book in range(2_000, 2_400):
            self.post('/restock', {'book_id': book, 'quantity': 100 + book})
        self.open('stock')
        browser.wait_text('.count', '404 books')
        browser.run('document.querySelector(".vt-body").scrollTop = 200 * 44')
        browser.find('.vt-space a', '2200')
        rows = self.rows()
        self.assertLess(len(rows), 40)
        # In the page they stand as one sees them, so that they are read and tabbed through in order.
        self.assertEqual([index for index, _ in rows],
                         list(range(rows[0][0], rows[0][0] + len(rows))))
        self.assertEqual([book for _, book in rows],  # 7, 42 and 43 stand before these
                         [str(2_000 + index - 2 - 3) for index, _ in rows])
        browser.click('.sort', 'Available')
        browser.run('document.querySelector(".vt-body").scrollTop = 0')
        browser.wait('the least come first', lambda: self.rows()[1][1] == '1234567890123456789')
        browser.click('.sort', 'Available')
        browser.run('document.querySelector(".vt-body").scrollTop = 0')
        browser.wait('the most come first', lambda: self.rows()[0][1] == '2399')
        self.check_quiet()

    def rows(self):
        """[(its index, its book)] as they stand in the page."""
        return [(int(index), book) for index, book in self.browser.run('''
            return [...document.querySelectorAll(".vt-space .vt-row:not([hidden])")].map(
                (row) => [row.getAttribute("aria-rowindex"), row.querySelector("a").textContent])''')]

    def test_a_token_is_asked_for_and_says_what_may_be_done(self):
        browser = self.browser
        self.start(INVENTORY_ACCESS_TOKENS=f'screen viewer {VIEWER}; anna operator {OPERATOR}')
        browser.open(f'{self.base}/#/book/5')
        self.give_token('not-a-token-of-this-service')
        browser.wait_text('dialog', 'does not take the token')
        self.give_token(VIEWER)
        browser.wait_text('main', 'No stock yet')
        self.restock()
        browser.wait_text('dialog .problem', 'operator')
        browser.wait_text('dialog .problem', 'Nothing was changed')
        browser.press(Keys.ESCAPE)
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        browser.click('#change-token')
        self.give_token(OPERATOR)
        browser.wait('the dialog is gone', lambda: not browser.all('dialog'))
        self.restock()
        browser.wait_text('.movements tbody', 'by anna')
        for place in ('location.href', 'JSON.stringify(localStorage)', 'document.cookie'):
            self.assertNotIn(OPERATOR, browser.run(f'return {place}'))
        self.assertFalse([url for url in browser.requested() if OPERATOR in url or VIEWER in url])
        browser.errors()  # the answers 401 and 403, which a browser notes by itself

    def test_over_tls_it_is_the_same(self):
        browser = self.browser
        certificate, key, _ = make_pair(self.enterContext(tempfile.TemporaryDirectory()),
                                        'IP:127.0.0.1')
        self.start(INVENTORY_ACCESS_TOKENS=f'anna operator {OPERATOR}',
                   INVENTORY_TLS_CERTIFICATE=str(certificate), INVENTORY_TLS_KEY=str(key))
        self.base = self.base.replace('http:', 'https:')
        browser.open(f'{self.base}/#/book/5')
        self.give_token(OPERATOR)
        browser.wait_text('main', 'No stock yet')
        self.restock()
        browser.wait_text('.movements tbody', 'by anna')
        browser.errors()  # the answer 401 before there was a token
        self.go('stock')
        browser.wait_text('.live', 'Live')
        self.check_quiet()

    def give_token(self, token):
        self.browser.type('#token', token)
        self.browser.press(Keys.ENTER)

    def restock(self):
        browser = self.browser
        browser.click('button', 'Restock')
        browser.type('#change-units', '5')
        browser.type('#change-reason', 'opening stock')
        browser.press(Keys.ENTER)
        browser.click('#confirm')

    def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(self):
        axe = fetch_axe(self.axe_folder)
        self.addCleanup(self.browser.resize, WIDE)
        for size, look in itertools.product((WIDE, NARROW), LOOKS):
            self.browser.resize(size)
            self.open(PAGES[0], *look)
            self.browser.run(axe)
            for page in PAGES:
                with self.subTest(f'{page} {size} {look}'):
                    self.go(page)
                    self.draw(page, size[0], *look)
                    self.check_width(size[0])
                    self.check_axe()
        self.check_quiet()

    def check_width(self, width):
        """In both languages: the longer texts are now these, now those."""
        for _ in range(2):
            wide = self.browser.run('return document.documentElement.scrollWidth')
            self.assertLessEqual(wide, width)
            self.browser.click('#language')
            self.wait_until_drawn()

    def check_axe(self):
        found = self.browser.run_async('axe.run(document).then(arguments[0])')
        self.assertGreater(len(found['passes']), 10)
        serious = [(violation['id'], [node['html'] for node in violation['nodes'][:3]])
                   for violation in found['violations']
                   if violation['impact'] in ('serious', 'critical')]
        self.assertEqual(serious, [])

    def test_axe_finds_nothing_serious_in_dialogs(self):
        axe = fetch_axe(self.axe_folder)
        browser = self.browser
        for _, theme in LOOKS:
            self.open('book/42', 'en', theme)
            browser.run(axe)
            browser.click('button', 'Adjust')
            browser.find('#change-units')
            self.draw('dialog-form', WIDE[0], 'en', theme)
            self.check_axe()
            browser.type('#change-units', '-3')
            browser.type('#change-reason', 'count of November')
            browser.click('dialog button[type=submit]')
            browser.find('#confirm')
            self.draw('dialog-confirm', WIDE[0], 'en', theme)
            self.check_axe()
        self.check_quiet()

    def draw(self, page, *look):
        folder = os.environ.get('CONSOLE_SCREENSHOTS')
        if folder:
            name = '_'.join([page.replace('/', '-'), *map(str, look)])
            self.browser.driver.save_screenshot(str(pathlib.Path(folder, name + '.png')))


if __name__ == '__main__':
    ConsoleTest.programs = sys.argv[1], sys.argv[2]
    ConsoleTest.axe_folder = sys.argv[3]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
