#!/usr/bin/python3
"""The image of deploy/Dockerfile, built on a bare Debian 12 of the same names, and what runs in it:
the service under its own account, through the eight checks.

Usage: image_test.py FOLDER [unittest's arguments]

It needs root, buildah, debootstrap and a Debian mirror. FOLDER keeps the bare Debian between runs.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / 'e2e'))
# pylint: disable=wrong-import-position
import eight_checks_test  # noqa: E402
from debian_root import OF_THE_MACHINE, bare_debian, run  # noqa: E402
from http_test import free_port  # noqa: E402
from service import WAIT_SECONDS, wait_for  # noqa: E402

BUILDAH = []
ENVIRONMENT = dict(os.environ, BUILDAH_ISOLATION='chroot')
FOLDER = IMAGE = None


def buildah(*words):
    return run(*BUILDAH, *words, env=ENVIRONMENT)


def build_image():
    """Under the names that the Dockerfile takes them by: there is no registry to have them from."""
    dockerfile = SOURCE / 'deploy/Dockerfile'
    container = buildah('from', 'scratch').strip()
    buildah('add', container, bare_debian(FOLDER), '/')
    for name in filter(os.path.exists, OF_THE_MACHINE):
        buildah('add', container, name, name)
    bases = set(re.findall(r'^FROM (\S+)', dockerfile.read_text(), re.M))
    for base in bases:
        buildah('commit', container, f'docker.io/library/{base}')
    buildah('rm', container)
    print('building the image', flush=True)
    buildah('bud', '-f', dockerfile, '-t', 'inventory-service', SOURCE)
    return buildah('from', 'inventory-service').strip()


class Image(eight_checks_test.ThroughInventoryctl):
    def setUp(self):
        self.target = f'127.0.0.1:{free_port()}'
        self.service = self  # whose target the tool is told
        log_path = FOLDER / 'service.log'
        with open(log_path, 'wb') as log:
            process = subprocess.Popen(
                [*BUILDAH, 'run', '-e', f'INVENTORY_SERVER_PORT={self.target.split(":")[1]}',
                 '-e', 'INVENTORY_HTTP_PORT=0', IMAGE, '--', *self.command()],
                env=ENVIRONMENT, stdout=log, stderr=log)
        self.addCleanup(process.wait, WAIT_SECONDS)
        self.addCleanup(process.terminate)
        wait_for('it is ready', lambda: ' ready ' in log_path.read_text(), process)

    @staticmethod
    def command():
        """The image's own, which buildah leaves to whoever runs a container."""
        line = buildah('inspect', '--format', '{{.OCIv1.Config.Entrypoint}}', IMAGE).strip()
        return line.strip('[]').split()

    def test_eight_checks(self):
        super().test_eight_checks()
        self.assertEqual(buildah('run', IMAGE, '--', 'id', '-un').strip(), 'inventory')


def main():
    global FOLDER, IMAGE  # pylint: disable=global-statement
    FOLDER = pathlib.Path(sys.argv.pop(1)).resolve()
    FOLDER.mkdir(parents=True, exist_ok=True)
    store = FOLDER / 'containers'
    BUILDAH[:] = ['buildah', '--storage-driver', 'vfs', '--root', store / 'root', '--runroot',
                  store / 'run']
    with tempfile.NamedTemporaryFile('w', suffix='-inventoryctl', delete=False) as tool:
        pass
    try:
        IMAGE = build_image()
        words = ' '.join(str(word) for word in BUILDAH)
        pathlib.Path(tool.name).write_text(
            f'#!/bin/sh\nBUILDAH_ISOLATION=chroot exec {words} run {IMAGE} -- inventoryctl "$@"\n')
        os.chmod(tool.name, 0o755)
        eight_checks_test.INVENTORYCTL = tool.name
        unittest.main(verbosity=2)
    finally:
        os.unlink(tool.name)
        shutil.rmtree(store, ignore_errors=True)


if __name__ == '__main__':
    main()
