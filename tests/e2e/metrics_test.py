#!/usr/bin/python3
"""What /metrics tells of each store, under a load: promtool reads it, docs/metrics.md lists it, and a
real Prometheus that scrapes it answers every query of the dashboard and knows what the alerts name.

Usage: metrics_test.py INVENTORY_SERVICE INVENTORYCTL PRIVATE_MARIADB [unittest's arguments]
"""
import http.client
import itertools
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import yaml

from mariadb import Mariadb
from redis_server import Redis, free_port
from service import Service, WAIT_SECONDS, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / 'deploy'
DASHBOARD = json.loads((DEPLOY / 'grafana/inventory-service.json').read_text())
JOB = 'inventory-service'
SERVICE, INVENTORYCTL, MARIADB = '', '', ''
STORES = ('embedded', 'mysql', 'redis', 'memory')
METRIC = re.compile(r'\b(?:inventory|process)_[a-z_]+\b')


class Shop:
    """A service, and callers that make everything happen that is counted."""

    def __init__(self, store, folder):
        self.store, self.folder = store, pathlib.Path(folder)
        self.folder.mkdir()
        self.port = free_port()
        self.service = Service(SERVICE, None, folder, store)
        self.service.environment['INVENTORY_HTTP_PORT'] = str(self.port)
        self.servers = []
        if store in ('mysql', 'redis'):
            database = Mariadb(MARIADB, self.folder / 'mariadb').start()
            self.servers.append(database)
            self.service.environment['INVENTORY_DATABASE_DSN'] = database.dsn
        if store == 'redis':
            self.servers.append(Redis(self.folder / 'redis').start())
            self.service.environment['INVENTORY_REDIS_ADDR'] = self.servers[-1].address
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.failure = None

    def start(self):
        self.service.start()
        self.thread.start()

    def close(self):
        self.stopping.set()
        if self.thread.ident:
            self.thread.join()
        self.service.close()
        for server in self.servers:
            server.kill()

    def ask(self, method, path, body=None):
        """(status, text)"""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {'Content-Type': 'application/json'})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def work(self):
        try:
            self.refuse_a_call()
            for order in itertools.count(1):
                if self.stopping.is_set():
                    return
                self.one_round(order)
        except Exception as failure:  # pylint: disable=broad-exception-caught
            self.failure = failure  # for the test to tell

    def refuse_a_call(self):
        """No store has a function for all that may be asked: a fault."""
        words = {'embedded': ['adopt', '--dry-run']}.get(self.store, ['backup', 'a'])
        done = subprocess.run([INVENTORYCTL, '--server', self.service.target, *words],
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        if done.returncode != 3:
            raise AssertionError(f'{words}: {done.returncode} {done.stdout}{done.stderr}')

    def one_round(self, order):
        """Every verb: on book 1, which falls below the threshold, and 2; 3 is always low."""
        self.ask('POST', '/restock', {'book_id': 2, 'quantity': 100})
        self.ask('POST', '/adjust', {'book_id': 1, 'set_to': 12})
        self.ask('POST', '/adjust', {'book_id': 3, 'set_to': 5})
        self.ask('POST', '/deduct', {'book_id': 1, 'quantity': 4, 'order_id': 10 * order})
        self.ask('POST', '/deduct', {'book_id': 1, 'quantity': 999, 'order_id': 10 * order + 1})
        self.ask('POST', '/deduct/batch', {'items': [
            {'book_id': 2, 'quantity': 1, 'order_id': 10 * order + 2},
            {'book_id': 2, 'quantity': 1, 'order_id': 10 * order + 3}]})
        self.ask('POST', '/release', {'book_id': 1, 'order_id': 10 * order})
        self.ask('POST', '/release', {'book_id': 1, 'order_id': 10 * order + 4})  # a tombstone
        lines = [{'book_id': 2, 'quantity': 1}]
        self.ask('POST', '/reserve', {'order_id': 10 * order + 5, 'lines': lines})
        self.ask('POST', f'/reservations/{10 * order + 5}/confirm', {})
        self.ask('POST', '/reserve', {'order_id': 10 * order + 6, 'lines': lines})
        self.ask('POST', f'/reservations/{10 * order + 6}/cancel', {})
        self.ask('POST', '/reserve', {'order_id': 10 * order + 7, 'lines': lines})  # stays open
        self.ask('GET', '/stock/1')

    def page(self):
        status, text = self.ask('GET', '/metrics')
        if status != 200:
            raise AssertionError(text)
        return text

    def value(self, series):
        """Of a series, labels and all; 0: there is none."""
        found = re.search(rf'^{re.escape(series)} (\S+)$', self.page(), re.M)
        return float(found[1]) if found else 0

    def families(self):
        """{name: type} of what the page tells now."""
        return dict(re.findall(r'^# TYPE (\w+) (\w+)$', self.page(), re.M))


class Prometheus:
    """Debian's, with the configuration of deploy/, but scraping these services and more often."""

    def __init__(self, folder, ports):
        folder = pathlib.Path(folder)
        config = yaml.safe_load((DEPLOY / 'prometheus/prometheus.yml').read_text())
        config['global'] = {'scrape_interval': '500ms', 'evaluation_interval': '500ms'}
        config['rule_files'] = [str(DEPLOY / 'prometheus' / name) for name in config['rule_files']]
        config['scrape_configs'][0]['static_configs'][0]['targets'] = \
            [f'localhost:{port}' for port in ports]
        path = folder / 'prometheus.yml'
        path.write_text(yaml.safe_dump(config))
        self.port = free_port()
        self.log = folder / 'prometheus.log'
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', 'prometheus', f'--config.file={path}',
                 f'--storage.tsdb.path={folder}/data', f'--web.listen-address=127.0.0.1:{self.port}',
                 '--log.level=warn'], stdout=log, stderr=log)

    def get(self, path, **parameters):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS)
        try:
            connection.request('GET', f'/api/v1/{path}?{urllib.parse.urlencode(parameters)}')
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer['status'] != 'success':
            raise AssertionError(answer)
        return answer['data']

    def answers(self):
        try:
            return bool(self.get('query', query='up')['result'])
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def values(self, query):
        """What the query comes to now, without what is no number."""
        values = [float(sample['value'][1])
                  for sample in self.get('query', query=query)['result']]
        return [value for value in values if not math.isnan(value)]

    def close(self):
        self.process.kill()
        self.process.wait()


