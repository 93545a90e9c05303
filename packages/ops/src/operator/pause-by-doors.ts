import { StepFailure } from '../failover/steps/step.ts';
import { list as listText, seconds } from '../options/text.ts';
import type { Doors, OrderResult } from './ask-doors.ts';
import type { ProcessStatus } from './process-status.ts';

const nameOf = ({ host, pid }: ProcessStatus): string => `${host}:${pid}`;

/** Reasons for which another process of the region would refuse, too. */
const FINAL = new Set(['already-paused', 'too-soon']);
/** After a pause, the router lets writes flow for this many times as long. */
const REST_FACTOR = 2;

interface Pausing {
  /** The region of the primary: only its processes may pause. */
  readonly region: string;
  readonly timeoutMs: number;
  readonly reason: string;
  /** Whether this run has asked for a pause before: then one may still be on. */
  readonly isAgain: boolean;
  /** Whether the fence has begun: then the apps may find no primary, and cannot pause. */
  readonly isFencing: boolean;
}

/**
 * Lets one process of the primary's region pause the writes of all regions, and waits until none is under way. Only the
 * process that orders a pause knows this of all regions: a pause that is on already proves nothing.
 *
 * @throws {StepFailure} Writes are under way, or no process has paused. Then no pause of this run is on any more.
 */
export async function pauseByDoors(doors: Doors, asked: Pausing): Promise<string> {
  const { region, timeoutMs, reason, isAgain, isFencing } = asked;
  const found = await doors.ask();
  const here = found.find((one) => one.region === region);
  if (here === undefined || here.processes.length === 0) {
    throw new StepFailure(
      `no operator door of ${region} answers (${here?.why ?? 'it has no origin'}): no write was paused`,
    );
  }
  const met = found.filter(({ processes }) => processes.length > 0);
  const processes = Object.fromEntries(met.map(({ region: name, processes: all }) => [name, all.length]));
  const resume = { action: 'resume', reason: `not paused: ${reason}` } as const;
  let mayBeOurs = isAgain;
  let result: OrderResult | undefined;
  for (const process of here.processes) {
    result = await doors.order(process, { action: 'pause', reason, pause: { timeoutMs, processes } });
    if (result.outcome === 'done') {
      const { drained, underWay, leftMs, waitingFor } = result.pause ?? NOT_SAID;
      const by = `${region} ${nameOf(process)}`;
      if (drained) return `${by} holds the writes of all regions for ${seconds(leftMs)}, and none is under way`;
      await doors.order(process, resume);
      const why = waitingFor.length === 0 ? '' : `: ${listText(waitingFor)}`;
      throw new StepFailure(`${underWay} writes did not end under the pause${why}; writes go on`);
    }
    // Its answer did not come. It may have paused.
    if (result.outcome === 'not-met') mayBeOurs = true;
    else if (FINAL.has(result.reason ?? '')) break;
  }
  const refused = result?.outcome === 'refused' ? result.reason : undefined;
  if (refused === 'no-primary' && isFencing) {
    return 'the fence has begun, and the apps find no primary to pause: a write that meets the fence fails';
  }
  const again = `the next pause can begin in ${seconds(REST_FACTOR * timeoutMs)} at the latest`;
  if (refused === 'too-soon') throw new StepFailure(`a pause has ended a moment ago, and writes go on; ${again}`);
  if (mayBeOurs) {
    const ended = await Promise.all(here.processes.map((process) => doors.order(process, resume)));
    const isEnded = ended.some(({ outcome }) => outcome === 'done');
    if (refused === 'already-paused') {
      throw new StepFailure(
        `a pause of an earlier attempt was on, and nothing proves that no write was under way; ${isEnded ? 'it was ended' : 'it ends by itself'}; ${again}`,
      );
    }
  }
  throw new StepFailure(`no process of ${region} has paused the writes: ${whyOf(result)}`);
}

/** What came of the end of a pause. */
export interface Resumed {
  readonly says: string;
  /** False: no process has said that it holds no write. */
  readonly isKnown: boolean;
}

/** Ends a pause. It would end by itself, so that a door that does not answer is no failure. */
export async function resumeByDoors(doors: Doors, region: string, reason: string): Promise<Resumed> {
  const found = (await doors.ask()).find((one) => one.region === region);
  if (found === undefined || found.processes.length === 0) {
    return { says: `no operator door of ${region} answers: a pause ends by itself within a minute`, isKnown: false };
  }
  const results = await Promise.all(
    found.processes.map(async (process) => doors.order(process, { action: 'resume', reason })),
  );
  const done = results.filter(({ outcome }) => outcome === 'done').length;
  return {
    says: `${done} of ${found.processes.length} processes of ${region} hold no write any more`,
    isKnown: done > 0,
  };
}

const NOT_SAID = { drained: false, underWay: 0, leftMs: 0, waitingFor: [] } as const;

function whyOf(result: OrderResult | undefined): string {
  if (result === undefined || result.outcome === 'done') return 'none was met';
  return result.why;
}
