"""Debian's Chromium, without a screen, and what it noticed on the way."""
import json
import os
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

WAIT_SECONDS = 30
WIDE, NARROW = (1440, 900), (390, 844)


class Browser:
    """One tab. Looks wait until they are true, WAIT_SECONDS at most."""

    def __init__(self, profile):
        options = Options()
        options.binary_location = '/usr/bin/chromium'
        for argument in ('--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--lang=en',
                         f'--user-data-dir={profile}', '--disable-background-networking'):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument('--no-sandbox')  # it refuses to run as root otherwise
        options.accept_insecure_certs = True  # the tests' own
        options.add_experimental_option('prefs', {'intl.accept_languages': 'en'})
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        self.driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
        self.driver.set_script_timeout(WAIT_SECONDS)
        self.resize(WIDE)

    def close(self):
        self.driver.quit()

    def resize(self, size):
        width, height = size
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': width < 500})

    def open(self, url):
        """A new page, also where only what follows # differs."""
        self.driver.get('about:blank')
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def run_async(self, script, *arguments):
        return self.driver.execute_async_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What it says now; nothing where it is not there."""
        return self.run('return document.querySelector(arguments[0])?.textContent ?? ""', selector)

    def wait(self, what, condition):
        """The first true thing that condition() gives."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f'waited {WAIT_SECONDS} s in vain until {what}; the page says:\n'
                                     + self.run('return document.body.innerText')[:2_000])
            time.sleep(0.02)

    def wait_text(self, selector, part):
        self.wait(f'{selector} says {part!r}', lambda: part in self.text(selector))

    def find(self, selector, text=''):
        """The element that holds the text, once it is there and seen."""
        def look():
            return self.run('''
                return [...document.querySelectorAll(arguments[0])].find((element) =>
                    element.textContent.includes(arguments[1]) && element.checkVisibility())''',
                            selector, text)
        return self.wait(f'there is {selector} {text!r}', look)

    def click(self, selector, text=''):
        self.find(selector, text).click()

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def press(self, *keys):
        """Where the focus is."""
        chain = ActionChains(self.driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def focused(self):
        return self.driver.switch_to.active_element

    def errors(self):
        """What the console of the browser has told since it was last asked."""
        return [entry['message'] for entry in self.driver.get_log('browser')
                if entry['level'] in ('SEVERE', 'WARNING')]

    def requested(self):
        """The addresses that the page has asked for since."""
        messages = (json.loads(entry['message'])['message']
                    for entry in self.driver.get_log('performance'))
        return {message['params']['request']['url'] for message in messages
                if message['method'] == 'Network.requestWillBeSent'}
