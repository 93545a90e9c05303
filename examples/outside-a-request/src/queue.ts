import PgBoss from 'pg-boss';
import type { RegionRouter } from 'regionkit/db-router';
import { whilePrimary } from './while-primary.ts';

const QUEUE = 'mail';

function bossOn(router: RegionRouter): PgBoss {
  const boss = new PgBoss({ db: { executeSql: (text, values) => router.primary.query(text, values) } });
  boss.on('error', (error) => console.error('queue:', error.message)); // it asks again with its next poll
  return boss;
}

/** A note and its mail: both are kept, or none. Inside a request it runs where the gate has forwarded the request. */
export async function addNote(router: RegionRouter, boss: PgBoss, text: string): Promise<void> {
  await router.transaction(async (tx) => {
    await tx.query('insert into notes (text) values ($1)', [text]);
    const db = { executeSql: (sql: string, values: unknown[]) => tx.query(sql, values) };
    await boss.send(QUEUE, { text }, { db });
  });
}

/** In every process of every region: it works where the primary is, and moves with it. */
export function mailWorker(
  router: RegionRouter,
  send: (text: string) => Promise<void>,
  onStart: (boss: PgBoss) => void = () => {},
): () => Promise<unknown> {
  return whilePrimary(router, async () => {
    const boss = bossOn(router);
    await boss.start();
    await boss.createQueue(QUEUE, { name: QUEUE, retryLimit: 20, retryDelay: 1 });
    await boss.work<{ text: string }>(QUEUE, { pollingIntervalSeconds: 0.5 }, async (jobs) => {
      for (const { data } of jobs) await send(data.text);
    });
    onStart(boss);
    return () => boss.stop({ graceful: false, wait: false });
  });
}
