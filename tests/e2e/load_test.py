#!/usr/bin/python3
"""inventory-bench's loads against the real service: small, but every answer is checked.

Usage: load_test.py INVENTORY_SERVICE INVENTORY_BENCH [unittest's arguments]
"""
import json
import sys
import unittest

from service import ServiceTest


class LoadTest(ServiceTest):
    def load(self, *arguments):
        """The report of a load on a fresh service; every answer must be as it must be."""
        service = self.serve('embedded')
        status, output = self.finish(service.bench(*arguments, '--warm-up', '0', '--json'))
        self.assertEqual(status, 0, output)
        report = json.loads(output)
        self.assertTrue(report['passed'])
        self.assertEqual(list(report['codes']), ['0'])
        self.assertEqual(list(report['grpc']), ['OK'])
        return report

    def test_single_orders(self):
        report = self.load('deduct', '--orders', '2000', '--books', '5', '--popularity', 'zipf')
        self.assertEqual(report['items'], 2000)

    def test_batches_with_random_order_ids(self):
        report = self.load('deduct', '--orders', '20000', '--batch', '1000', '--in-flight', '4',
                           '--order-ids', 'random', '--channels', '2')
        self.assertEqual((report['items'], report['calls']), (20000, 20))

    def test_reads(self):
        report = self.load('get', '--books', '10', '--seconds', '0.3')
        self.assertEqual(report['items'], 3 * report['calls'])

    def test_whole_lives_of_orders(self):
        report = self.load('mixed', '--books', '10', '--quantity', '3', '--seconds', '0.5')
        self.assertGreater(report['calls'], 0)

    def test_a_timetable(self):
        service = self.serve('embedded')
        _, output = self.finish(service.bench('deduct', '--rate', '500', '--seconds', '0.5',
                                              '--warm-up', '0', '--json'))
        report = json.loads(output)
        self.assertEqual(report['rate_asked'], 500)
        self.assertEqual(list(report['codes']), ['0'])
        # Whether the service keeps up is for a benchmark to say: a busy machine may not.
        self.assertEqual([fault for fault in report['faults'] if 'keep up' not in fault], [])

    def test_reservations_that_fall_due_together(self):
        service = self.serve('embedded')
        # Whether each expired within a second is for a benchmark to say: a busy machine may be late.
        _, output = self.finish(service.bench('expiry', '--reservations', '500', '--rate', '200'))
        self.assertIn('PASS  of 500 reservations 500 expired, each once', output)
        self.assertIn('PASS  none before its deadline', output)

    def test_says_when_orders_are_refused(self):
        service = self.serve('embedded')
        status, output = self.finish(service.bench(
            'deduct', '--orders', '2000', '--quantity', '1000000', '--warm-up', '0', '--json'))
        self.assertEqual(status, 1, output)
        # A billion units are stocked: room for a thousand orders of a million.
        self.assertEqual(json.loads(output)['codes'], {'0': 1000, '40100': 1000})


if __name__ == '__main__':
    ServiceTest.programs = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
