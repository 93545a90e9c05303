import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationsConfig } from '../../src/config/config.ts';
import { makeCertificate, webServer } from '../doctor/front/web-server.ts';
import { createSetup, type Name, type Setup } from '../failover/lab-setup.ts';
import type { Ran } from '../run.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
  await setup.lab.region('us').query('CREATE TABLE notes (id text primary key); GRANT ALL ON notes TO app');
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const steps = ({ records }: Ran): readonly string[] =>
  records.flatMap((record) => (record.type === 'step' ? [`${record.where} ${record.name} ${record.state}`] : []));
const evidence = ({ records }: Ran, name: string): string =>
  records.flatMap((record) => (record.type === 'step' && record.name === name ? [record.evidence] : [])).join('; ');
const databases = (name: Name): readonly string[] => {
  const url = new URL(setup.lab.region(name).connectionString);
  url.username = 'ops';
  url.password = 'ops';
  return [url.href];
};
const smoke = async (
  regions: OperationsConfig['regions'],
  args: readonly string[],
  config: Partial<OperationsConfig> = {},
): Promise<Ran> => {
  await setup.configure({ regions, ...config });
  return setup.ops('smoke-test', ...args);
};
const detail =
  (region: string, version?: string): RequestListener =>
  (_request, response) =>
    void response.end(JSON.stringify({ status: 'pass', reads: 'pass', writes: 'pass', region, version, regions: [] }));

describe('regionkit smoke-test: read and write, through the databases', () => {
  it('writes a row of its own and reads it in another region, region by region', async () => {
    const ran = await smoke({ us: { databases: databases('us') }, eu: { databases: databases('eu') } }, []);
    expect(ran.exit, ran.stdout).toBe(0);
    expect(steps(ran)).toEqual(['us read done', 'us write done', 'eu read done', 'eu write done']);
    expect(evidence(ran, 'write')).toMatch(
      /written on us\/0 in \d+ ms, read on eu\/0 \d+ ms later; written on us\/0 .* read on eu\/0/,
    );
    expect(await setup.lab.region('us').query(`SELECT FROM regionkit.smoke WHERE id LIKE 'smoke/%'`)).toEqual([]);
  });

  it('stops at the first bad region', async () => {
    const ran = await smoke(
      { eu: { databases: ['postgresql://ops:ops@127.0.0.1:1/app'] }, us: { databases: databases('us') } },
      [],
    );
    expect(ran.exit, ran.stdout).toBe(1);
    expect(steps(ran)).toEqual(['eu read failed']);
    expect(ran.records.at(-1)).toMatchObject({ summary: expect.stringMatching(/^eu: read: .* Not tested: us\.$/) });
  });

  it('fails when a row does not arrive: replay is paused', async () => {
    await setup.lab.region('eu').pauseReplay();
    try {
      const ran = await smoke({ us: { databases: databases('us') }, eu: { databases: databases('eu') } }, [
        '--region',
        'eu',
      ]);
      expect(ran.exit, ran.stdout).toBe(1);
      expect(evidence(ran, 'write')).toMatch(/but not on eu\/0 within 10 s/);
    } finally {
      await setup.lab.region('eu').resumeReplay();
    }
  });

  it('without another region that reads, a write is not known', async () => {
    const ran = await smoke({ us: { databases: databases('us') } }, []);
    expect(ran.exit, ran.stdout).toBe(3);
    expect(steps(ran)).toEqual(['us read done', 'us write unknown']);
  });

  it('observes, and too few samples are never a pass', async () => {
    const regions = { us: { databases: databases('us') }, eu: { databases: databases('eu') } };
    const few = await smoke(regions, [
      '--region',
      'eu',
      '--observe',
      '1ms',
      '--interval',
      '50ms',
      '--min-samples',
      '20',
    ]);
    expect(few.exit, few.stdout).toBe(3);
    expect(evidence(few, 'observe')).toMatch(/needed are 20/);
    const junit = join(setup.directory, 'smoke.xml');
    const enough = await smoke(regions, [
      '--region',
      'eu',
      '--observe',
      '1s',
      '--interval',
      '1ms',
      '--min-samples',
      '1',
      '--junit',
      junit,
    ]);
    expect(enough.exit, enough.stdout).toBe(0);
    expect(steps(enough)).toEqual(['eu read done', 'eu write done', 'eu observe done']);
    const xml = await readFile(junit, 'utf8');
    expect(xml.match(/<testcase name="(?:read|write|observe)" classname="eu"/g)).toHaveLength(3);
  });
});

