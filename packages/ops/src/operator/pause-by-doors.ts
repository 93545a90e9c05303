import { StepFailure } from '../failover/steps/step.ts';
import { list as listText, seconds } from '../options/text.ts';
import type { Doors, OrderResult } from './ask-doors.ts';
import type { ProcessStatus } from './process-status.ts';

const nameOf = ({ host, pid }: ProcessStatus): string => `${host}:${pid}`;

/** Reasons for which another process of the region would refuse, too. */
const FINAL = new Set(['already-paused', 'too-soon']);

interface Pausing {
  /** The region of the primary: only its processes may pause. */
  readonly region: string;
  readonly timeoutMs: number;
  readonly reason: string;
  /** Whether this run has asked for a pause before: then one may still be on. */
  readonly isAgain: boolean;
}

/**
 * Lets one process of the primary's region pause the writes of all regions, and waits until none is under way.
 *
 * @throws {StepFailure} Writes are under way, or no process has paused. Then no pause is on any more.
 */
export async function pauseByDoors(doors: Doors, { region, timeoutMs, reason, isAgain }: Pausing): Promise<string> {
  const found = await doors.ask();
  const here = found.find((one) => one.region === region);
  if (here === undefined || here.processes.length === 0) {
    throw new StepFailure(
      `no operator door of ${region} answers (${here?.why ?? 'it has no origin'}): no write was paused`,
    );
  }
  const met = found.filter(({ processes }) => processes.length > 0);
  const processes = Object.fromEntries(met.map(({ region: name, processes: all }) => [name, all.length]));
  let result: OrderResult | undefined;
  for (const process of here.processes) {
    result = await doors.order(process, { action: 'pause', reason, pause: { timeoutMs, processes } });
    if (result.outcome === 'refused' && FINAL.has(result.reason ?? '') && isAgain) {
      return 'the pause of an earlier attempt is on, or ended a moment ago: a write that meets the fence fails';
    }
    if (result.outcome === 'done') {
      const { drained, underWay, leftMs, waitingFor } = result.pause ?? NOT_SAID;
      const by = `${region} ${nameOf(process)}`;
      if (drained) return `${by} holds the writes of all regions for ${seconds(leftMs)}, and none is under way`;
      await doors.order(process, { action: 'resume', reason: `not paused: ${reason}` });
      const why = waitingFor.length === 0 ? '' : `: ${listText(waitingFor)}`;
      throw new StepFailure(`${underWay} writes did not end under the pause${why}; writes go on`);
    }
    if (result.outcome === 'refused' && FINAL.has(result.reason ?? '')) break;
  }
  throw new StepFailure(`no process of ${region} has paused the writes: ${whyOf(result)}`);
}

/** Ends a pause. It would end by itself, so that a door that does not answer is no failure. */
export async function resumeByDoors(doors: Doors, region: string, reason: string): Promise<string> {
  const found = (await doors.ask()).find((one) => one.region === region);
  if (found === undefined || found.processes.length === 0) {
    return `no operator door of ${region} answers: the pause ends by itself`;
  }
  const results = await Promise.all(
    found.processes.map(async (process) => doors.order(process, { action: 'resume', reason })),
  );
  const done = results.filter(({ outcome }) => outcome === 'done').length;
  return `${done} of ${found.processes.length} processes of ${region} hold no write any more`;
}

const NOT_SAID = { drained: false, underWay: 0, leftMs: 0, waitingFor: [] } as const;

function whyOf(result: OrderResult | undefined): string {
  if (result === undefined || result.outcome === 'done') return 'none was met';
  return result.why;
}
