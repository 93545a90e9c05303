import type { Operations } from '../config/check-config.ts';
import { readCa } from '../config/read-ca.ts';
import { look, type Unseen } from '../doctor/front/request.ts';
import { members, readJson } from '../doctor/shape.ts';
import { type PauseReport, readPauseReport } from './pause-report.ts';
import { type ProcessStatus, readProcessStatus } from './process-status.ts';

/** Why a door did not answer. `no-door`: something else did. `plain-http`: the token is not sent without TLS. */
export type DoorSilence = Unseen | 'wrong-token' | 'no-door' | 'plain-http';

/** What the operator doors behind one origin said. */
export interface RegionProcesses {
  readonly region: string;
  /** Each process that answered. */
  readonly processes: readonly ProcessStatus[];
  /** Why no process answered. */
  readonly why: DoorSilence | undefined;
}

export interface DoorOrder {
  readonly action: 'reset' | 'confirm' | 'pause' | 'resume';
  readonly reason: string;
  /** With `pause`: how long, and how many processes of each region must obey. */
  readonly pause?: { readonly timeoutMs: number; readonly processes: Readonly<Record<string, number>> };
}

export type OrderResult =
  | { readonly outcome: 'done'; readonly state: string; readonly pause?: PauseReport }
  /** `reason`: of the router, in one word. */
  | { readonly outcome: 'refused'; readonly why: string; readonly reason?: string }
  | { readonly outcome: 'not-met'; readonly why: DoorSilence };

export interface Doors {
  /** Asks the door of every region until no new process answers. */
  ask(): Promise<readonly RegionProcesses[]>;
  /** Gives an order to one process. */
  order(process: Pick<ProcessStatus, 'region' | 'id'>, order: DoorOrder): Promise<OrderResult>;
}

const TIMEOUT_MS = 5_000;
/** An order probes every node twice. */
const ORDER_TIMEOUT_MS = 30_000;
const READ_BYTES = 1_024 ** 2;
/** A balancer picks a process for each connection. So many in a row that are known already end the search. */
const MISSES = 4;
const MAX_ASKED = 64;
/** So long a region is searched for processes, and for the one that an order is for. */
const SEARCH_MS = 30_000;

/** The operator doors of a setup. Undefined where the configuration has no token of theirs. */
export async function openDoors(
  { regions, operatorToken, caFile }: Operations,
  signal: AbortSignal,
  searchMs: number = SEARCH_MS,
): Promise<Doors | undefined> {
  if (operatorToken === undefined) return undefined;
  const ca = await readCa(caFile);
  const origins = regions.flatMap(({ name, origin }) => (origin === undefined ? [] : [{ name, url: new URL(origin) }]));
  const common = {
    headers: { authorization: `Bearer ${operatorToken}` },
    signal,
    readBytes: READ_BYTES,
    verify: { ca },
  };

  const one = async (url: URL): Promise<ProcessStatus | DoorSilence> => {
    const seen = await look({ ...common, url: new URL('/operator/status', url).href, timeoutMs: TIMEOUT_MS });
    if (!seen.ok) return seen.why;
    if (seen.value.status === 401) return 'wrong-token';
    return seen.value.status === 200 ? (readJson(readProcessStatus, seen.value.body) ?? 'no-door') : 'no-door';
  };

  const region = async ({ name, url }: (typeof origins)[number]): Promise<RegionProcesses> => {
    const met = new Map<string, ProcessStatus>();
    if (!isPrivate(url)) return { region: name, processes: [], why: 'plain-http' };
    let why: DoorSilence | undefined;
    const untilMs = performance.now() + searchMs;
    const isOver = (): boolean => met.size > 0 && performance.now() > untilMs;
    for (let asked = 0, missed = 0; asked < MAX_ASKED && missed < MISSES && !isOver(); asked += 1) {
      const found = await one(url);
      if (typeof found === 'string') {
        why = found;
        break;
      }
      missed = met.has(found.id) ? missed + 1 : 0;
      met.set(found.id, found);
    }
    return { region: name, processes: [...met.values()], why: met.size === 0 ? why : undefined };
  };

  const order: Doors['order'] = async ({ region, id }, { action, reason, pause }) => {
    const url = origins.find(({ name }) => name === region)?.url;
    if (url === undefined) return { outcome: 'not-met', why: 'no-door' };
    const post = JSON.stringify({ reason, process: id, ...pause });
    const untilMs = performance.now() + searchMs;
    for (let asked = 0; asked < MAX_ASKED && (asked === 0 || performance.now() < untilMs); asked += 1) {
      const seen = await look({
        ...common,
        url: new URL(`/operator/${action}`, url).href,
        post,
        timeoutMs: ORDER_TIMEOUT_MS,
      });
      if (!seen.ok) return { outcome: 'not-met', why: seen.why };
      const { status, body } = seen.value;
      if (status === 421) continue;
      const { state, message } = parseMembers(body);
      if (status === 200) {
        const report = action === 'pause' ? readPauseReport(body) : undefined;
        return { outcome: 'done', state: state ?? 'unknown', ...(report !== undefined && { pause: report }) };
      }
      return {
        outcome: 'refused',
        why: message ?? `the door answered ${status}`,
        ...(state !== undefined && { reason: state }),
      };
    }
    return { outcome: 'not-met', why: 'timed-out' };
  };

  return { ask: () => Promise.all(origins.map(region)), order };
}

/** A token goes over TLS alone, or stays on this machine. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function parseMembers(body: string): { readonly state?: string; readonly message?: string } {
  const given: Readonly<Record<string, unknown>> = readJson(members, body) ?? {};
  const { state, message } = given;
  return { ...(typeof state === 'string' && { state }), ...(typeof message === 'string' && { message }) };
}
