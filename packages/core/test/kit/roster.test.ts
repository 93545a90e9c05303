import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRoster } from '../../src/kit/roster.ts';

describe('createRoster()', () => {
  it('has the members that were not removed, in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(20))), (steps) => {
        const roster = createRoster<{ at: number }>();
        const model = new Set<{ at: number }>();
        const removals: { member: { at: number }; remove: () => boolean }[] = [];
        for (const [at, step] of steps.entries()) {
          if (step === 'add') {
            const member = { at };
            model.add(member);
            removals.push({ member, remove: roster.add(member) });
          } else {
            const chosen = removals[step];
            expect(chosen?.remove()).toBe(chosen && model.delete(chosen.member));
          }
          expect(roster.all()).toEqual([...model]);
          expect(roster.size).toBe(model.size);
        }
      }),
    );
  });

  it('has an equal member twice, and removes each once', () => {
    const roster = createRoster<string>();
    const [remove] = [roster.add('a'), roster.add('a')];
    expect([remove?.(), remove?.(), roster.all()]).toEqual([true, false, ['a']]);
  });

  it('leaves no former member to the slow collection of garbage, unlike a Set', () => {
    const roster = createRoster<object>();
    const set = new Set<object>();
    // First: what a Set keeps alive teaches V8 to make later members in the old part of the heap.
    const inRoster = oldBytesOf((member) => roster.add(member));
    const inSet = oldBytesOf((member) => {
      set.add(member);
      return () => set.delete(member);
    });
    // If this fails because a Set keeps little as well, the roster is no longer needed.
    expect(inRoster).toBeLessThan(inSet / 4);
  });
});

const MEMBERS = 100_000;
const AT_ONCE = 32;

setFlagsFromString('--expose-gc');
// V8 may otherwise decide to make members in the old part at once: Node 26 did so in one of two runs.
setFlagsFromString('--no-allocation-site-pretenuring');
const collect = runInNewContext('gc') as () => void;

/** By how much the old part of the heap grows, at most, while members of 800 bytes come and go. */
function oldBytesOf(add: (member: object) => () => unknown): number {
  const present: (() => unknown)[] = [];
  // What the members are kept in is old, as in a process that has run for a while.
  for (let times = 0; times < 4; times += 1) collect();
  const before = oldBytes();
  let most = before;
  for (let made = 0; made < MEMBERS; made += 1) {
    const at = made % AT_ONCE;
    present[at]?.();
    present[at] = add({ pad: new Array(100).fill(made) });
    if (made % 1_000 === 0) most = Math.max(most, oldBytes());
  }
  return most - before;
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? Number.NaN;
}
