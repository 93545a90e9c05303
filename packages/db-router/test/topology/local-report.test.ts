import { describe, expect, it } from 'vitest';
import { localReport } from '../../src/topology/local-report.ts';
import { primary, standby, story } from '../support/model.ts';

const NODES = [
  { id: 'us/0', region: 'us' },
  { id: 'us/1', region: 'us' },
  { id: 'eu/0', region: 'eu' },
];
type Story = ReturnType<typeof story>;
const measured = ({ store }: Story, self = 'us', probing = false): boolean | undefined =>
  localReport(store, self, { stale: false, probing, acceptedForMs: undefined }).measured;

describe('whether a process says that it measured its database', () => {
  it('is not known until one of its own servers has answered, or all were probed', () => {
    const one = story({}, NODES);
    expect(measured(one)).toBeUndefined();
    one.says('eu/0', standby(1));
    one.fails('us/0');
    expect(measured(one)).toBeUndefined();
    one.fails('us/1');
    expect(measured(one)).toBe(false);
    one.says('us/1', primary(1));
    expect(measured(one)).toBe(true);
  });

  it('is not known while they are probed again after a thaw', () => {
    const one = story({}, NODES);
    one.says('us/0', primary(1));
    expect(measured(one)).toBe(true);
    expect(measured(one, 'us', true)).toBeUndefined();
  });

  it('is known of a region without a server: there is nothing to wait for', () => {
    expect(measured(story({}, NODES), 'ap')).toBe(false);
  });
});