def documented(stores):
    """{name: type} that docs/metrics.md has for a service with one of these stores."""
    found, section = {}, ''
    for line in (ROOT / 'docs/metrics.md').read_text().splitlines():
        section = line[3:] if line.startswith('## ') else section
        row = re.match(r'\| `(\w+)` \| (\w+) \| ([^|]*) \|', line)
        if not row:
            continue
        name, kind, third = row.groups()
        of = third.split(', ') if section == 'Of each store' else [section]
        if 'to the database' in third:
            of = ['mysql', 'redis']
        if of[0] not in STORES or set(of) & set(stores):
            found[name] = kind
    return found


class MetricsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='inventory-metrics-')
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.shops = {}
        for store in STORES:
            shop = cls.shops[store] = Shop(store, cls.folder / store)
            cls.addClassCleanup(shop.close)
            shop.start()

    def tearDown(self):
        for store, shop in self.shops.items():
            self.assertIsNone(shop.failure, store)

    def test_the_page_says_what_the_documentation_says(self):
        for store, shop in self.shops.items():
            with self.subTest(store):
                expected = documented([store])
                try:
                    wait_for('all is counted', lambda: shop.families() == expected)
                except AssertionError:
                    self.assertEqual(shop.families(), expected)

    def test_it_says_what_happened(self):
        for store, shop in self.shops.items():
            rises = ['inventory_outcomes_total{verb="%s",outcome="%s"}' % each for each in (
                ('deduct', 'ok'), ('deduct', 'insufficient_stock'), ('release', 'ok'),
                ('release', 'nothing_to_release'), ('restock', 'ok'), ('adjust', 'ok'),
                ('reserve', 'ok'), ('confirm', 'ok'), ('cancel', 'ok'))]
            rises += ['inventory_commands_total', 'inventory_low_stock_warnings_total']
            rises += {'embedded': ['inventory_tombstones_total', 'inventory_journal_bytes_total'],
                      'mysql': ['inventory_tombstones_total', 'inventory_transactions_total'],
                      'redis': ['inventory_script_calls_total', 'inventory_ledger_movements_total'],
                      'memory': []}[store]
            if store != 'memory':
                rises += ['inventory_open_reservations', 'inventory_commit_seconds_count']
            before = {series: shop.value(series) for series in rises}
            with self.subTest(store):
                for series in rises:
                    wait_for(f'{series} rises', lambda: shop.value(series) > before[series])
                wait_for('a book is low', lambda: shop.value('inventory_low_stock_books') >= 1)
                self.assertEqual(shop.value('inventory_serving'), 1)
                self.assertGreater(shop.value('process_cpu_seconds_total'), 0)

    def test_promtool_has_nothing_to_say(self):
        for store, shop in self.shops.items():
            with self.subTest(store):
                done = subprocess.run(['promtool', 'check', 'metrics'], input=shop.page(),
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ''))

    def test_a_real_prometheus_draws_the_dashboard(self):
        prometheus = Prometheus(self.folder, [shop.port for shop in self.shops.values()])
        self.addCleanup(prometheus.close)
        wait_for('Prometheus answers', prometheus.answers, prometheus.process)

        queries = [target['expr'] for panel in DASHBOARD['panels']
                   for target in panel.get('targets', ())]
        self.assertGreater(len(queries), 40)
        left = {query: query.replace('$job', JOB).replace('$instance', '.*')
                .replace('$__rate_interval', '10s') for query in queries}
        self.assertNotIn('$', ''.join(left.values()))

        def all_draw():
            for query in [query for query, plain in left.items() if prometheus.values(plain)]:
                del left[query]
            time.sleep(0.1 if left else 0)  # Prometheus has to scrape meanwhile
            return not left
        try:
            wait_for('every query has data', all_draw)
        except AssertionError:
            self.fail(f'without data: {sorted(left)}')

        # The variables of the dashboard, and what the alerts name.
        for variable in DASHBOARD['templating']['list']:
            if match := re.match(r'label_values\((.*), (\w+)\)', str(variable['query'])):
                labels = prometheus.get(f'label/{match[2]}/values',
                                        **{'match[]': match[1].replace('$job', JOB)})
                self.assertIn(JOB if match[2] == 'job' else f'localhost:{self.shops["redis"].port}',
                              labels)
        known = set(prometheus.get('label/__name__/values'))

        def rules_now():
            return [rule for group in prometheus.get('rules')['groups'] for rule in group['rules']]
        self.assertGreater(len(rules_now()), 15)
        wait_for('the rules were looked at', lambda: {rule['health'] for rule in rules_now()} == {'ok'})
        for rule in rules_now():
            self.assertEqual(set(METRIC.findall(rule['query'])) - known, set(), rule['name'])


if __name__ == '__main__':
    SERVICE, INVENTORYCTL, MARIADB = map(os.path.abspath, sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