describe('regionkit smoke-test: the app', () => {
  it('takes the region and the version from the detail of health', async () => {
    const us = await webServer(detail('us', '1.2.3'));
    const regions = { us: { origin: us } };
    const good = await smoke(regions, ['--expect-version', '1.2.3'], { healthToken: 'x'.repeat(16) });
    expect(steps(good)).toEqual(['us dns done', 'us app done']);
    expect(good.exit, good.stdout).toBe(0);
    const old = await smoke(regions, ['--expect-version', '1.2.4']);
    expect(old.exit, old.stdout).toBe(1);
    expect(evidence(old, 'app')).toMatch(/its version is 1\.2\.3, not 1\.2\.4/);
    const elsewhere = await smoke({ eu: { origin: us } }, []);
    expect(elsewhere.exit, elsewhere.stdout).toBe(1);
    expect(evidence(elsewhere, 'app')).toMatch(/calls itself us/);
  });

  it('without the detail a version is not known', async () => {
    const us = await webServer((_request, response) => void response.end('{"status":"pass"}'));
    expect((await smoke({ us: { origin: us } }, [])).exit).toBe(0);
    expect((await smoke({ us: { origin: us } }, ['--expect-version', '1'])).exit).toBe(3);
  });

  it.each([
    ['a redirect', (_request, response) => void response.writeHead(302, { location: '/' }).end()],
    ['a failing health', (_request, response) => void response.writeHead(503).end()],
    ['a connection that ends', (request) => void request.socket.destroy()],
  ] as readonly (readonly [string, RequestListener])[])('is bad: %s', async (_, listener) => {
    const ran = await smoke({ us: { origin: await webServer(listener) } }, []);
    expect(ran.exit, ran.stdout).toBe(1);
    expect(steps(ran)).toEqual(['us dns done', 'us app failed']);
  });

  it('is asked at the address of --resolve, over TLS with its own name', async () => {
    const certificate = makeCertificate(['app.example.test'], 30);
    const port = new URL(await webServer(detail('us'), certificate)).port;
    const regions = { us: { origin: `https://app.example.test:${port}` } };
    const args = ['--resolve', `app.example.test:${port}:127.0.0.1`];
    const trusted = await smoke(regions, args, { caFile: certificate.certFile });
    expect(trusted.exit, trusted.stdout).toBe(0);
    expect(steps(trusted)).toEqual(['us dns done', 'us tls done', 'us app done']);
    expect(evidence(trusted, 'tls')).toMatch(/valid for (29|30) days more/);
    const unknown = await smoke(regions, args);
    expect(unknown.exit, unknown.stdout).toBe(1);
    expect(steps(unknown)).toEqual(['us dns done', 'us tls failed']);
    const nowhere = await smoke({ us: { origin: 'https://app.example.invalid' } }, []);
    expect(steps(nowhere)[0]).toMatch(/us dns (failed|unknown)/);
    expect(nowhere.exit).not.toBe(0);
    expect(readFileSync(certificate.certFile, 'utf8')).toContain('CERTIFICATE');
  });

  it('writes through one app, and reads through another with the token of the write', async () => {
    // The token is the position: the other app waits until it has replayed so far.
    let ownReadFails = false;
    const us = await webServer(async (request, response) => {
      const asked = new URL(request.url as string, 'http://x').searchParams.get('id');
      if (asked !== null) {
        if (ownReadFails) return void response.writeHead(500).end();
        const rows = await setup.lab.region('us').query('SELECT id FROM notes WHERE id = $1', [asked]);
        return void response.end(JSON.stringify(rows));
      }
      if (request.method !== 'POST') return detail('us')(request, response);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { id } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string };
      await setup.lab.region('us').query('INSERT INTO notes VALUES ($1)', [id]);
      const [row] = await setup.lab
        .region('us')
        .query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
      response.writeHead(201, { 'x-region-token': row?.lsn as string }).end();
    });
    let withToken = true;
    const eu = await webServer(async (request, response) => {
      const id = new URL(request.url as string, 'http://x').searchParams.get('id');
      if (id === null) return detail('eu')(request, response);
      const token = request.headers['x-region-token'];
      if (withToken) {
        await expect
          .poll(() => setup.lab.region('eu').query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS seen', [token]), {
            timeout: 60_000,
          })
          .toEqual([{ seen: true }]);
      }
      const rows = withToken ? await setup.lab.region('eu').query('SELECT id FROM notes WHERE id = $1', [id]) : [];
      response.end(JSON.stringify(rows));
    });
    const regions = { us: { origin: us, databases: databases('us') }, eu: { origin: eu, databases: databases('eu') } };
    const good = await smoke(regions, ['--region', 'us', '--path', '/notes']);
    expect(good.exit, good.stdout).toBe(0);
    expect(evidence(good, 'write')).toMatch(
      /through the apps: written by us in \d+ ms, read by eu in \d+ ms and us in \d+ ms/,
    );
    ownReadFails = true;
    const own = await smoke(regions, ['--region', 'us', '--path', '/notes']);
    expect(own.exit, own.stdout).toBe(1);
    expect(evidence(own, 'write')).toMatch(/the app of us answered 500 to the read/);
    ownReadFails = false;
    withToken = false;
    const missed = await smoke(regions, ['--region', 'us', '--path', '/notes']);
    expect(missed.exit, missed.stdout).toBe(1);
    expect(evidence(missed, 'write')).toMatch(/has missed the write, in spite of its token/);
  });
});

