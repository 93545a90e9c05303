import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { labTest } from '@regionkit/lab/vitest';
import { twoFreePorts } from 'example-support';
import { createRegionKit, type RegionKit } from 'regionkit';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { bootCheck } from '../src/boot.ts';
import { every, oncePerSlot } from '../src/cron.ts';
import { serveLive } from '../src/live.ts';
import { migrate } from '../src/migrate.ts';
import { addNote, mailWorker } from '../src/queue.ts';
import { schemaIsHere } from '../src/schema.ts';
import { seed } from '../src/seed.ts';

type Name = 'us-east-1' | 'eu-west-1';
type Kit = RegionKit<Name, undefined, undefined>;
type Kits = Readonly<Record<Name, Kit>>;

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const NEWEST = '1700000000000_notes';
const WAIT = { timeout: 90_000, interval: 50 };

/** One process in each region, with the server of its own region alone. It serves notes, and health to the other region. */
const test = labTest<Name>({ regions: ['us-east-1', 'eu-west-1'] }).extend<{
  kits: Kits;
  origins: Record<Name, string>;
}>({
  origins: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern.
    async ({}, use) => {
      const [us, eu] = await twoFreePorts();
      await use({ 'us-east-1': `http://127.0.0.1:${us}`, 'eu-west-1': `http://127.0.0.1:${eu}` });
    },
    { scope: 'file' },
  ],
  kits: [
    async ({ lab, origins }, use) => {
      await lab.primary.query('grant create on database app to app; grant create on schema public to app');
      await lab.caughtUp();
      const started = (['us-east-1', 'eu-west-1'] as const).map((self) => {
        const kit = createRegionKit({
          self,
          regions: origins,
          databaseUrl: lab.region(self).connectionString,
          secret: 'a secret of the example, long enough to be one',
          development: true,
          health: { peers: { intervalMs: 500 } },
          router: { maxLagMs: 60_000 },
        });
        return { self, kit, server: serve(kit, origins[self]) };
      });
      const kits = Object.fromEntries(started.map(({ self, kit }) => [self, kit])) as unknown as Kits;
      await vi.waitUntil(() => started.every(({ kit }) => kit.router.topology().state === 'ready'), WAIT);
      await use(kits);
      for (const { server } of started) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.all(started.map(({ kit }) => kit.close()));
    },
    { scope: 'file' },
  ],
});

function serve(kit: Kit, origin: string): Server {
  const server = createServer(
    kit.node(async (request, response) => {
      await kit.router.write('insert into notes (text) values ($1)', [await text(request)]);
      response.writeHead(201).end();
    }),
  );
  serveLive(kit, server);
  return server.listen(Number(new URL(origin).port), '127.0.0.1');
}

const texts = async (from: { query(text: string): Promise<readonly unknown[]> }, like: string): Promise<unknown[]> =>
  ((await from.query(`select text from notes where text like '${like}' order by id`)) as { text: string }[]).map(
    (row) => row.text,
  );

