import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GuardState, guard, type Neighbour } from '../../src/verdict/guard.ts';

const TIMES = { freshMs: 1_500, settleMs: 3_000 };
const IN: GuardState = { relative: 'in' };
const OUT: GuardState = { relative: 'out' };
const asking = (sinceMs: number): GuardState => ({ relative: 'asking', sinceMs });

function neighbour(name: string, patch: Partial<Neighbour> = {}): Neighbour {
  return { name, served: true, relative: 'in', observedAtMs: 10_000, ...patch };
}

/** This region is `b` of `a`, `b`, `c`. */
const better = (name: string): boolean => name < 'b';
const next = (state: GuardState, neighbours: readonly Neighbour[], nowMs = 10_000): GuardState =>
  guard(state, true, neighbours, better, nowMs, TIMES);

test('a region asks first, and leaves when it has asked long enough', () => {
  const state = next(IN, [neighbour('a')]);
  expect(state).toEqual(asking(10_000));
  expect(next(state, [neighbour('a', { observedAtMs: 12_900 })], 12_999)).toEqual(asking(10_000));
  expect(next(state, [neighbour('a', { observedAtMs: 12_900 })], 13_000)).toEqual(OUT);
});

test('a region may leave to a worse-ranked one', () => {
  expect(next(asking(0), [neighbour('c')])).toEqual(OUT);
});

test.each<[string, Neighbour[]]>([
  ['it is alone', []],
  ['nobody is known freshly', [neighbour('a', { observedAtMs: 8_499 })]],
  ['the other would not be served', [neighbour('a', { served: false })]],
  ['the other asks too', [neighbour('a', { relative: 'asking' })]],
  ['the only other, worse-ranked, asks too', [neighbour('c', { relative: 'asking' })]],
  ['another is out already', [neighbour('a'), neighbour('c', { relative: 'out', served: false })]],
  ['a better-ranked one asks', [neighbour('a', { relative: 'asking' }), neighbour('c')]],
])('a region stays when %s', (_, neighbours) => {
  expect(next(asking(0), neighbours).relative).toBe('asking');
});

test('of two that ask beside a third, the better-ranked goes', () => {
  expect(next(asking(0), [neighbour('a'), neighbour('c', { relative: 'asking' })])).toEqual(OUT);
});

test('a region that is out comes back when nobody stands in for it any more', () => {
  expect(next(OUT, [neighbour('a')])).toEqual(OUT);
  expect(next(OUT, [neighbour('a', { relative: 'asking' })]).relative).toBe('asking');
  expect(next(OUT, [neighbour('a', { served: false })]).relative).toBe('asking');
  expect(next(OUT, [neighbour('a', { observedAtMs: 0 })]).relative).toBe('asking');
});

test('of two that are out after a partition, the worse-ranked comes back', () => {
  const third = neighbour('d');
  expect(next(OUT, [third, neighbour('a', { relative: 'out', served: false })]).relative).toBe('asking');
  expect(next(OUT, [third, neighbour('c', { relative: 'out', served: false })])).toEqual(OUT);
});

test('a region that has no reason any more is in at once', () => {
  expect(guard(OUT, false, [], better, 0, TIMES)).toEqual(IN);
});

/**
 * Regions that poll each other over links with any delay, loss and partition, whose relative checks fail and recover at
 * any time. Time runs in steps of 50 ms; a document says how things were when it was made and is dated by its question.
 */
interface World {
  readonly regions: number;
  readonly steps: readonly Step[];
}

interface Step {
  /** For each region whether it is degraded. */
  readonly degraded: number;
  /** For each region whether its database is lost: a hard failure, which no guard holds back. */
  readonly lost: number;
  /** For each pair whether the link from one to the other works, and whether it is slow. */
  readonly links: number;
  readonly slow: number;
}

const worlds = (links: fc.Arbitrary<number>, lost: fc.Arbitrary<number> = fc.constant(0)): fc.Arbitrary<World> =>
  fc.record({
    regions: fc.integer({ min: 2, max: 4 }),
    steps: fc
      .array(
        // Every state lasts a while, or nobody would ever have asked long enough.
        fc
          .record({ degraded: fc.nat(15), lost, links, slow: fc.nat(0xffff), length: fc.integer({ min: 1, max: 100 }) })
          .map(({ length, ...step }) => Array.from({ length }, () => step)),
        { minLength: 1, maxLength: 10 },
      )
      .map((parts) => parts.flat()),
  });

