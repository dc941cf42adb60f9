"""A bare Debian 12, as a tar that is kept between runs. It takes root and a Debian mirror."""
import shutil
import subprocess

BARE = 'bare.tar'
# What a root has to have of the machine that runs the test: mirror, proxy, names.
OF_THE_MACHINE = ('/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/apt.conf.d',
                  '/etc/resolv.conf', '/etc/hosts')


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f'{command}: {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def bare_debian(folder):
    """The tar."""
    bare = folder / BARE
    if bare.exists():
        return bare
    print('making a bare Debian 12', flush=True)
    fresh = folder / 'fresh'
    shutil.rmtree(fresh, ignore_errors=True)
    run('debootstrap', '--variant=minbase', '--make-tarball', folder / 'packages.tar', 'bookworm',
        folder / 'unused')
    run('debootstrap', '--variant=minbase', '--unpack-tarball', folder / 'packages.tar', 'bookworm',
        fresh)
    run('tar', '-C', fresh, '-cf', bare, '.')
    shutil.rmtree(fresh)
    return bare
