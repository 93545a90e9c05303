import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Name, startLab } from './lab.ts';

interface Script {
  readonly us: string;
  readonly eu: string;
  readonly holdMs?: number;
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly input?: string;
  /** Ends itself with status 7 after as long, by a timer that does not keep it alive. */
  readonly aliveMs?: number;
}

/** Runs a script of `keeps-alive/` to its end. */
async function run(name: string, { us, eu, holdMs = 20_000, flags = [], args = [], input, aliveMs = 0 }: Script) {
  const file = fileURLToPath(new URL(`keeps-alive/${name}.ts`, import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '-C', '@regionkit/source', '--no-warnings', ...flags, file, ...args],
    {
      env: { ...process.env, US: us, EU: eu, HOLD_MS: String(holdMs), ALIVE_MS: String(aliveMs) },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end(input);
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number | null, out, errors };
}

const NOWHERE = 'postgres://app@127.0.0.1:1/app';
const READS = ['ready', 'read', 'read-only transaction', 'connect for a read'];
const WRITES = [
  'write',
  'transaction',
  'batch',
  'connect',
  'pool.query',
  'pool.query with a callback',
  'locatePrimary',
];
/** Of the jobs that are held in vain: all in CI; an ordinary run, which must not take long, plays one of each way to wait. */
const QUICK = ['write', 'connect', 'read'];
const inVain = (jobs: readonly string[]): readonly string[] =>
  jobs.filter((job) => job !== 'ready' && (QUICK.includes(job) || process.env['REGIONKIT_WHOLE'] === '1'));

describe('a process does not end while it awaits the router', () => {
  let lab: Lab<Name>;
  let healthy: { readonly us: string; readonly eu: string };
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    healthy = { us: lab.region('us').connectionString, eu: lab.region('eu').connectionString };
    await lab.primary.query('GRANT CREATE ON SCHEMA public TO app');
  });
  afterAll(() => lab.close());

  it.each([...READS, ...WRITES])('%s, on healthy databases', async (job) => {
    expect(await run('job', { ...healthy, args: [job] })).toMatchObject({ code: 0, out: 'done\n' });
  });

  it('a boot check before listen()', async () => {
    expect(await run('boot', healthy)).toMatchObject({ code: 0, out: 'listening\n' });
  });

  it('the migrations of Knex over router.pool', async () => {
    expect(await run('migrate', healthy)).toMatchObject({ code: 0, out: 'migrated 1 one\n' });
    expect(await lab.primary.query("SELECT to_regclass('migrated') IS NOT NULL AS there")).toEqual([{ there: true }]);
  });

  it('a prompt whose input has ended', async () => {
    const input = 'SELECT 1 AS one\nSELECT 2 AS two\n';
    const { code, out } = await run('lines', { ...healthy, input });
    expect({ code, out }).toEqual({ code: 0, out: '[{"one":1}]\n[{"two":2}]\nend of input\n' });
  });

  it('node --test', async () => {
    const { code, out } = await run('suite', { ...healthy, flags: ['--test', '--test-reporter=tap'] });
    expect(out).toMatch(/^# pass 1$/m);
    expect(code).toBe(0);
  });

  it('and ends at once when nobody waits: looking in the background keeps nothing alive', async () => {
    expect(await run('idle', healthy)).toMatchObject({ code: 0 });
    expect(await run('idle', { us: NOWHERE, eu: NOWHERE })).toMatchObject({ code: 0, out: 'no primary\n' });
    await lab.region('eu').freeze();
    onTestFinished(() => lab.region('eu').thaw());
    expect(await run('idle', { us: healthy.eu, eu: healthy.eu })).toMatchObject({ code: 0, out: 'no primary\n' });
  });

  describe('while there is no primary', () => {
    beforeAll(() => lab.region('us').kill());

    it.each(inVain(WRITES))('%s is held in vain: a rejection, and exit code 1', async (job) => {
      const { code, out, errors } = await run('job', { ...healthy, holdMs: 300, args: [job] });
      expect(errors).toContain('ERR_NO_PRIMARY');
      expect({ code, out }).toEqual({ code: 1, out: '' });
    });

    it.each(inVain(READS))('%s is held in vain: a rejection, and exit code 1', async (job) => {
      // Nobody can tell how far the standby is behind: this process has never seen a primary.
      const { code, out, errors } = await run('job', { ...healthy, holdMs: 300, args: [job] });
      expect(errors).toContain('ERR_NO_READABLE_NODE');
      expect({ code, out }).toEqual({ code: 1, out: '' });
    });
  });
});

describe('a process that reaches no database at all', () => {
  const nowhere = { us: NOWHERE, eu: NOWHERE, holdMs: 300 };

  it.each(inVain(WRITES))('%s: a rejection, and exit code 1', async (job) => {
    const { code, out, errors } = await run('job', { ...nowhere, args: [job] });
    expect(errors).toContain('ERR_NO_PRIMARY');
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  it.each(inVain(READS))('%s: a rejection, and exit code 1', async (job) => {
    const { code, out, errors } = await run('job', { ...nowhere, args: [job] });
    expect(errors).toContain('ERR_NO_READABLE_NODE');
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  it('goes on waiting in ready()', async () => {
    expect(await run('job', { ...nowhere, aliveMs: 500, args: ['ready'] })).toMatchObject({ code: 7, out: '' });
  });
});
