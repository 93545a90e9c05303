import type { LabRegion } from '@regionkit/lab';
import { ROWS } from '../app/schema.ts';
import type { RowEntry } from '../history/entries.ts';
import type { Region } from '../regions.ts';

type Row = Omit<RowEntry, 'type' | 'from' | 'survives' | 'version' | 'once'> & {
  readonly version: number | null;
  readonly once: string | null;
};

/** What the data directory of a region holds, whatever state its server is in; that state is not kept. */
export async function readRows(
  region: LabRegion<Region>,
  survives: boolean,
  /** Done while the abandoned server is up. */
  meanwhile: () => Promise<void> = async () => {},
): Promise<readonly RowEntry[]> {
  if (survives) return query(region, survives);
  // No other client may reach it meanwhile, nor between this and its end: an abandoned primary takes writes.
  if (region.status !== 'down') await region.kill();
  await region.drop();
  try {
    await region.returnAsIs();
    await meanwhile();
    return await query(region, survives);
  } finally {
    await region.kill();
    await region.heal();
  }
}

async function query(region: LabRegion<Region>, survives: boolean): Promise<readonly RowEntry[]> {
  const rows = await region.query<Row>(ROWS);
  return rows.map(({ version, once, ...row }) => ({
    type: 'row',
    from: region.name,
    survives,
    ...row,
    ...(version !== null && { version }),
    ...(once !== null && { once }),
  }));
}
