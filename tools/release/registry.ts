import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { reservePorts } from '../../packages/lab/src/index.ts';
import { run } from '../consumers/packed.ts';

const LOCKED = fileURLToPath(new URL('registry/', import.meta.url));

export interface Registry {
  readonly url: string;
  /** An `.npmrc` with which a client publishes here, by this address, and nowhere else. */
  settingsFor(url: string): string;
  close(): Promise<void>;
}

/**
 * A registry of npm on this machine (verdaccio, installed from the lock in `registry/`) that is empty, keeps everything in
 * `folder`, and asks the ordinary registry for all but our packages. Ours are never looked for elsewhere.
 */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(LOCKED, file), join(folder, file));
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'], folder);
  const ordinary = run('npm', ['config', 'get', 'registry'], folder).trim();
  const config = join(folder, 'config.yaml');
  writeFileSync(config, configOf(ordinary));

  const [port] = (await reservePorts(1)).ports as [number];
  const url = `http://127.0.0.1:${port}/`;
  const log = join(folder, 'verdaccio.log');
  const out = openSync(log, 'w');
  const child = spawn(
    process.execPath,
    [join(folder, 'node_modules/verdaccio/bin/verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`],
    { cwd: folder, stdio: ['ignore', out, out] },
  );
  const close = () => end(child);
  try {
    const endsAt = performance.now() + 60_000;
    while (
      !(await fetch(`${url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null || performance.now() > endsAt) {
        throw new Error(`verdaccio does not answer:\n${readFileSync(log, 'utf8')}`);
      }
      await pause(50);
    }
    const token = await signUp(url);
    return { url, settingsFor: (address) => settingsFor(address, token), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The scope has a line of its own: npm follows the registry of a scope, which a machine may have in its global settings,
 * before `--registry`.
 */
export const settingsFor = (url: string, token: string): string =>
  [
    `registry=${url}`,
    `@regionkit:registry=${url}`,
    `${url.replace(/^http:/, '')}:_authToken=${token}`,
    'loglevel=error',
    '',
  ].join('\n');

/** The account that publishes. It ends with the registry. */
async function signUp(url: string): Promise<string> {
  const name = 'release-check';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: crypto.randomUUID() }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`verdaccio made no account: ${response.status}`);
  return token;
}

const configOf = (ordinary: string): string => `
storage: ./storage
auth: { htpasswd: { file: ./htpasswd, max_users: 1 } }
uplinks: { ordinary: { url: ${JSON.stringify(ordinary)}, timeout: 60s, maxage: 60m } }
packages:
  '@regionkit/*': { access: $all, publish: $authenticated }
  'regionkit': { access: $all, publish: $authenticated }
  '**': { access: $all, proxy: ordinary }
max_body_size: 50mb
web: { enable: false }
log: { type: stdout, format: pretty, level: warn }
`;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
