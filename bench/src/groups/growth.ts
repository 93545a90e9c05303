import type { Group } from '../group.ts';
import { clients } from '../growing/clients.ts';
import { connections } from '../growing/connections.ts';
import { affinity, health } from '../growing/regions.ts';
import { router } from '../growing/router.ts';
import { configKeys, signingSecrets } from '../growing/secrets.ts';
import { sessions } from '../growing/sessions.ts';
import type { GrowthResult } from '../growth.ts';

export const group: Group = {
  name: 'how cost grows',
  run: async (tell) => {
    const results: GrowthResult[] = [];
    tell('regions');
    results.push(await affinity(), await health());
    results.push(...(await router(tell)));
    tell('clients');
    results.push(await clients(), await connections());
    tell('sessions');
    results.push(await sessions());
    tell('secrets');
    results.push(await configKeys(), await signingSecrets());
    return results;
  },
};
