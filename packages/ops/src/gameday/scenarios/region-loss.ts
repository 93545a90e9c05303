import { noneSees } from '../local/knowledge.ts';
import type { Scenario } from '../scenario.ts';

/** The region of the primary is gone, and another one must take over. */
export const regionLoss: Scenario = {
  name: 'region-loss',
  summary: 'The region of the primary is lost, its app and its database, and another region is promoted.',
  phases: ['detect', 'promote', 'write', 'stable'],
  mayLose: true,
  play: async ({ stage, inject, noticed, promote }) => {
    await inject('us-east-1', 'its app and its database are killed', () =>
      Promise.all([stage.apps['us-east-1'].kill(), stage.lab.region('us-east-1').kill()]),
    );
    await noticed('no process sees a primary in us-east-1', () => noneSees(stage, 'us-east-1'));
    await promote('eu-west-1');
  },
};
