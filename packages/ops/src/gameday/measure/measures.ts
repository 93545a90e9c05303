import { type Clocks, clocksOf, type Fault } from './clocks.ts';
import { balance, type Ledger } from './ledger.ts';
import { countOf, type Sample, type Tally, tallyOf } from './sample.ts';
import { tooFew } from './stability.ts';

/** What the driver has seen of one drill. */
export interface Observed {
  readonly samples: readonly Sample[];
  readonly places: readonly string[];
  /** Undefined: there was no fault. */
  readonly fault: Fault | undefined;
  /** From when to when everything was good at the end. Undefined: it was not, in the time that the drill had. */
  readonly stable: { readonly fromMs: number; readonly untilMs: number } | undefined;
  /** How often each row is in the primary at the end. Undefined: it could not be read. */
  readonly rows: ReadonlyMap<string, number> | undefined;
}

/** What follows from it. */
export interface Measures extends Clocks, Omit<Ledger, 'lost'>, Tally {
  /** Reads that missed a write of their own client which is not lost. */
  readonly wrongReads: number;
  readonly lostWrites: number;
  /** What there was too little of before the fault, and in the stable time. Empty: there was enough. */
  readonly missingBefore: readonly string[];
  readonly missingAfter: readonly string[];
}

const NO_LEDGER: Ledger = { acknowledged: 0, lost: new Set(), lossMs: 0, duplicated: 0, againstWord: 0 };

/** Pure. */
export function measure({ samples, places, fault, stable, rows }: Observed): Measures {
  const { lost, ...ledger } =
    rows === undefined ? NO_LEDGER : balance(samples, rows, fault?.atMs ?? Number.NEGATIVE_INFINITY);
  const clocks: Clocks =
    fault === undefined
      ? { readMs: undefined, writeMs: undefined, goodMs: undefined }
      : clocksOf(samples, places, fault, lost);
  return {
    ...clocks,
    ...ledger,
    ...tallyOf(samples),
    acknowledged: countOf(samples, 'write', 'ok'),
    wrongReads: samples.filter(({ outcome, id = '' }) => outcome === 'missed' && !lost.has(id)).length,
    lostWrites: lost.size,
    missingBefore: tooFew(samples, places, {
      fromMs: Number.NEGATIVE_INFINITY,
      untilMs: fault?.atMs ?? Number.POSITIVE_INFINITY,
    }),
    missingAfter: stable === undefined ? [] : tooFew(samples, places, stable, lost),
  };
}
