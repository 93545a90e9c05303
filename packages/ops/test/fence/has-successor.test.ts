import { describe, expect, it } from 'vitest';
import { hasSuccessor } from '../../src/fence/has-successor.ts';
import { fenced, node, primary, situation, standby } from '../failover/fixtures.ts';

describe('hasSuccessor(): whether the region may be fenced', () => {
  it.each([
    ['a standby elsewhere', [node('us/0', primary()), node('eu/0', standby())], true],
    ['a standby of its own region alone', [node('us/0', primary()), node('us/1', standby())], false],
    ['a standby of another system elsewhere', [node('us/0', primary()), node('eu/0', standby({ system: '8' }))], false],
    ['nothing elsewhere', [node('us/0', primary())], false],
    ['no answer elsewhere', [node('us/0', primary()), node('eu/0', 'refused')], false],
    // After a failover between two regions: the old primary is back.
    ['a new primary elsewhere', [node('us/0', primary()), node('eu/0', primary({ timeline: 2 }))], true],
    ['a new primary elsewhere, and no answer here', [node('us/0', 'refused'), node('eu/0', primary())], true],
    ['a twin elsewhere', [node('us/0', primary()), node('eu/0', primary())], true],
    ['an old primary elsewhere', [node('us/0', primary({ timeline: 2 })), node('eu/0', primary())], false],
    [
      'a fenced primary elsewhere',
      [node('us/0', primary()), node('eu/0', primary({ timeline: 2, apps: fenced }))],
      false,
    ],
    [
      'a primary of another system elsewhere, on a higher timeline',
      [node('us/0', primary()), node('eu/0', primary({ system: '8', timeline: 9 }))],
      false,
    ],
    ['a primary of another system elsewhere', [node('us/0', primary()), node('eu/0', primary({ system: '8' }))], false],
  ] as const)('%s', (_, nodes, expected) => {
    expect(hasSuccessor(situation(nodes), 'us')).toBe(expected);
  });
});
