import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Fleet, ProcessState } from '../../src/model/fleet.ts';
import { readProcess } from '../../src/model/read-process.ts';
import { sentence } from '../../src/model/sentence.ts';
import { door, fleet, knows, node, without } from '../helpers/fleet.ts';

const eu = (more: object) => knows('eu-1', { nodes: [node('us/0', 'primary'), node('eu/0', 'replica', more)] });
const moved = (id: string) =>
  knows(id, {
    primary: { region: 'eu', node: 'eu/0', timeline: 2 },
    highest: 2,
    nodes: [node('us/0', 'fenced'), node('eu/0', 'primary', { timeline: 2 })],
  });

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'is text whatever a state is called: %s',
  (state) => {
    const strange = { nodes: [node('us/0', 'primary'), node('eu/0', state)] };
    const ready = fleet(door('us', knows('us-1', strange)), door('eu', knows('eu-1', strange)));
    expect(sentence(ready).text).toBe(`us takes writes; eu is ${state}.`);
    const lost = fleet(door('us', without('us-1', { state })));
    expect(sentence(lost).text).toContain(`No region takes writes: ${state}; `);
  },
);

const TABLE: readonly (readonly [name: string, given: Fleet, level: string, text: string])[] = [
  [
    'all is well',
    fleet(door('us', knows('us-1')), door('eu', knows('eu-1'))),
    'good',
    'us takes writes; eu is up to date.',
  ],
  [
    'a standby lags',
    fleet(door('us', knows('us-1')), door('eu', eu({ lagMs: 1_240 }))),
    'good',
    'us takes writes; eu is 1.2 s behind.',
  ],
  [
    'a standby lags too much',
    fleet(door('us', knows('us-1')), door('eu', knows('eu-1', { nodes: [node('eu/0', 'stale', { lagMs: 48_000 })] }))),
    'warning',
    'us takes writes; eu is 48 s behind.',
  ],
  [
    'a lag is not known',
    fleet(door('us', knows('us-1')), door('eu', eu({}))),
    'good',
    'us takes writes; eu follows with an unknown lag.',
  ],
  [
    'two standbys do the same',
    fleet(
      door(
        'us',
        knows('us-1', { nodes: [node('us/0', 'primary'), node('eu/0', 'unreachable'), node('ap/0', 'unreachable')] }),
      ),
      door('eu'),
      door('ap'),
    ),
    'warning',
    'us takes writes; eu and ap are unreachable.',
  ],
  [
    'two standbys have an unknown lag',
    fleet(
      door('us', knows('us-1', { nodes: [node('us/0', 'primary'), node('eu/0', 'replica'), node('ap/0', 'replica')] })),
      door('eu'),
      door('ap'),
    ),
    'good',
    'us takes writes; eu and ap follow with an unknown lag.',
  ],
  [
    'writes wait for a primary',
    fleet(door('us', without('us-1', { holding: 1 })), door('eu', without('eu-1', { holding: 2 }))),
    'bad',
    'No region takes writes: no server is known to be the primary; 3 writes wait; us is unreachable; eu follows with an unknown lag.',
  ],
  [
    'a state that this page does not know',
    fleet(door('us', without('us-1', { state: 'new-reason', nodes: [] }))),
    'bad',
    'No region takes writes: new-reason.',
  ],
  [
    'a failover that one process has not noticed',
    fleet(door('us', knows('us-1')), door('eu', moved('eu-1'), moved('eu-2'))),
    'bad',
    'The processes do not agree on the primary: 1 knows us on timeline 1, 2 know eu on timeline 2.',
  ],
  [
    'one process that sends no writes',
    fleet(door('us', knows('us-1')), door('eu', knows('eu-1'), without('eu-2', { state: 'unconfirmed' }))),
    'warning',
    'us takes writes; 1 of 3 processes send none: the primary is not confirmed yet; eu is up to date.',
  ],
  [
    'a pause of the writes',
    fleet(door('us', knows('us-1', { pause: { leftMs: 3_200, underWay: 2 }, holding: 1 })), door('eu', knows('eu-1'))),
    'warning',
    'New writes to us are paused; 1 of 2 processes hold them for at most 4 s more; 2 under way; 1 write waits; eu is up to date.',
  ],
  [
    'the door of a region is silent',
    fleet(door('us', knows('us-1')), { name: 'eu', why: 'refused', processes: [] }),
    'warning',
    'us takes writes; eu is up to date; the operator door of eu cannot be reached.',
  ],
  [
    'no door gives anything',
    fleet({ name: 'us', why: 'wrong-token', processes: [] }, { name: 'eu', why: 'timed-out', processes: [] }),
    'unknown',
    'No process tells what it knows; the operator door of us refuses the token; the operator door of eu does not answer.',
  ],
  [
    'a process that died says nothing any more',
    fleet({ name: 'us', why: 'lost', processes: [knows('us-1', { isGone: true })] }, door('eu', moved('eu-1'))),
    'warning',
    'eu takes writes; us is fenced; the operator door of us was lost.',
  ],
  [
    'a process that is silent says nothing any more',
    fleet(door('us', knows('us-1', { silentMs: 6_000 })), door('eu', moved('eu-1'))),
    'good',
    'eu takes writes; us is fenced.',
  ],
];

describe('sentence', () => {
  for (const [name, given, level, text] of TABLE) {
    it(`says that ${name}`, () => expect(sentence(given)).toMatchObject({ level, text }));
  }

  it('is announced without the numbers of a lag, which change each second', () => {
    const said = (lagMs: number) => sentence(fleet(door('us', knows('us-1')), door('eu', eu({ lagMs })))).announcement;
    expect(said(1_240)).toBe('us takes writes; eu is behind.');
    expect(said(9_000)).toBe(said(1_240));
    expect(said(10)).toBe('us takes writes; eu is up to date.');
  });

  it('never calls it good when no process knows a primary, or two do', () => {
    const state = fc.constantFrom('ready', 'no-primary', 'twin-primaries', 'unconfirmed', 'x');
    const primary = fc.option(fc.record({ region: fc.constantFrom('us', 'eu'), timeline: fc.nat(2) }), {
      nil: undefined,
    });
    const process = fc.record({ state, primary }).map(({ state, primary }): ProcessState => {
      const { primary: _, ...rest } = knows('us-1', { state });
      return primary === undefined ? rest : { ...rest, primary };
    });
    fc.assert(
      fc.property(fc.array(process, { maxLength: 5 }), (processes) => {
        const known = new Set(processes.flatMap((one) => (one.primary ? [JSON.stringify(one.primary)] : [])));
        const { level } = sentence(fleet(door('us', ...processes)));
        if (known.size !== 1 || processes.some(({ state, primary }) => state !== 'ready' || primary === undefined))
          expect(level).not.toBe('good');
        else expect(level).toBe('good');
      }),
    );
  });
});

test('whatever a door sends, the sentence is one line of text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (topology, regions, id) => {
      const process = readProcess({
        process: { id: `p${id}` },
        region: 'us',
        topology: { state: 's', ...(topology as object) },
        regions,
      });
      const { text } = sentence(fleet(process === undefined ? door('us') : door('us', process)));
      expect(text).toMatch(/^[^\p{Cc}\p{Cf}]+\.$/u);
    }),
  );
});
