import { list, members, number, object, readJson, type Shape, ShapeError, text } from '../../doctor/shape.ts';
import { EXIT } from '../../exit-codes.ts';
import type { DrillEnd, DrillPhase, DrillStart, OpsRecord, Result, Step } from '../../records/record.ts';
import { PHASES } from '../measure/phases.ts';

const oneOf =
  <T>(...values: readonly T[]): Shape<T> =>
  (given) => {
    if (!values.includes(given as T)) throw new ShapeError('not one of the values');
    return given as T;
  };

/** The member is left out if it is not there. */
function optional<Name extends string>(from: unknown, ...names: readonly Name[]): { readonly [N in Name]?: number } {
  const given = members(from);
  const there = names.filter((name) => given[name] !== undefined);
  return Object.fromEntries(there.map((name) => [name, number(given[name])])) as { readonly [N in Name]?: number };
}

const drill: Shape<DrillStart> = object({
  type: oneOf('drill' as const),
  id: text,
  scenario: text,
  summary: text,
  mode: oneOf('local' as const, 'observe' as const, 'hooks' as const),
  seed: text,
  atMs: number,
  objectiveMs: number,
  rpoMs: number,
});

const phase: Shape<DrillPhase> = object({
  type: oneOf('phase' as const),
  drill: text,
  name: oneOf(...PHASES),
  sinceMs: number,
  tookMs: number,
});

const needed = object<Omit<DrillEnd, 'readMs' | 'writeMs' | 'goodMs' | 'unsent' | 'lostWrites' | 'lossMs'>>({
  type: oneOf('measured' as const),
  drill: text,
  scenario: text,
  verdict: oneOf('passed' as const, 'missed' as const, 'failed' as const, 'unknown' as const),
  why: list(text),
  objectiveMs: number,
  rpoMs: number,
  reads: number,
  writes: number,
  acknowledged: number,
  failedReads: number,
  refusedWrites: number,
  unknownWrites: number,
  wrongReads: number,
  atMs: number,
});
const measured: Shape<DrillEnd> = (given) => ({
  ...needed(given),
  ...optional(given, 'readMs', 'writeMs', 'goodMs', 'unsent', 'lostWrites', 'lossMs'),
});

const inStep = object<Omit<Step, 'tookMs'>>({
  type: oneOf('step' as const),
  name: text,
  where: text,
  state: oneOf(
    'planned' as const,
    'started' as const,
    'done' as const,
    'failed' as const,
    'refused' as const,
    'unknown' as const,
  ),
  evidence: text,
});
const step: Shape<Step> = (given) => ({ ...inStep(given), ...optional(given, 'tookMs') });

const result: Shape<Result> = object({
  type: oneOf('result' as const),
  exit: oneOf(...Object.values(EXIT)),
  summary: text,
});

const SHAPES: Readonly<Record<string, Shape<OpsRecord>>> = { drill, phase, measured, step, result };

/** One line of a journal. Undefined: it is none. */
export const readRecord = (line: string): OpsRecord | undefined => readJson(record, line);

function record(given: unknown): OpsRecord | undefined {
  const { type } = members(given);
  return typeof type === 'string' && Object.hasOwn(SHAPES, type) ? SHAPES[type]?.(given) : undefined;
}
