import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OperationsConfig } from '../../src/config/config.ts';
import { EXIT } from '../../src/exit-codes.ts';
import { loadModules } from '../../src/gameday/local/modules.ts';
import { createAddresses } from '../../src/gameday/local/served.ts';
import { createStage, type Stage } from '../../src/gameday/local/stage.ts';
import { createRandom } from '../../src/gameday/random.ts';
import type { DrillEnd, OpsRecord } from '../../src/records/record.ts';
import { startHookServer } from '../failover/hook-server.ts';
import { type Ran, run } from '../run.ts';

/** A drill waits up to five minutes until a busy machine serves well. */
const WITHIN_MS = 400_000;

interface Setup extends AsyncDisposable {
  readonly stage: Stage;
  readonly directory: string;
  configure(config?: Partial<OperationsConfig>): Promise<void>;
}

/** Three regions with apps, as a setup of one's own, and its configuration. */
async function createSetup(): Promise<Setup> {
  const modules = await loadModules();
  const addresses = await createAddresses(modules);
  const stage = await createStage(modules, {
    addresses,
    random: createRandom('remote'),
    dnsSlackMs: 0,
    twin: false,
    status: () => ({}),
    tell: () => {},
  });
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-gameday-'));
  return {
    stage,
    directory,
    configure: async (config = {}) => {
      const regions = Object.fromEntries(
        Object.entries(addresses.ports).map(([name, port]) => [
          name,
          {
            origin: `http://127.0.0.1:${port}`,
            databases: [stage.lab.region(name as keyof typeof addresses.ports).connectionString],
          },
        ]),
      );
      const given = { regions, operatorToken: addresses.operatorToken, ...config };
      await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify(given));
    },
    async [Symbol.asyncDispose]() {
      await stage.close();
      addresses[Symbol.dispose]();
      await rm(directory, { recursive: true });
    },
  };
}

/** What the journal of the directory holds now. */
async function journal(directory: string): Promise<readonly OpsRecord[]> {
  const [name] = await readdir(join(directory, 'gameday')).catch(() => [] as string[]);
  if (name === undefined || !name.endsWith('.ndjson')) return [];
  const text = await readFile(join(directory, 'gameday', name), 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as OpsRecord]));
}

/** Waits until it is so. Fails at once, with what the drill says, if the drill has ended before. */
async function before(drill: Promise<Ran>, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const over = drill.then(({ stdout, stderr }): never => {
    throw new Error(`the drill has ended before: ${stdout} ${stderr}`);
  });
  await Promise.race([over, expect.poll(isSo, { timeout: WITHIN_MS, interval: 100 }).toBe(true)]);
}

const ended = ({ records, stdout }: Ran): DrillEnd => {
  const end = records.find((record) => record.type === 'measured');
  if (end === undefined) throw new Error(`no drill has ended: ${stdout}`);
  return end;
};

describe("regionkit gameday run on one's own setup", () => {
  it('measures a fault that a person causes, from its first sign, and changes nothing', async () => {
    await using setup = await createSetup();
    const { stage, directory } = setup;
    await setup.configure();
    const drill = run(
      [
        'gameday',
        'run',
        '--path',
        '/drill',
        '--without',
        'us-east-1',
        '--stable',
        '2s',
        '--scenario',
        'my-loss',
        '--json',
      ],
      { directory },
    );
    const isReady = async (): Promise<boolean> =>
      (await journal(directory)).some((record) => record.type === 'step' && record.name === 'ready');
    await before(drill, isReady);
    await Promise.all([stage.apps['us-east-1'].kill(), stage.lab.region('us-east-1').kill()]);
    await stage.lab.failover({ to: 'eu-west-1' });

    const ran = await drill;
    expect(ran.stderr).toBe('');
    const end = ended(ran);
    expect(end, ran.stdout).toMatchObject({ scenario: 'my-loss', verdict: 'passed', wrongReads: 0 });
    expect(ran.exit).toBe(EXIT.ok);
    expect(ran.records[0]).toMatchObject({ type: 'drill', mode: 'observe' });
    const statuses = ran.records.flatMap((record) =>
      record.type === 'step' && record.name === 'status' ? [record.evidence] : [],
    );
    expect(statuses.join('\n')).toMatch(/eu-west-1\/0 writer on 2/);
    expect(ran.stdout).not.toContain('postgres');
  }, 600_000);

  it('lets the hooks of the configuration begin and end a fault, and ends it also when it is interrupted', async () => {
    await using setup = await createSetup();
    const { stage, directory } = setup;
    const app = stage.apps['ap-southeast-1'];
    const events: string[] = [];
    await using hooks = await startHookServer(async (event) => {
      events.push(event);
      await (event === 'inject' ? app.kill() : app.start());
      return 200;
    });
    // It answers when the app has started, however long that takes.
    const hook = { webhook: hooks.url, timeoutSeconds: 300 };
    await setup.configure({ gameday: { inject: [hook], end: [hook], holdSeconds: 1 } });
    const args = ['gameday', 'run', '--path', '/drill', '--inject', 'hooks', '--stable', '1s', '--json'];
    const ran = await run(args, { directory });
    expect(ran.stderr).toBe('');
    expect(ended(ran), ran.stdout).toMatchObject({ verdict: 'passed', lostWrites: 0 });
    expect(ended(ran).failedReads + ended(ran).refusedWrites).toBeGreaterThan(0);
    expect(events).toEqual(['inject', 'end']);

    const abort = new AbortController();
    await setup.configure({ gameday: { inject: [hook], end: [hook], holdSeconds: 3_600 } });
    const second = run([...args, '--out', 'second'], { directory, signal: abort.signal });
    await before(second, () => events.length === 3);
    abort.abort();
    expect((await second).exit).toBe(EXIT.interrupted);
    expect(events).toEqual(['inject', 'end', 'inject', 'end']);
  }, 600_000);
});