// In the order in which they are needed: the last tests lose the primary.
describe('outside a request, in two regions', () => {
  test('migrations: the same job in both regions runs once, and each returns when its own region has the schema', async ({
    lab,
    kits,
  }) => {
    const standby = lab.region('eu-west-1');
    await standby.pauseReplay();
    let isHere = false;
    const inEurope = migrate(kits['eu-west-1'].router, MIGRATIONS).then((ran) => {
      isHere = true;
      return ran;
    });
    expect(await migrate(kits['us-east-1'].router, MIGRATIONS)).toEqual([NEWEST]);
    await expect(schemaIsHere(kits['eu-west-1'].router, NEWEST, 500)).rejects.toThrow('eu-west-1 has no migration');
    expect(isHere).toBe(false);
    await standby.resumeReplay();
    expect(await inEurope).toEqual([]);
    expect(await migrate(kits['us-east-1'].router, MIGRATIONS)).toEqual([]);
  });

  test('seeds: they may run again, and only where the primary is', async ({ lab, kits }) => {
    await seed(kits['us-east-1'].router);
    await seed(kits['us-east-1'].router);
    expect(await texts(lab.primary, '%')).toEqual(['welcome', 'how to begin']);
    await expect(seed(kits['eu-west-1'].router)).rejects.toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION' });
  });

  test('cron: a slot is done once, though every process of every region tries it at the same time', async ({
    lab,
    kits,
  }) => {
    const slot = new Date('2026-11-30T14:00:00Z');
    const tried = [kits['us-east-1'], kits['us-east-1'], kits['us-east-1'], kits['eu-west-1']].map(({ router }, at) =>
      oncePerSlot(router, 'report', slot, async (tx) => {
        await tx.query('insert into notes (text) values ($1)', [`cron ${at}`]);
      }),
    );
    const done = await Promise.all(tried);
    expect(done.filter((one) => one)).toHaveLength(1);
    expect(done[3]).toBe(false);
    expect(await texts(lab.primary, 'cron%')).toHaveLength(1);
  });

  test('cron: work that fails leaves its slot open', async ({ lab, kits }) => {
    const { router } = kits['us-east-1'];
    const slot = new Date('2026-11-30T15:00:00Z');
    const fail = async (): Promise<void> => {
      throw new Error('no paper');
    };
    await expect(oncePerSlot(router, 'report', slot, fail)).rejects.toThrow('no paper');
    expect(await oncePerSlot(router, 'report', slot, async () => {})).toBe(true);
    expect(await lab.primary.query('select from cron_runs')).toHaveLength(2);
  });

  test('websocket: a client that wrote by POST reads its write in its own region, with the token in the message', async ({
    lab,
    kits,
    origins,
  }) => {
    expect(kits['eu-west-1'].router.self).toBe('eu-west-1');
    const socket = new WebSocket(`${origins['eu-west-1'].replace('http', 'ws')}/live`);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    let id = 0;
    const ask = async (token: string | null): Promise<{ region?: string; notes?: string[]; error?: string }> => {
      id += 1;
      socket.send(JSON.stringify({ id, ...(token !== null && { token }) }));
      const [answer] = await once(socket, 'message');
      expect(JSON.parse(String(answer))).toMatchObject({ id });
      return JSON.parse(String(answer));
    };
    expect((await ask(null)).notes).toContain('welcome');

    const standby = lab.region('eu-west-1');
    await standby.pauseReplay();
    const written = await fetch(origins['eu-west-1'], { method: 'POST', body: 'over the wire' });
    expect(written.status).toBe(201);
    const token = written.headers.get('x-region-token');
    expect(await ask(token)).toEqual({ id, error: expect.stringMatching(/^ERR_(NOT_PRIMARY_REGION|REPLICA_BEHIND)$/) });
    await standby.resumeReplay();
    await vi.waitUntil(async () => (await ask(token)).notes?.includes('over the wire'), WAIT);
    expect((await ask(token)).region).toBe('eu-west-1');

    socket.send('not json');
    expect((await once(socket, 'close'))[0]).toBe(1008);
  });

  test('boot check, queue and cron over a failover', async ({ lab, kits, origins }) => {
    const sent: string[] = [];
    const bosses = new Map<Name, Parameters<typeof addNote>[1]>();
    const ends = (['us-east-1', 'eu-west-1'] as const).flatMap((name) => [
      mailWorker(
        kits[name].router,
        async (one) => void sent.push(`${name}: ${one}`),
        (boss) => bosses.set(name, boss),
      ),
      every(60_000, kits[name].router, 'minute', async (tx) => {
        await tx.query('insert into notes (text) values ($1)', [`minute in ${name} ${Date.now()}`]);
      }),
    ]);
    onTestFinished(async () => void (await Promise.all(ends.map((end) => end()))));
    await vi.waitUntil(() => bosses.has('us-east-1'), WAIT);
    expect(bosses.has('eu-west-1')).toBe(false);
    await addNote(kits['us-east-1'].router, bosses.get('us-east-1') as never, 'before');
    await vi.waitUntil(() => sent.includes('us-east-1: before'), WAIT);
    await vi.waitUntil(async () => (await texts(lab.primary, 'minute%')).length > 0, WAIT);
    // A note that cannot be written has no mail, either.
    await expect(addNote(kits['us-east-1'].router, bosses.get('us-east-1') as never, 'before')).rejects.toMatchObject({
      code: '23505',
    });
    await lab.caughtUp();

    await lab.region('us-east-1').kill();
    await vi.waitUntil(() => kits['eu-west-1'].router.topology().state !== 'ready', WAIT);
    // The primary is away. A process that is started now comes up, and reads.
    const restarted = createRegionKit({
      self: 'eu-west-1',
      regions: origins,
      databaseUrl: lab.region('eu-west-1').connectionString,
      secret: 'a secret of the example, long enough to be one',
      development: true,
    });
    onTestFinished(() => restarted.close());
    await bootCheck(restarted.router, NEWEST);

    await lab.region('eu-west-1').promote();
    await vi.waitUntil(() => bosses.has('eu-west-1'), WAIT);
    await addNote(kits['eu-west-1'].router, bosses.get('eu-west-1') as never, 'after');
    await vi.waitUntil(() => sent.includes('eu-west-1: after'), WAIT);
    // What the failed primary had done before it died was replicated: that mail is not sent again, and that slot is done.
    expect(sent).toEqual(['us-east-1: before', 'eu-west-1: after']);
    const slots = await lab
      .region('eu-west-1')
      .query<{ slots: string; runs: string }>(
        "select count(distinct slot) as slots, (select count(*) from notes where text like 'minute%') as runs from cron_runs where name = 'minute'",
      );
    expect(slots[0]?.runs).toBe(slots[0]?.slots);
  });
});
