import { parseArgs } from 'node:util';
import { resolveLocalhostNames } from '../localhost-names.ts';
import { REGIONS } from '../names.ts';
import { createNarrator } from '../narrator.ts';
import { seconds } from '../stage.ts';
import { openRehearsal, type Pace, type Rollout } from './rehearsal.ts';
import { BAD, FIRST, GOOD } from './versions.ts';

/** The whole form: every version through the pipeline, each with the same times. `--only 2.0.1` plays one. */
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    observe: { type: 'string', default: '90s' },
    json: { type: 'boolean', default: false },
  },
});
const PACE: Pace = { observe: values.observe, interval: '100ms', 'min-samples': '20', 'failure-limit': '0' };

resolveLocalhostNames();
const narrator = createNarrator({
  write: (text) => void (values.json || process.stdout.write(text)),
  colour: process.stdout.isTTY && !values.json,
});
narrator.chapter('Three regions, with clients in each');
const rehearsal = await openRehearsal(narrator.say);
const done: Rollout[] = [];
try {
  for (const version of [...BAD, GOOD].filter((one) => values.only?.includes(one.version) ?? true)) {
    narrator.chapter(`${version.version}: ${version.says}`);
    const rollout = await rehearsal.play(version, PACE);
    done.push(rollout);
    const regions = rollout.jobs.filter(({ id }) => ['first', 'second', 'third'].includes(id));
    const outcomes = regions.map(({ name, outcome }) => `${name} ${outcome}`).join(', ');
    const counted = `${rollout.requests} requests of clients, ${rollout.failed} failed, ${rollout.refused} writes refused and sent again, ${seconds(rollout.tookMs)}`;
    if (version === GOOD)
      narrator.claim(
        'the good version reaches every region',
        REGIONS.every((name) => rollout.running[name] === version.version),
        `${outcomes}; ${counted}`,
      );
    else
      narrator.claim(
        'the bad version stops in the first region, and the previous one serves',
        regions.map(({ outcome }) => outcome).join() === 'failure,skipped,skipped' &&
          rollout.reached.every((name) => name === REGIONS[0]) &&
          REGIONS.every((name) => rollout.running[name] === FIRST.version),
        `stopped at "${rollout.stoppedAt}"; ${outcomes}; ${counted}`,
      );
  }
} finally {
  await rehearsal.close();
}
if (values.json) process.stdout.write(`${JSON.stringify(done, undefined, 2)}\n`);
process.exit(narrator.claims.length > 0 && narrator.claims.every(({ held }) => held) ? 0 : 1);
