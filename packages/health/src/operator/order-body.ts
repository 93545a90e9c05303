import type { OperatorAction, OperatorPause } from './router.ts';

const MAX_LENGTH = 500;
/** The longest pause: see the router. */
const MAX_PAUSE_MS = 60_000;
const MAX_PROCESSES = 10_000;
const PAUSE_MEMBERS = ['timeoutMs', 'drainTimeoutMs', 'processes'] as const;

/** The body of an order. */
export interface OrderBody {
  readonly reason: string;
  /** The process that it is for, as its status names it. Undefined: the one that a balancer picks. */
  readonly process: string | undefined;
  /** Of a pause. */
  readonly pause: OperatorPause;
}

/**
 * Reads `{ "reason": "…", "process": "…" }`; a pause may have `timeoutMs`, `drainTimeoutMs` and `processes` by region. The
 * reason goes into the log and the events, so it is one line of text: 1 to 500 characters, without control characters.
 * Undefined: it is not that.
 */
export function readOrder(body: string, action: OperatorAction, regions: readonly string[]): OrderBody | undefined {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(given)) return undefined;
  const known: readonly string[] = ['reason', 'process', ...(action === 'pause' ? PAUSE_MEMBERS : [])];
  if (Object.keys(given).some((name) => !known.includes(name))) return undefined;
  const { reason, process } = given;
  const pause = readPause(given, regions);
  if (typeof reason !== 'string' || pause === undefined) return undefined;
  if (process !== undefined && typeof process !== 'string') return undefined;
  const text = reason.trim();
  const isLine = text.length > 0 && text.length <= MAX_LENGTH && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
  return isLine ? { reason: text, process, pause } : undefined;
}

function readPause(given: Readonly<Record<string, unknown>>, regions: readonly string[]): OperatorPause | undefined {
  const { timeoutMs = 30_000, drainTimeoutMs, processes = {} } = given;
  if (!isInteger(timeoutMs, 1, MAX_PAUSE_MS) || !isObject(processes)) return undefined;
  if (drainTimeoutMs !== undefined && !isInteger(drainTimeoutMs, 0, timeoutMs)) return undefined;
  const counts = Object.entries(processes);
  if (!counts.every(([name, count]) => regions.includes(name) && isInteger(count, 1, MAX_PROCESSES))) return undefined;
  return {
    timeoutMs,
    ...(drainTimeoutMs !== undefined && { drainTimeoutMs }),
    processes: Object.fromEntries(counts) as Record<string, number>,
  };
}

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

const isInteger = (given: unknown, min: number, max: number): given is number =>
  Number.isInteger(given) && (given as number) >= min && (given as number) <= max;
