import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '@regionkit/lab';
import { main } from '../../../packages/ops/src/main.ts';
import { salvage } from '../../../packages/ops/src/salvage/salvage.ts';
import type { Region } from '../regions.ts';

export interface SalvageKeys {
  readonly lab: Lab<Region>;
  readonly old: Region;
  /** The primary now. */
  readonly now: Region;
  /** No transaction below this number was the first of the timeline that left the old primary. */
  readonly firstXid: string;
}

/**
 * The keys that `regionkit salvage --ledger` tells as lost, as an operator would ask for them before an old primary is rebuilt.
 *
 * @throws {Error} It made no list.
 */
export async function salvageKeys({ lab, old, now, firstXid }: SalvageKeys): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-proof-salvage-'));
  try {
    const regions = Object.fromEntries(
      lab.regions.map(({ name, adminConnectionString }) => [name, { databases: [adminConnectionString] }]),
    );
    await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
    const out = join(directory, 'lost');
    let said = '';
    const write = (text: string): void => {
      said += text;
    };
    const exit = await main(
      ['salvage', '--old', old, '--new', now, '--out', out, '--first-xid', firstXid, '--ledger'],
      [salvage],
      { stdout: { write }, stderr: { write }, env: {}, directory, signal: new AbortController().signal },
    );
    const list = await readFile(join(out, 'lost-keys.ndjson'), 'utf8').catch(() => undefined);
    if (list === undefined) throw new Error(`salvage ended with ${exit}: ${said}`);
    return list.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { key: string }).key]));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
