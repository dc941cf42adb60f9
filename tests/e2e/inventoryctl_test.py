#!/usr/bin/python3
"""inventoryctl against the real service: what people see, exit statuses, files, streams, restarts.

Usage: inventoryctl_test.py INVENTORY_SERVICE INVENTORYCTL [unittest's arguments]
"""
import json
import pathlib
import subprocess
import sys
import threading
import unittest

from service import ServiceTest, WAIT_SECONDS, wait_for

INVENTORYCTL = ''
DONE, REFUSED, USAGE, FAULT = 0, 1, 2, 3


class InventoryctlTest(ServiceTest):
    def setUp(self):
        self.service = self.serve('embedded')
        self.folder = self.service.folder
        self.environment = {'INVENTORY_SERVER': self.service.target, 'TZ': 'UTC'}

    def run_tool(self, words, expected=DONE, stdin=''):
        """The output of `inventoryctl words…`, its exit status checked."""
        done = subprocess.run([INVENTORYCTL, *words.split()], env=self.environment, input=stdin,
                              capture_output=True, text=True, check=False, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, expected, f'{words}\n{done.stdout}{done.stderr}')
        self.errors = done.stderr
        return done.stdout

    def run_json(self, words, expected=DONE):
        return json.loads(self.run_tool('--json ' + words, expected))

    def start_tool(self, words):
        """A running `inventoryctl words…`, killed at the latest with the test."""
        process = subprocess.Popen([INVENTORYCTL, *words.split()], env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        timer = threading.Timer(WAIT_SECONDS, process.kill)
        timer.start()
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(timer.cancel)
        return process

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_tables_for_people(self):
        self.assertEqual(self.run_tool('restock 1 100 --request-id a'),
                         'CODE  MESSAGE   BOOK  STOCK\n'
                         '   0  补充成功     1    100\n')
        self.assertEqual(self.run_tool('restock 1 100 --request-id a'),
                         'CODE  MESSAGE               BOOK  STOCK\n'
                         '   0  请求已处理（幂等性）     1    100\n')
        self.assertEqual(self.run_tool('deduct 1 200 --order 5', REFUSED),
                         ' CODE  MESSAGE   BOOK  ORDER  STOCK\n'
                         '40100  库存不足     1      5    100\n')
        self.assertIn('40100 库存不足 (not enough stock)', self.errors)
        self.assertEqual(self.run_tool('get 1'),
                         'BOOK  STOCK  LOCKED  TOTAL  SEQUENCE\n'
                         '   1    100       0    100         1\n')
        self.run_tool('get 1 2', REFUSED)
        self.assertIn('book 2: 40401', self.errors)

    def test_a_reservation_from_hold_to_return(self):
        self.run_tool('restock 1 10')
        self.run_tool('restock 3 10')
        held = self.run_json('reserve 1:2 3:1 --order 7 --ttl 15m')
        self.assertEqual((held['code'], held['message']), (0, '预占成功'))
        self.assertEqual([line['remainingStock'] for line in held['lines']], [8, 9])
        self.assertEqual(self.run_json('get 1')['lockedStock'], 2)
        self.assertEqual(self.run_json('reservation 7')['state'], 'RESERVATION_STATE_RESERVED')
        self.assertEqual(self.run_json('confirm 7')['message'], '确认成功')
        self.assertEqual(self.run_json('confirm 7')['message'], '订单已处理（幂等性）')
        self.assertEqual(self.run_json('cancel 7', REFUSED)['code'], 40901)
        self.assertEqual(self.run_json('release 1 --order 7')['currentStock'], 10)
        order = self.run_json('order 7')
        self.assertEqual([line['state'] for line in order['lines']],
                         ['ORDER_LINE_STATE_RELEASED', 'ORDER_LINE_STATE_SOLD'])
        self.assertEqual([(log['bookId'], log['changeType']) for log in order['logs']],
                         [('1', 'reserve'), ('3', 'reserve'), ('1', 'confirm'), ('3', 'confirm'),
                          ('1', 'release')])
        self.assertEqual(self.run_json('cancel 8', REFUSED)['code'], 40402)
        self.assertEqual(self.run_json('reserve 1:1 --order 8', REFUSED)['code'], 40902)

    def test_corrections(self):
        self.run_tool('restock 1 10')
        self.assertEqual(self.run_json('adjust 1 --delta -3 --reason lost')['currentStock'], 7)
        self.assertEqual(self.run_json('adjust 1 --set-to 40 --expected 10', REFUSED)['code'],
                         40905)
        self.assertEqual(self.run_json('adjust 1 --set-to 40 --expected 7')['currentStock'], 40)
        self.assertEqual(self.run_json('adjust 1 --delta -41', REFUSED)['code'], 40100)
        self.assertEqual(self.run_json('adjust 1 --delta 1 --request-id x')['message'], '调整成功')
        self.assertEqual(self.run_json('adjust 1 --delta 2 --request-id x', REFUSED)['code'],
                         40904)

    def test_what_the_service_refuses_is_a_refusal(self):
        for words, code in (('get 0', 40001), ('deduct 1 0 --order 1', 40001),
                            ('deduct 1 -5 --order 1', 40001), ('deduct 1 1 --order 0', 40001),
                            ('reserve 1:1 --order 1 --ttl 721h', 40002),
                            ('reserve 1:1 --order 1 --ttl -1', 40001),
                            ('logs 1 --page 4294967295', 40002), ('logs 1 --type sold', 40001),
                            ('backup ../elsewhere', 40001),
                            ('restock 1 1 --remark ' + 'x' * 256, 40002)):
            with self.subTest(words):
                self.assertEqual(self.run_json(words, REFUSED)['code'], code)

    def test_the_log_by_pages_and_filters(self):
        self.run_tool('restock 1 500')
        rows = ''.join(f'1,1,{order}\n' for order in range(1, 251))
        self.assertIn('250 sold', self.run_tool('batch-deduct -', stdin=rows))
        pages = self.run_tool('logs 1 --all').splitlines()
        self.assertEqual(len(pages), 1 + 251)
        self.assertIn(' restock ', pages[-1])
        self.assertEqual(len(self.run_tool('logs 1').splitlines()), 1 + 20)
        self.assertIn('there is more', self.errors)
        [found] = self.run_json('logs 1 --order 77')['logs']
        self.assertEqual((found['changeType'], found['orderId']), ('deduct', '77'))
        self.assertEqual(self.run_json('logs 1 --until 2020-01-01')['logs'], [])
        self.assertEqual(len(self.run_json('logs 1 --type restock --since 1h')['logs']), 1)

    def test_a_batch_of_sales_twice(self):
        self.run_tool('restock 1 3')
        sales = self.write('sales.csv', 'book_id,quantity,order_id\n1,1,1\n1,2,2\n1,1,3\n')
        for _ in range(2):
            self.assertEqual(self.run_tool(f'batch-deduct {sales}', REFUSED).splitlines()[1:],
                             ['   4  40100  库存不足     1      3      0',
                              '2 sold (now or before), 1 refused, of 3'])
        self.assertEqual(self.run_json('get 1')['stock'], 0)

    def test_a_file_loaded_twice_adds_nothing(self):
        stock = self.write('stock.csv', 'book_id,quantity\n1,100\n2,50\n1,7\n')
        self.assertEqual(self.run_tool(f'load {stock}'),
                         'stock.csv: 3 of 3 lines added, 157 units; 0 loaded before, 0 refused\n')
        self.assertEqual(self.run_tool(f'load {stock}'),
                         'stock.csv: 0 of 3 lines added, 0 units; 3 loaded before, 0 refused\n')
        self.assertIn('needs a --name of its own', self.errors)
        # A row that is new adds, one that was changed is refused, wherever they stand.
        self.write('stock.csv', '9,9\n2,51\n1,100\n1,7\n')
        self.assertIn('1 of 4 lines added, 9 units; 2 loaded before, 1 refused',
                      self.run_tool(f'load {stock}', REFUSED))
        self.assertEqual([info['stock'] for info in self.run_json('get 1 2 9')['stocks']],
                         [107, 50, 9])
        self.write('stock.csv', '1,100\n2,\n')
        self.run_tool(f'load {stock}', USAGE)
        self.assertIn('line 2: quantity', self.errors)
        self.assertEqual(self.run_json('get 1')['stock'], 107)

    def test_a_load_through_kills_adds_each_line_once(self):
        books, quantity, kills = 20_000, 3, 3
        stock = self.write('stock.csv', ''.join(f'{b},{quantity}\n' for b in range(1, books + 1)))
        for _ in range(kills):
            self.start_tool(f'load {stock}')
            before = self.commands()
            wait_for('the load is under way', lambda: self.commands() > before + 500)
            self.service.kill()
            self.service.start()
        self.run_tool(f'load {stock}')
        listed = [line.split() for line in self.run_tool('list').splitlines()[1:]]
        self.assertEqual(len(listed), books)
        self.assertEqual({(row[1], row[4]) for row in listed}, {(str(quantity), '1')})

    def commands(self):
        return next(int(figure['value']) for figure in self.run_json('status')['figures']
                    if figure['name'] == 'commands')

    def test_follow_and_watch(self):
        self.run_tool('restock 1 100')
        follower = self.start_tool('logs 1 --follow --json')
        watcher = self.start_tool('watch 1 --json')
        self.assertEqual(json.loads(follower.stdout.readline())['changeType'], 'restock')
        self.assertEqual(json.loads(watcher.stdout.readline())['changes'][0]['stock'], 100)
        for order in range(1, 31):
            self.run_tool(f'deduct 1 1 --order {order}')
        followed = [json.loads(follower.stdout.readline()) for _ in range(30)]
        self.assertEqual([(log['orderId'], log['sequence']) for log in followed],
                         [(str(n), str(n + 1)) for n in range(1, 31)])
        seen = 100
        while seen != 70:  # conflated: perhaps not every figure, but always the last
            for change in json.loads(watcher.stdout.readline())['changes']:
                self.assertLess(change['stock'], seen)
                seen = change['stock']
        self.assertEqual(self.service.stop(), 0)
        self.assertEqual(follower.wait(WAIT_SECONDS), FAULT)
        self.assertEqual(watcher.wait(WAIT_SECONDS), FAULT)

    def test_low_stock(self):
        self.run_tool('restock 1 9')
        self.run_tool('restock 2 10')
        self.assertEqual([row.split()[:2] for row in self.run_tool('list --low').splitlines()[1:]],
                         [['1', '9']])

    def test_status_health_and_backup(self):
        status = self.run_tool('status')
        self.assertIn('serving, version ', status)
        self.assertIn(f'store: embedded at {self.folder}/data', status)
        self.assertEqual(self.run_tool('health'), 'SERVING\n')
        self.assertEqual(self.run_tool('health --service inventory.v1.InventoryService'),
                         'SERVING\n')
        self.run_tool('health --service nobody', FAULT)
        self.run_tool('restock 1 100')
        backup = self.run_json('backup monday')
        self.assertTrue(pathlib.Path(backup['path']).is_dir())
        self.run_tool('backup monday', FAULT)
        for words in ('reconcile', 'adopt', 'ledger list', 'ledger retry 1', 'ledger skip 1 --yes',
                      'handover --to redis --yes'):
            self.run_tool(words, FAULT)
            self.assertIn('UNIMPLEMENTED', self.errors)

    def test_nobody_there(self):
        self.service.kill()
        self.run_tool('get 1 --timeout 300ms', FAULT)
        self.assertIn(f'running at {self.service.target}?', self.errors)
        self.run_tool('restock 1 5 --timeout 300ms', FAULT)
        self.assertIn('request id ', self.errors)


if __name__ == '__main__':
    ServiceTest.programs, INVENTORYCTL = (sys.argv[1], None), sys.argv[2]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
