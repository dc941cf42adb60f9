#!/usr/bin/python3
"""Searches every state of ledger_protocol.pml: it must hold as it is, and fail without a safeguard.

Usage: model_test.py [--short | --only SAFEGUARD|as_it_is]

--short asks for each order once, which takes seconds instead of minutes, and leaves out what it
takes a second question to find.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).resolve().parent / 'ledger_protocol.pml'
# As the model's head lists them.
SAFEGUARDS = re.findall(r'^ \*   ([A-Z_]+)  ', MODEL.read_text(), re.M)
# These show only where an order is asked for again, or after long runs.
BY_REPETITION = {'DUPLICATES_FORGET', 'NO_WAIT_FOR_CURSOR', 'NO_AGE_OF_FACTS'}
BUILD = ['gcc', '-O2', '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=8192', '-o', 'pan', 'pan.c']


def run(command, folder):
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False).stdout


def search(safeguard, short):
    """(whether something was found, the whole output)"""
    with tempfile.TemporaryDirectory(prefix='inventory-model-') as folder:
        without = [f'-D{safeguard}'] if safeguard else []
        if short:
            without.append('-DSHORT')
        output = run(['spin', *without, '-a', str(MODEL)], folder)
        output += run(BUILD, folder)
        output += run(['./pan', '-m200000', '-n'], folder)
        # A search that was cut short has proved nothing.
        errors = re.search(r'errors: (\d+)', output)
        if not errors or (errors[1] == '0' and 'Search not completed' in output) or \
                'max search depth too small' in output:
            raise SystemExit(f'the search did not end:\n{output}')
        if errors[1] != '0':
            output += run(['spin', *without, '-p', '-g', '-k', f'{MODEL.name}.trail', str(MODEL)],
                          folder)[-20_000:]
        return errors[1] != '0', output


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--only', choices=['as_it_is', *SAFEGUARDS])
    parser.add_argument('--short', action='store_true')
    arguments = parser.parse_args()
    only, short = arguments.only, arguments.short
    sound = True
    for safeguard in [''] + SAFEGUARDS:
        if (only and only != (safeguard or 'as_it_is')) or (short and safeguard in BY_REPETITION):
            continue
        found, output = search(safeguard, short)
        states = re.search(r'([\d.e+]+) states, stored', output)
        print(f'{safeguard or "as it is":20} {states[1] if states else "?":>12} states  '
              f'{"fails" if found else "holds"}', flush=True)
        if found != bool(safeguard):
            sound = False
            print(output)
        elif only:
            print(output)
    return 0 if sound else 1


if __name__ == '__main__':
    sys.exit(main())
