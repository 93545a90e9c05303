import type { RegionRouter } from 'regionkit/db-router';

const NOTES = ['welcome', 'how to begin'];

/** All or nothing, in one round trip. It may run again: after an unknown outcome, and with each deployment. */
export async function seed(router: RegionRouter): Promise<void> {
  await router.batch(
    NOTES.map((text) => ({ text: 'insert into notes (text) values ($1) on conflict do nothing', values: [text] })),
  );
}
