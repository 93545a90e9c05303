import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, install, type PackedPackage, pinned, ROOT, run, tell } from '../packed.ts';
import { driveNotes } from './drive-notes.ts';

/** Not pinned by the workspace: nothing else of ours needs them. */
const NEXT = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1', '@types/react': '19.3.3' };

/**
 * `next build` and `next start` with the routes of `examples/next`. It takes about a minute, so it is played only with
 * `REGIONKIT_WHOLE=1`.
 *
 * @param all the folder that has the lab
 */
export function checkNext(parent: string, packages: readonly PackedPackage[], all: string): void {
  if (process.env['REGIONKIT_WHOLE'] !== '1') {
    tell('NOT PLAYED: next build and next start (REGIONKIT_WHOLE=1 plays them)');
    return;
  }
  const folder = join(parent, 'next');
  const { regionkit = '', ...others } = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
  const types = Object.fromEntries(['typescript', '@types/node'].map((name) => [name, pinned(name)]));
  install(folder, { ...NEXT, ...types, regionkit, pg: pinned('pg') }, others);
  cpSync(join(ROOT, 'examples/next/src'), join(folder, 'src'), { recursive: true });
  cpSync(join(APPS, 'next'), folder, { recursive: true });
  const next = join(folder, 'node_modules/next/dist/bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1' };
  run(process.execPath, [next, 'build'], folder, env);
  tell(`Next ${NEXT.next}: ${driveNotes(folder, all, [next, 'start', '--hostname', '127.0.0.1'], env)}`);
}
