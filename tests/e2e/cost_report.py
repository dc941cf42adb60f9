#!/usr/bin/python3
"""What a call costs the server in processor time, of two builds of the service: rounds of each in
turn, on fresh folders, under the same load. It asserts nothing.

  cost_report.py build/release/bin/inventory-service-unmeasured build/release/bin/inventory-service \\
                 build/release/bin/inventory-bench

tells what measuring for /metrics costs (build the first by its name; it is in no other target).
"""
import argparse
import json
import os
import pathlib
import statistics
import tempfile

from service import Service, WAIT_SECONDS

LOADS = {
    'DeductStock': ['deduct', '--books', '100'],
    'BatchDeductStock of 100': ['deduct', '--books', '100', '--batch', '100', '--in-flight', '16'],
    'GetStock and others': ['get', '--books', '100'],
}


def cpu_us_a_call(program, bench, load, seconds, store):
    """Processor time of the server, microseconds."""
    with tempfile.TemporaryDirectory(prefix='inventory-cost-') as folder:
        service = Service(program, bench, folder, store)
        try:
            service.start()
            before = service.cpu_ticks()
            run = service.bench(*load, '--seconds', str(seconds), '--warm-up', '0', '--json')
            output, _ = run.communicate(timeout=seconds + WAIT_SECONDS)
            used = service.cpu_ticks() - before
        finally:
            service.close()
    report = json.loads(output)
    return used * 1e6 / os.sysconf('SC_CLK_TCK') / report['calls']


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    parser.add_argument('first', type=pathlib.Path)
    parser.add_argument('second', type=pathlib.Path)
    parser.add_argument('bench', type=pathlib.Path)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--seconds', type=float, default=3)
    parser.add_argument('--store', default='embedded')
    parser.add_argument('--load', choices=LOADS, action='append')
    options = parser.parse_args()
    bench = options.bench.absolute()
    programs = [options.first.absolute(), options.second.absolute()]
    for name in options.load or LOADS:
        costs = [[], []]
        for turn in range(options.rounds):
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                costs[which].append(cpu_us_a_call(programs[which], bench, LOADS[name],
                                                  options.seconds, options.store))
        medians = [statistics.median(each) for each in costs]
        print(f'{name}, {options.store}, {options.rounds} rounds of {options.seconds:g} s each')
        for program, each, median in zip(programs, costs, medians):
            print(f'  {program.name:28} {median:8.2f} us of server CPU a call'
                  f' ({min(each):.2f} to {max(each):.2f})')
        ratio = statistics.median(b / a for a, b in zip(*costs))
        print(f'  the second costs {(medians[1] / medians[0] - 1) * 100:+.1f} %, '
              f'median of the rounds\' own ratios {(ratio - 1) * 100:+.1f} %', flush=True)


if __name__ == '__main__':
    main()