function run({ regions, steps }: World, look: (out: readonly number[], step: Step) => void): number {
  const STEP = 50;
  const states: GuardState[] = Array.from({ length: regions }, () => IN);
  const known: Neighbour[][] = Array.from({ length: regions }, () => []);
  const late: { dueAt: number; at: number; document: Neighbour }[] = [];
  let departures = 0;
  steps.forEach((step, tick) => {
    const { degraded, lost, links, slow } = step;
    const nowMs = 10_000 + tick * STEP;
    for (let at = 0; at < regions; at += 1) {
      for (let of = 0; of < regions; of += 1) {
        const pair = at * 4 + of;
        if (at === of || (tick + pair) % 5 !== 0 || (links >> pair) % 2 === 0) continue;
        const relative = states[of]?.relative ?? 'in';
        const served = relative !== 'out' && (lost >> of) % 2 === 0;
        const document = { name: String(of), served, relative, observedAtMs: nowMs };
        late.push({ dueAt: nowMs + ((slow >> pair) % 2) * 900, at, document });
      }
    }
    for (let at = 0; at < late.length; at += 1) {
      const letter = late[at];
      if (letter === undefined || letter.dueAt > nowMs) continue;
      const others = (known[letter.at] ?? []).filter(({ name }) => name !== letter.document.name);
      const last = known[letter.at]?.find(({ name }) => name === letter.document.name);
      // A region asks another one question at a time, so an older document never replaces a newer one.
      const newest = last !== undefined && last.observedAtMs > letter.document.observedAtMs ? last : letter.document;
      known[letter.at] = [...others, newest];
      late.splice(at, 1);
      at -= 1;
    }
    for (let at = 0; at < regions; at += 1) {
      const before = states[at] ?? IN;
      const asks = (degraded >> at) % 2 === 1;
      const state = guard(before, asks, known[at] ?? [], (name) => Number(name) < at, nowMs, TIMES);
      if (state.relative === 'out' && before.relative !== 'out') departures += 1;
      states[at] = state;
    }
    look(
      states.flatMap(({ relative }, at) => (relative === 'out' ? [at] : [])),
      step,
    );
  });
  return departures;
}

test('two regions that hear each other never leave at once, however their polls are timed', () => {
  let departures = 0;
  fc.assert(
    fc.property(worlds(fc.constant(0xffff)), (world) => {
      departures += run(world, (out) => expect(out.length).toBeLessThanOrEqual(1));
    }),
    { numRuns: 150 },
  );
  expect(departures).toBeGreaterThan(0);
});

test('under any partition, in one direction too, the last region never leaves', () => {
  let departures = 0;
  fc.assert(
    fc.property(worlds(fc.nat(0xffff)), (world) => {
      departures += run(world, (out) => expect(out.length).toBeLessThan(world.regions));
    }),
    { numRuns: 150 },
  );
  expect(departures).toBeGreaterThan(0);
});

test('no region stays out on relative grounds while no other is served', () => {
  let departures = 0;
  let rescued = 0;
  const settledSteps = 60;
  fc.assert(
    fc.property(worlds(fc.constant(0xffff), fc.nat(15)), (world) => {
      let alike = 0;
      let lostBefore = -1;
      departures += run(world, (out, { lost }) => {
        alike = lost === lostBefore ? alike + 1 : 0;
        lostBefore = lost;
        const well = Array.from({ length: world.regions }, (_, at) => at).filter((at) => (lost >> at) % 2 === 0);
        // What was lost a moment ago is not heard of yet.
        if (alike < settledSteps || well.length === 0) return;
        if (well.length < world.regions) rescued += 1;
        expect(well.filter((at) => !out.includes(at))).not.toEqual([]);
      });
    }),
    { numRuns: 150 },
  );
  expect(departures).toBeGreaterThan(0);
  expect(rescued).toBeGreaterThan(0);
});

test('when every region is degraded, nobody leaves', () => {
  const steps = Array.from({ length: 400 }, () => ({ degraded: 15, links: 0xffff, slow: 0, lost: 0 }));
  expect(run({ regions: 3, steps }, (out) => expect(out).toEqual([]))).toBe(0);
});

test('when one of three is degraded, it leaves and stays out', () => {
  const steps = Array.from({ length: 400 }, () => ({ degraded: 1, links: 0xffff, slow: 0, lost: 0 }));
  let last: readonly number[] = [];
  const departures = run({ regions: 3, steps }, (out) => {
    last = out;
  });
  expect([departures, last]).toEqual([1, [0]]);
});
