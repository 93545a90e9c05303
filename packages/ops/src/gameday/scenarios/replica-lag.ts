import { isBehind } from '../local/knowledge.ts';
import type { Scenario } from '../scenario.ts';

/** How long the replay is paused, at least. */
const LAG_MS = 4_000;

/** A replica that falls behind: its clients must not read old data without a word. */
export const replicaLag: Scenario = {
  name: 'replica-lag',
  summary: 'A replica stops replaying what it receives, and clients of its region go on reading their own writes.',
  phases: ['detect', 'write', 'stable'],
  mayLose: false,
  play: async ({ stage, inject, noticed, pause, step }) => {
    const replica = stage.lab.region('eu-west-1');
    await inject('eu-west-1', 'its replay is paused', () => replica.pauseReplay());
    await noticed('the process of its region sees the lag', () => isBehind(stage, 'eu-west-1'));
    await pause(LAG_MS);
    await step('eu-west-1', 'its replay goes on', () => replica.resumeReplay());
  },
};
