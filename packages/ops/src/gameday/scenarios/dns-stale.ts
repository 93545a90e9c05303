import type { Scenario } from '../scenario.ts';

/** Clients that do not notice that a region has gone. */
export const dnsStale: Scenario = {
  name: 'dns-stale',
  summary: 'The app of a region is lost, and resolvers go on leading clients there after the answer has expired.',
  phases: ['detect', 'write', 'stable'],
  mayLose: false,
  // On the clock of the DNS: up to 3 s.
  dnsSlackMs: 120_000,
  play: async ({ stage, inject, noticed }) => {
    await inject('ap-southeast-1', 'its app is killed; its database stays', () => stage.apps['ap-southeast-1'].kill());
    await noticed('the DNS leads no new client to ap-southeast-1', () => !stage.dns.status('ap-southeast-1').healthy);
  },
};
