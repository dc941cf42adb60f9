#!/usr/bin/python3
"""What deploy/ has for Prometheus and Grafana: promtool takes it, every alert has a test that makes it
fire and a section in docs/operating.md, and only metrics that docs/metrics.md has are named.

tests/e2e/metrics_test.py holds the names to what a service really tells.

Usage: monitoring_test.py [unittest's arguments]
"""
import json
import pathlib
import re
import subprocess
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / 'deploy/prometheus'
DASHBOARD = ROOT / 'deploy/grafana/inventory-service.json'
METRIC = re.compile(r'\b(?:inventory|process)_[a-z_]+\b')


def documented():
    """The metrics of docs/metrics.md, and what Prometheus makes of a histogram."""
    rows = re.findall(r'^\| `(\w+)` \| (\w+) \|', (ROOT / 'docs/metrics.md').read_text(), re.M)
    names = {name for name, _ in rows}
    for name, kind in rows:
        if kind == 'histogram':
            names |= {f'{name}_{part}' for part in ('bucket', 'sum', 'count')}
    return names


def alerts():
    groups = yaml.safe_load((PROMETHEUS / 'alerts.yml').read_text())['groups']
    return [rule for group in groups for rule in group['rules']]


class Monitoring(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(['promtool', *arguments], cwd=PROMETHEUS, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_promtool_takes_the_configuration(self):
        self.promtool('check', 'config', '--lint-fatal', 'prometheus.yml')

    def test_promtool_makes_each_alert_fire(self):
        self.promtool('test', 'rules', 'alerts_test.yml')

    def test_every_alert_has_its_test(self):
        cases = yaml.safe_load((PROMETHEUS / 'alerts_test.yml').read_text())['tests']
        fired = {re.search(r'alertname="(\w+)"', sample['labels'])[1] for case in cases
                 for query in case['promql_expr_test'] for sample in query['exp_samples'] or ()}
        self.assertEqual(fired, {alert['alert'] for alert in alerts()})

    def test_every_alert_has_its_section_and_no_section_is_left_over(self):
        page = (ROOT / 'docs/operating.md').read_text()
        sections = re.findall(r'^### (Inventory\w+)$', page, re.M)
        self.assertEqual([alert['alert'] for alert in alerts()
                          if alert['alert'] not in sections], [])
        self.assertEqual(sorted(sections), sorted(alert['alert'] for alert in alerts()))
        for alert in alerts():
            self.assertEqual(alert['annotations']['runbook'],
                             f'docs/operating.md#{alert["alert"].lower()}')
            self.assertIn(alert['labels']['severity'], ('page', 'ticket'))

    def test_only_documented_metrics_are_named(self):
        named = {name for alert in alerts() for name in METRIC.findall(alert['expr'])}
        self.assertGreater(len(named), 10)
        for target in (target for panel in json.loads(DASHBOARD.read_text())['panels']
                       for target in panel.get('targets', ())):
            named |= set(METRIC.findall(target['expr']))
        named |= set(METRIC.findall((ROOT / 'docs/operating.md').read_text()))
        self.assertEqual(named - documented(), set())

    def test_the_dashboard_shows_every_metric(self):
        shown = set(METRIC.findall(DASHBOARD.read_text()))
        shown = {re.sub('_(bucket|sum|count)$', '', name) for name in shown}
        # A rate of the records' numbers, and what only a trial's store tells.
        left_out = {'inventory_journal_record', 'inventory_checkpoint_record', 'inventory_epoch',
                    'inventory_order_lines'}
        plain = {re.sub('_(bucket|sum|count)$', '', name) for name in documented()}
        self.assertEqual(plain - shown - left_out, set())


if __name__ == '__main__':
    unittest.main()
