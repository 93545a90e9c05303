import { noneSees } from '../local/knowledge.ts';
import type { Scenario } from '../scenario.ts';

/** How long the region is cut off, at least. */
const CUT_MS = 4_000;

/** A partition that heals: the wrong answer to it is a promotion on the other side. */
export const isolation: Scenario = {
  name: 'isolation',
  summary: 'The region of the primary is cut off from the others for some seconds, and nothing is promoted.',
  phases: ['detect', 'write', 'stable'],
  // The primary stays the same, so it has every write that was acknowledged.
  mayLose: false,
  play: async ({ stage, inject, noticed, pause, step }) => {
    await inject('us-east-1', 'it is cut off from the other regions, in both directions', () =>
      stage.isolate('us-east-1', true),
    );
    await noticed('no process in the other regions sees the primary', () =>
      noneSees(stage, 'us-east-1', ['eu-west-1', 'ap-southeast-1']),
    );
    await pause(CUT_MS);
    await step('us-east-1', 'the network heals', () => stage.isolate('us-east-1', false));
  },
};
