import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import type { Lab } from '@regionkit/lab';
import pg, { type Pool } from 'pg';
import { SECRET } from '../router/setting.ts';
import type { Sample } from '../sample.ts';

const INSERT = "insert into drill (who) values ('x') returning inet_server_port() as port";
const PACE_MS = 5;
const PATIENCE_MS = 20_000;

/**
 * A standby is promoted while the old primary lives, and a router that reaches both goes on writing: the time until it
 * writes to the new one. Afterwards the others are standbys of the new primary.
 */
export async function besideALivePrimary<Name extends string>(lab: Lab<Name>, names: readonly Name[]): Promise<Sample> {
  const old = lab.primary.name;
  const next = names.find((name) => name !== old) as Name;
  const pools: Record<string, Pool> = Object.fromEntries(
    names.map((name) => [name, lab.region(name).pool({ from: old, max: 4 })]),
  );
  const router = createRegionRouter({
    regions: defineRegions({
      self: old as string,
      all: Object.fromEntries(names.map((name) => [name, { origin: `https://${name}.example.com` }])),
    }),
    pools,
    writes: 'remote-pool',
    hold: { timeoutMs: 30_000 },
    token: { secret: SECRET },
  });
  const bare = new pg.Client({ connectionString: lab.region(next).connectionString });
  bare.on('error', () => {});
  try {
    await router.ready();
    await router.write(INSERT);
    await bare.connect();
    const port = Number(new URL(lab.region(next).adminConnectionString).port);
    const began = performance.now();
    const first = async (write: () => Promise<{ readonly rows: readonly unknown[] }>): Promise<number> => {
      while (performance.now() - began < PATIENCE_MS) {
        const rows = await write().then(
          (result) => result.rows,
          () => [],
        );
        if ((rows[0] as { readonly port?: number } | undefined)?.port === port) return performance.now() - began;
        await new Promise((done) => setTimeout(done, PACE_MS));
      }
      return Number.NaN;
    };
    const [, ms, readyMs] = await Promise.all([
      lab.region(next).promote(),
      first(() => router.write(INSERT)),
      first(() => bare.query(INSERT)),
    ]);
    return { ms, readyMs };
  } finally {
    await Promise.all([router.close({ pools: true }), bare.end().catch(() => {})]);
    // The others may have what only the old primary wrote: they follow the new one from a fresh copy.
    await lab.region(old).kill();
    for (const name of names) if (name !== next) await lab.region(name).rejoin();
    await lab.caughtUp();
  }
}
