import { createLab } from '@regionkit/lab';
import type { Group } from '../group.ts';
import { layer } from '../router/layer.ts';
import { ledgering } from '../router/ledger.ts';
import { reading, readingCausally } from '../router/reads.ts';
import { createTables, HERE, ROUND_TRIP_MS, routerIn, THERE } from '../router/setting.ts';
import { deciding } from '../router/tokens.ts';
import { writing, writingFromAfar } from '../router/writes.ts';
import type { TrialResult } from '../trial.ts';

export const group: Group = {
  name: 'router',
  run: async (tell) => {
    await using lab = await createLab({
      regions: [HERE, THERE],
      roundTripMs: ROUND_TRIP_MS,
      settings: { max_connections: 300 },
      onProgress: () => {},
    });
    await createTables(lab);
    const [here, there] = await Promise.all([routerIn(HERE, lab), routerIn(THERE, lab)]);
    const results: TrialResult[] = [];
    try {
      tell('deciding');
      results.push(await deciding(there));
      tell('reading from the replica next door');
      results.push(...(await reading(there, lab)));
      tell('reading with tokens');
      results.push(await readingCausally(lab, here));
      tell('the layer over a pool and over a client');
      results.push(...(await layer(here, lab)));
      tell('writing in the primary region');
      results.push(await writing(here, lab));
      tell('writing with a ledger');
      results.push(await ledgering(here, lab));
      tell(`writing over ${ROUND_TRIP_MS} ms`);
      results.push(...(await writingFromAfar(there, lab)));
    } finally {
      await Promise.all([here, there].map((router) => router.close({ pools: true })));
    }
    return results;
  },
};
