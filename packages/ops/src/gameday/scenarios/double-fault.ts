import { noneSees } from '../local/knowledge.ts';
import type { Scenario } from '../scenario.ts';

/** The primary and the standby that everybody counts on, at once. */
export const doubleFault: Scenario = {
  name: 'double-fault',
  summary: 'The region of the primary and the region of its nearest standby are lost at once; one region is left.',
  phases: ['detect', 'promote', 'write', 'stable'],
  mayLose: true,
  play: async ({ stage: { apps, lab }, stage, inject, noticed, promote }) => {
    await inject('us-east-1 and eu-west-1', 'their apps and their databases are killed', () =>
      Promise.all([
        apps['us-east-1'].kill(),
        apps['eu-west-1'].kill(),
        lab.region('us-east-1').kill(),
        lab.region('eu-west-1').kill(),
      ]),
    );
    await noticed('ap-southeast-1 sees no primary', () => noneSees(stage, 'us-east-1'));
    await promote('ap-southeast-1');
  },
};
