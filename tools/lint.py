#!/usr/bin/python3
"""clang-format over all C++ of this repository, clang-tidy over what is shipped.

Tests, benchmarks and fuzz targets are left to the compilers' warnings: they are half of the code,
and clang-tidy is slow. For the same reason a file that passed is not looked at again until it, a
header of this repository that it includes, its compile command, the proto or the checks change.
What passed is remembered by content in ~/.cache/inventory-service-lint, for all clones.

Usage: lint.py [FILE ...]     needs build/release/compile_commands.json; no FILE: all of them
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / 'build/release'
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache',
                     'inventory-service-lint')
KEEP_DAYS = 30
UNSHIPPED = re.compile(r'_(test|bench|fuzz)\.cc$|_testing\.cc$|/tests/')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def run(command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)


def check_format():
    names = run(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.cc',
                 '*.h']).stdout.split()
    result = run(['clang-format', '--dry-run', '-Werror'] +
                 [name for name in names if (ROOT / name).is_file()])
    if result.returncode:
        sys.stderr.write(result.stdout + 'lint: `./dev fmt` puts the formatting right\n')
    return result.returncode == 0


def closure(path, seen):
    """Adds the file and all headers of this repository that it reaches."""
    if path in seen:
        return
    seen.add(path)
    for include in INCLUDE.findall(path.read_text()):
        for base in (ROOT / 'src', ROOT, path.parent):
            if (base / include).is_file():
                closure((base / include).resolve(), seen)
                break


def key(path, command, common):
    """Names what a run of clang-tidy over the file depends on."""
    files = set()
    closure(path, files)
    digest = hashlib.sha256(common)
    digest.update(command.replace(str(ROOT), '').encode())
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b'\0' + file.read_bytes() + b'\0')
    return digest.hexdigest()


def common_key():
    proto = b''.join(path.read_bytes() for path in sorted(ROOT.glob('proto/**/*.proto')))
    version = run(['clang-tidy', '--version']).stdout.encode()
    return version + (ROOT / '.clang-tidy').read_bytes() + proto


def tidy(path, passed):
    started = time.monotonic()
    # The compile database is g++'s; clang does not know all of its flags.
    result = run(['clang-tidy', '-p', str(BUILD), '--quiet',
                  '--extra-arg=-Wno-unknown-warning-option', str(path)])
    if result.returncode == 0:
        passed.touch()
        output = ''
    else:
        output = re.sub(r'^\d+ warnings?.*generated\.\n', '', result.stdout, flags=re.M)
    return path.relative_to(ROOT), time.monotonic() - started, output


def forget_old():
    for entry in CACHE.iterdir():
        if entry.stat().st_mtime < time.time() - KEEP_DAYS * 86400:
            entry.unlink()


def check_tidy(only):
    CACHE.mkdir(parents=True, exist_ok=True)
    forget_old()
    common = common_key()
    jobs = []
    for entry in json.loads((BUILD / 'compile_commands.json').read_text()):
        path = pathlib.Path(entry['file']).resolve()
        if BUILD in path.parents or UNSHIPPED.search(str(path)) or (only and path not in only):
            continue
        passed = CACHE / key(path, entry['command'], common)
        if passed.exists():
            passed.touch()
        else:
            jobs.append((path, passed))
    sound, seconds = True, 0.0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(tidy, *job) for job in jobs]):
            path, took, output = done.result()
            seconds += took
            print(f'clang-tidy {path} {took:.1f} s', flush=True)
            if output:
                sound = False
                sys.stderr.write(output)
    print(f'clang-tidy: {len(jobs)} files looked at in {seconds:.0f} s of work, the rest unchanged')
    return sound


def main():
    only = [pathlib.Path(name).resolve() for name in sys.argv[1:]]
    formatted = check_format()
    return 0 if check_tidy(only) and formatted else 1


if __name__ == '__main__':
    sys.exit(main())