describe('regionkit smoke-test: what is not tested is said', () => {
  const notes = ({ records }: Ran): readonly string[] =>
    records.flatMap((record) => (record.type === 'finding' ? [`${record.level} ${record.id} ${record.evidence}`] : []));

  it('names the layers for which a region has nothing in the configuration', async () => {
    const us = await webServer(detail('us'));
    expect(notes(await smoke({ us: { origin: us } }, []))).toEqual([
      "note layer-not-tested us: tls was not tested (regions['us'].origin is http), read, write were not tested (regions['us'].databases is not configured).",
    ]);
    const bare = await smoke({ us: { databases: databases('us') }, eu: { databases: databases('eu') } }, []);
    expect(notes(bare)).toEqual([
      expect.stringMatching(
        /^note layer-not-tested us: dns, tls, app were not tested \(regions\['us'\]\.origin is not/,
      ),
      expect.stringMatching(/^note layer-not-tested eu: /),
    ]);
    expect(notes(await smoke({ us: { origin: us } }, ['--layers', 'dns,app']))).toEqual([]);
  });

  it.each([
    [['--path', '/notes'], /--path: the layer write is not tested in us/],
    [['--path', '/notes', '--layers', 'dns,app'], /--path: the layer write is not tested in us/],
    [['--expect-version', '1', '--layers', 'dns'], /--expect-version: the layer app is not tested in us/],
    [
      ['--resolve', 'app.example.com:443:192.0.2.7'],
      /--resolve: no region that is tested has the origin app\.example\.com:443/,
    ],
    [['--min-samples', '5'], /--min-samples needs --observe/],
    [['--interval', '5s'], /--interval needs --observe/],
    [['--failure-limit', '5'], /--failure-limit needs --observe/],
  ])('refuses %j, which would have no effect, with exit code 2', async (args, says) => {
    const ran = await smoke({ us: { origin: await webServer(detail('us')) } }, args);
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stderr).toMatch(says);
  });

  it('refuses --path for a region without an origin with exit code 2', async () => {
    const ran = await smoke({ us: { databases: databases('us') } }, ['--path', '/notes']);
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stderr).toMatch(/--path needs regions\['us'\]\.origin/);
  });
});

describe('regionkit smoke-test: bad input', () => {
  it.each([
    [['--region', 'sa']],
    [['--layers', 'dns,http']],
    [['--layers', 'app']],
    [['--resolve', 'x']],
    [['--observe', 'long']],
    [['--interval', '0s']],
    [['--min-samples', 'many']],
    [['--path', 'notes']],
  ])('refuses %j with exit code 2', async (args) => {
    const ran = await smoke({ us: { databases: databases('us') } }, args as string[]);
    expect(ran.exit, ran.stdout).toBe(2);
    expect(ran.stdout).toBe('');
  });
});
