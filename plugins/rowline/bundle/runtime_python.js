'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

// Amazon Linux 2023, the base of these runtimes, has glibc 2.34, so wheels with any of these
// platform tags run there.
const PLATFORMS = ['manylinux2014', 'manylinux_2_17', 'manylinux_2_28', 'manylinux_2_34'];
const MACHINES = { arm64: 'aarch64', x86_64: 'x86_64' };

/** The interpreter whose pip builds the package. */
function findPython(serviceDir, option, env = process.env) {
  const local = path.join(serviceDir, '.venv', 'bin', 'python');
  const active = env.VIRTUAL_ENV && path.join(env.VIRTUAL_ENV, 'bin', 'python');
  return (
    option ||
    env.ROWLINE_PYTHON ||
    [local, active].find((file) => file && fs.existsSync(file)) ||
    'python3'
  );
}

/**
 * Returns the build target `{python, runtime, architecture, pip}`; `pip` has the arguments by which
 * pip chooses the right wheels.
 */
function findTarget({ build, python, runtime, architecture }) {
  if (build === 'host') {
    const script =
      'import platform, sys; ' +
      'print(f"python{sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}")';
    const [hostRuntime, machine] = execFileSync(python, ['-c', script], { encoding: 'utf8' })
      .trim()
      .split(' ');
    return {
      python,
      runtime: hostRuntime,
      architecture: ['aarch64', 'arm64'].includes(machine) ? 'arm64' : 'x86_64',
      pip: [],
    };
  }
  const version = /^python(3\.\d+)$/.exec(runtime ?? '')?.[1];
  if (!version)
    throw new Error(
      `provider.runtime is ${runtime ?? 'missing'}; it must be a Python runtime like python3.13.`,
    );
  const machine = MACHINES[architecture ?? 'x86_64'];
  if (!machine)
    throw new Error(`provider.architecture is ${architecture}; it must be arm64 or x86_64.`);
  const pip = [
    '--implementation',
    'cp',
    '--python-version',
    version,
    ...PLATFORMS.flatMap((platform) => ['--platform', `${platform}_${machine}`]),
  ];
  return { python, runtime, architecture: architecture ?? 'x86_64', pip };
}

module.exports = { findPython, findTarget };
