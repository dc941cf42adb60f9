#!/usr/bin/python3
"""What a call costs the server in processor time, of two builds of the service that take turns under
the same load, in several rounds on fresh folders. It asserts nothing.

  cost_report.py build/release/bin/inventory-service-unmeasured build/release/bin/inventory-service \\
                 build/release/bin/inventory-bench

tells what measuring for /metrics costs (build the first by its name; it is in no other target).
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import tempfile

from service import Service, WAIT_SECONDS

LOADS = {
    'DeductStock': ['deduct', '--books', '100'],
    'BatchDeductStock of 100': ['deduct', '--books', '100', '--batch', '100', '--in-flight', '16'],
    'GetStock and others': ['get', '--books', '100'],
}


def cpu_ns(service):
    """Processor time of all its threads so far."""
    tasks = pathlib.Path(f'/proc/{service.process.pid}/task')
    return sum(int((task / 'schedstat').read_text().split()[0]) for task in tasks.iterdir())


def load(service, words, seconds):
    """(processor time in nanoseconds, calls) of a load."""
    before = cpu_ns(service)
    run = service.bench(*words, '--seconds', str(seconds), '--warm-up', '0', '--json')
    output, _ = run.communicate(timeout=seconds + WAIT_SECONDS)
    return cpu_ns(service) - before, json.loads(output)['calls']


def one_round(programs, bench, words, options):
    """Processor time a call of each program, microseconds: short loads in turn, so that both see the
    same of what else the machine does."""
    used, calls = [0, 0], [0, 0]
    with contextlib.ExitStack() as stack:
        services = []
        for program in programs:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='inventory-cost-'))
            services.append(Service(program, bench, folder, options.store))
            stack.callback(services[-1].close)
            services[-1].start()
        for turn in range(options.slices):
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                cpu, answered = load(services[which], words, options.seconds / options.slices)
                used[which] += cpu
                calls[which] += answered
    return [cpu / 1e3 / count for cpu, count in zip(used, calls)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
    parser.add_argument('first', type=pathlib.Path)
    parser.add_argument('second', type=pathlib.Path)
    parser.add_argument('bench', type=pathlib.Path)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--seconds', type=float, default=4, help='of load on each, in a round')
    parser.add_argument('--slices', type=int, default=8, help='of these seconds')
    parser.add_argument('--store', default='embedded')
    parser.add_argument('--load', choices=LOADS, action='append')
    options = parser.parse_args()
    bench = options.bench.absolute()
    programs = [options.first.absolute(), options.second.absolute()]
    for name in options.load or LOADS:
        costs = [one_round(programs, bench, LOADS[name], options) for _ in range(options.rounds)]
        print(f'{name}, {options.store}, {options.rounds} rounds of {options.seconds:g} s each')
        for program, each in zip(programs, zip(*costs)):
            print(f'  {program.name:28} {statistics.median(each):8.2f} us of server CPU a call'
                  f' ({min(each):.2f} to {max(each):.2f})')
        ratios = [second / first - 1 for first, second in costs]
        print(f'  the second costs {statistics.median(ratios):+.1%} '
              f'(median of the rounds; {min(ratios):+.1%} to {max(ratios):+.1%})', flush=True)


if __name__ == '__main__':
    main()
