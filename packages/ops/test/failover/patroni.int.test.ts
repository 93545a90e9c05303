import type { RequestListener } from 'node:http';
import { tailSql } from '@regionkit/db-router/tail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webServer } from '../doctor/front/web-server.ts';
import type { Ran } from '../run.ts';
import { createSetup, type Name, type Setup, writersOf } from './lab-setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

interface Asked {
  readonly path: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** A REST interface of Patroni for the servers of the lab: what it is asked to do it does to them. */
async function patroni(
  options: { readonly config?: object; readonly answer?: number } = {},
): Promise<readonly Asked[]> {
  const { config = {}, answer = 200 } = options;
  const asked: Asked[] = [];
  const { lab } = setup;
  const origins = new Map<Name, string>();
  const rest: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url as string;
    if (path === '/config') return void response.end(JSON.stringify(config));
    if (path === '/cluster') {
      // As Patroni 3.0 answers. The last one has no address that the configuration knows, but that of its interface.
      const members = lab.regions.map((region) => ({
        name: `node-${region.name}`,
        role: region.role === 'primary' ? 'leader' : 'replica',
        ...(region.name === 'ap'
          ? { host: '10.0.0.1', port: 5432, api_url: `${origins.get('ap')}/patroni` }
          : { host: '127.0.0.1', port: region.port, api_url: 'http://10.0.0.1:8008/patroni' }),
      }));
      return void response.end(JSON.stringify({ members }));
    }
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { candidate: string };
    asked.push({ path, body, authorization: request.headers.authorization });
    const to = body.candidate.slice('node-'.length) as Name;
    if (answer === 200 && path === '/switchover') await lab.switchover({ to });
    if (answer === 200 && path === '/failover') await lab.failover({ to });
    response.writeHead(answer).end();
  };
  const regions = Object.fromEntries(
    await Promise.all(
      lab.regions.map(async ({ name, connectionString }) => {
        const url = new URL(connectionString);
        url.username = 'ops';
        url.password = 'ops';
        const origin = await webServer(rest);
        origins.set(name, origin);
        return [name, { databases: [url.href], patroni: origin }] as const;
      }),
    ),
  );
  await setup.configure({ regions, failover: { adapter: 'patroni', patroniLogin: 'admin:secret' } });
  return asked;
}

const ids = ({ records }: Ran): readonly string[] =>
  records.flatMap((record) => (record.type === 'finding' ? [record.id] : []));
const run = (...args: string[]): Promise<Ran> =>
  setup.ops('failover', 'run', '--stable', '500ms', '--execute', ...args);

describe('regionkit failover with Patroni', () => {
  it('asks for a switchover, and proves it on the servers', async () => {
    const asked = await patroni({ config: { postgresql: { use_pg_rewind: true } } });
    const ran = await run('--mode', 'switchover', '--to', 'eu');
    expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
    expect(asked).toEqual([
      {
        path: '/switchover',
        body: { leader: 'node-us', candidate: 'node-eu' },
        authorization: `Basic ${btoa('admin:secret')}`,
      },
    ]);
    expect(await writersOf(setup)).toEqual(['eu']);
    expect(ran.stdout).not.toContain('secret');
  });

  it('says when Patroni refuses, and nothing is promoted', async () => {
    await patroni({ answer: 412 });
    const ran = await run('--mode', 'switchover', '--to', 'ap');
    expect(ran.exit, ran.stdout).toBe(5);
    expect(ran.records.at(-1)).toMatchObject({
      summary: expect.stringMatching(/^promote: Patroni has refused it \(412\)/),
    });
    expect(await writersOf(setup)).toEqual(['eu']);
  });

  it('refuses when no REST interface answers', async () => {
    const regions = Object.fromEntries(
      setup.lab.regions.map(({ name, connectionString }) => [
        name,
        { databases: [connectionString], patroni: 'http://127.0.0.1:1' },
      ]),
    );
    await setup.configure({ regions, failover: { adapter: 'patroni' } });
    const ran = await run('--mode', 'switchover', '--to', 'ap');
    expect(ran.exit, ran.stdout).toBe(4);
    expect(ids(ran)).toEqual(['managed']);
  });

  it('refuses a failover under options that destroy what the old primary alone has, or the slot that lists it', async () => {
    await setup.lab.primary.query(tailSql({ role: 'app' }));
    const [slot] = await setup.lab.primary.query<{ name: string }>(
      "SELECT 'regionkit_tail_' || oid AS name FROM pg_database WHERE datname = current_database()",
    );
    await setup.lab.caughtUp();
    await setup.lab.region('eu').kill();
    await patroni({ config: { ignore_slots: [{ name: 'another' }] } });
    const drops = await run('--from', 'eu', '--accept-loss', 'unknown');
    expect(drops.exit, drops.stdout).toBe(4);
    expect(ids(drops)).toEqual(['rebuild-before-salvage']);
    expect(drops.stdout).toContain(`drops the slot ${slot?.name} as soon as the old primary comes back`);
    const asked = await patroni({
      config: { postgresql: { use_pg_rewind: true }, ignore_slots: [{ name: slot?.name, type: 'logical' }] },
    });
    const refused = await run('--from', 'eu', '--accept-loss', 'unknown');
    expect(refused.exit, refused.stdout).toBe(4);
    expect(ids(refused)).toEqual(['rebuild-before-salvage']);
    expect(refused.stdout).toContain('rewinds or wipes the old primary');
    expect(asked).toEqual([]);
    const ran = await run('--from', 'eu', '--to', 'ap', '--accept-loss', 'unknown', '--discard-tail');
    expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
    expect(asked).toMatchObject([{ path: '/failover', body: { candidate: 'node-ap' } }]);
    expect(await writersOf(setup)).toEqual(['ap']);
  });
});
