import { spreadOverFleet } from '../config/fleet.ts';
import { outage } from '../config/outage.ts';
import { reading } from '../config/reads.ts';
import { refreshing } from '../config/refreshes.ts';
import type { Group } from '../group.ts';
import type { TrialResult } from '../trial.ts';

export const group: Group = {
  name: 'config',
  run: async (tell) => {
    const results: TrialResult[] = [];
    tell('reading');
    results.push(await reading());
    tell('refreshing');
    results.push(await refreshing());
    tell('a fleet');
    results.push(...(await spreadOverFleet()));
    tell('an outage');
    results.push(...(await outage()));
    return results;
  },
};
