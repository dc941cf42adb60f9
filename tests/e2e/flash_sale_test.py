#!/usr/bin/python3
"""A flash sale against the real service, killed and restarted in the middle.

Usage: flash_sale_test.py INVENTORY_SERVICE INVENTORY_BENCH [unittest's arguments]
"""
import sys
import unittest

from service import ServiceTest, wait_for


class FlashSaleTest(ServiceTest):
    def test_sells_every_copy_once(self):
        service = self.serve('embedded')
        status, output = self.finish(service.bench('flash-sale', '--buyers', '2000',
                                                   '--copies', '100'))
        self.assertEqual(status, 0, output)
        self.assertIn('PASS  units stocked 100 = sold 100 + left 0', output)

    def test_survives_being_killed_in_the_middle(self):
        service = self.serve('embedded')
        # Few at a time, so that the copies are sold over hundreds of batches.
        sale = service.bench('flash-sale', '--buyers', '4000', '--copies', '2000', '--book', '7',
                             '--in-flight', '10', '--timeout', '0.5')
        for _ in range(2):
            before = service.bytes_written()
            wait_for('a part is sold', lambda: service.bytes_written() > before + 20_000, sale)
            service.kill()
            service.start()
        status, output = self.finish(sale)
        self.assertEqual(status, 0, output)
        self.assertIn('PASS  units stocked 2000 = sold 2000 + left 0', output)
        self.assertRegex(output, r'\d UNAVAILABLE', 'the buyers never noticed the kill')

        # What was proved is still there after one more.
        service.kill()
        service.start()
        status, output = self.finish(service.bench('prove', '--book', '7', '--stocked', '2000'))
        self.assertEqual(status, 0, output)

    def test_fails_on_a_store_that_forgets(self):
        service = self.serve('memory')
        sale = service.bench('flash-sale', '--buyers', '40000', '--copies', '20000',
                             '--in-flight', '10', '--timeout', '0.5')
        before = service.cpu_ticks()
        wait_for('a part is sold', lambda: service.cpu_ticks() > before + 10, sale)
        service.kill()
        service.start()
        status, output = self.finish(sale)
        self.assertEqual(status, 1, output)
        self.assertIn('FAIL', output)


if __name__ == '__main__':
    ServiceTest.programs = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
