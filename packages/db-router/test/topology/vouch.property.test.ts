import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Process, REGIONS, Survivors, writes } from '../support/survivors.ts';

interface Step {
  /** For a counterexample to be read. */
  readonly says: string;
  run(world: Survivors): void;
}

const region = fc.constantFrom(...REGIONS);
const some = fc.nat({ max: 7 });

const step = (says: string, run: (world: Survivors) => void): Step => ({ says, run });
const on = (at: number, says: string, act: (process: Process, world: Survivors) => void): Step =>
  step(`${at} ${says}`, (world) => {
    const process = world.processes[at % Math.max(1, world.processes.length)];
    if (process !== undefined) act(process, world);
  });

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(some, region)
      .map(([at, name]) => on(at, `probes ${name}`, (process, world) => world.probe(process, name))),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(some, region, some)
      .map(([at, name, choice]) =>
        on(at, `asks ${name}, where ${choice} answers`, (process, world) => world.askRegion(process, name, choice)),
      ),
  },
  { weight: 6, arbitrary: some.map((at) => on(at, 'settles', (process, world) => world.settle(process))) },
  {
    weight: 4,
    arbitrary: region.map((name) =>
      step(`start in ${name}`, (world) => void (world.of(name).length < 2 * world.count && world.start(name))),
    ),
  },
  { weight: 4, arbitrary: some.map((at) => on(at, 'keeps its file', (process, world) => world.remember(process))) },
  {
    weight: 6,
    arbitrary: fc.tuple(some, fc.boolean()).map(([at, isSettled]) =>
      on(at, `starts again with its file${isSettled ? ', and settles' : ''}`, (process, world) => {
        world.stop(process);
        const next = world.startWithFile(process.region);
        if (isSettled) world.settle(next);
      }),
    ),
  },
  { weight: 3, arbitrary: some.map((at) => on(at, 'stops', (process, world) => world.stop(process))) },
  { weight: 2, arbitrary: region.map((name) => step(`promote ${name}`, (world) => world.promote(name))) },
  {
    weight: 1,
    arbitrary: region.map((name) =>
      step(`promote ${name} without knowing of others`, (world) =>
        world.promote(name, world.servers[name].timeline + 1),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: region.map((name) =>
      step(`promote ${name} by a jump`, (world) => world.promote(name, world.highest + 7)),
    ),
  },
  { weight: 1, arbitrary: region.map((name) => step(`rebuild ${name}`, (world) => world.rebuild(name))) },
  { weight: 1, arbitrary: region.map((name) => step(`restart ${name}`, (world) => world.restart(name))) },
  { weight: 1, arbitrary: region.map((name) => step(`kill ${name}`, (world) => world.kill(name))) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(region, region)
      .filter(([one, other]) => one !== other)
      .map(([one, other]) => step(`cut ${one} from ${other}`, (world) => world.cut(one, other))),
  },
  { weight: 1, arbitrary: fc.constant(step('heal', (world) => world.heal())) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(some, fc.integer({ min: 1, max: 5 }), region)
      .map(([at, timeline, name]) =>
        on(at, `is told of ${timeline} of ${name}`, (process, world) => world.tell(process, timeline, name)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(some, fc.constantFrom('confirm' as const, 'reset' as const))
      .map(([at, word]) => on(at, `hears the operator say ${word}`, (process, world) => world.operator(process, word))),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 20_000 }).map((ms) => step(`${ms} ms later`, (world) => world.later(ms))),
  },
);

const KINDS = [
  { reach: 'all', writes: 'remote-pool', count: 2 },
  { reach: 'all', writes: 'forward', count: 2 },
  { reach: 'own', writes: 'forward', count: 2 },
  { reach: 'all', writes: 'remote-pool', count: 1 },
  { reach: 'own', writes: 'forward', count: 1 },
] as const;

it.each(KINDS)(
  'a newcomer starts no write that its sibling, or the process before it, would not start: $reach pools, $writes, $count processes a region',
  (kind) => {
    let wrote = 0;
    let remembered = 0;
    // A process that is alone in its region is seldom vouched for: ten histories of it have no such write in one of five times.
    const numRuns = Number(process.env['RUNS'] ?? (kind.count === 1 ? 180 : 60));
    fc.assert(
      fc.property(fc.array(steps, { minLength: 20, maxLength: 100 }), (history) => {
        const world = new Survivors(kind);
        for (const name of REGIONS) for (let count = 0; count < kind.count; count += 1) world.start(name);
        for (let round = 0; round < 2; round += 1) for (const process of world.processes) world.settle(process);
        for (const { run } of history) {
          run(world);
          for (const process of world.processes) {
            const own = process.wasVouchedFor ? writes(process.store) : undefined;
            if (own === undefined) continue;
            wrote += 1;
            if (process.siblings.length === 0) remembered += 1;
            expect(process.copies.map(writes)).toContain(own);
          }
        }
      }),
      { numRuns, ...(process.env['SEED'] && { seed: Number(process.env['SEED']) }) },
    );
    expect(wrote).toBeGreaterThan(0);
    if (kind.count === 1) expect(remembered).toBeGreaterThan(0);
  },
);
