import { describe, expect, it } from 'vitest';
import { afterUnfence } from '../../src/fence/unfence.ts';
import { fenced, node, primary, situation, standby } from '../failover/fixtures.ts';

const shut = node('us/0', primary({ apps: fenced }));
const newer = primary({ timeline: 2 });

describe('afterUnfence(): whether the app may get its logins back', () => {
  it.each([
    ['the primary', [shut, node('eu/0', standby())], ['us/0'], [], []],
    ['a standby alone', [node('us/0', standby())], [], [], []],
    ['no answer', [node('us/0', 'refused'), node('eu/0', newer)], [], ['eu/0'], []],
    ['an old primary, behind a failover', [shut, node('eu/0', newer)], ['us/0'], ['eu/0'], []],
    // The younger one would diverge just as well.
    ['a new primary beside an old one', [node('us/0', newer), node('eu/0', primary())], ['us/0'], ['eu/0'], []],
    ['a primary of another system elsewhere', [shut, node('eu/0', primary({ system: '8' }))], ['us/0'], ['eu/0'], []],
    ['both are fenced', [shut, node('eu/0', primary({ timeline: 2, apps: fenced }))], ['us/0'], [], []],
    ['two in the same region', [shut, node('us/1', primary({ apps: fenced }))], ['us/0'], ['us/1'], []],
    ['no answer elsewhere', [shut, node('eu/0', 'timed-out'), node('us/1', 'refused')], ['us/0'], [], ['eu/0']],
  ] as const)('%s', (_, nodes, servers, rivals, silent) => {
    expect(afterUnfence(situation(nodes), 'us')).toEqual({ servers, rivals, silent });
  });
});
