import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { failoverFigure } from './failover-figure.ts';
import { resolveLocalhostNames } from './localhost-names.ts';
import { PLACE, REGIONS } from './names.ts';
import { createNarrator } from './narrator.ts';
import { type Stage, seconds, setStage } from './stage.ts';
import { tellStory } from './story.ts';

/**
 * `demo`: tells the story and ends. `--serve`: keeps three regions up. `--json`: prints the result and nothing else.
 * `--figure FILE`: draws the failover of this run there, as SVG, if every claim held.
 */
const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    json: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
    figure: { type: 'string' },
  },
});

resolveLocalhostNames();
const began = performance.now();
const narrator = createNarrator({
  write: (text) => void (flags.json || process.stdout.write(text)),
  colour: process.stdout.isTTY && !flags.json,
});

let stage: Stage | undefined;
const leave = async (status: number): Promise<never> => {
  await stage?.close();
  process.exit(status);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(flags.serve ? 0 : 130));

try {
  narrator.chapter('Three regions on this machine');
  stage = await setStage(narrator.say);
  if (flags.serve) await serve(stage);
  else await leave((await play(stage)) ? 0 : 1);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`demo: ${message}\n`);
  await leave(1);
}

async function serve({ url, openConsole }: Stage): Promise<void> {
  narrator.say('');
  narrator.say('Open the app as a user in each place sees it:');
  for (const place of REGIONS) narrator.say(`${PLACE[place].padEnd(10)} ${url(place)}/`);
  const page = await openConsole();
  narrator.say('');
  narrator.say('The console of the people on call, and the token that it asks for:');
  narrator.say(page.url);
  narrator.say(page.token);
  narrator.say('');
  narrator.say('Ctrl-C ends it.');
}

/** @returns whether every claim held */
async function play(ready: Stage): Promise<boolean> {
  const measured = await tellStory(ready, narrator);
  const { findings, lastSentToDeadRegion } = measured;
  const held = narrator.claims.every((claim) => claim.held);
  narrator.table('Measured in this run', [
    ['reads rerouted after', seconds(measured.readsReroutedAfterMs)],
    ['last led to the dead region after', seconds(lastSentToDeadRegion.totalMs)],
    ['  our part: health stops passing', seconds(lastSentToDeadRegion.appMs)],
    ['  DNS: the checkers agree', seconds(lastSentToDeadRegion.checkersMs)],
    ['  DNS: cached answers run out', seconds(lastSentToDeadRegion.cachesMs)],
    ['writes restored after', seconds(measured.writesRestoredAfterMs)],
    ['  of which after the promotion', seconds(measured.promotionToFirstWriteMs)],
    ['stable after', seconds(measured.stableAfterMs)],
    ['requests served', String(findings.ok)],
    ['requests failed', String(findings.failed)],
    ['writes acknowledged', String(findings.writesAcknowledged)],
    ['writes lost', `${findings.lost.length}`],
    ['writes duplicated', String(findings.duplicated.length)],
    ['stale reads', String(findings.staleReads)],
  ]);
  const failed = narrator.claims.filter((claim) => !claim.held).length;
  narrator.say('');
  narrator.say(
    held
      ? `All ${narrator.claims.length} claims held, ${seconds(performance.now() - began)}.`
      : `${failed} claims did not hold.`,
  );
  if (flags.figure !== undefined && held) writeFileSync(flags.figure, failoverFigure(measured.timeline));
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ held, claims: narrator.claims, measured }, undefined, 2)}\n`);
  return held;
}
