import { describe, expect, test } from 'vitest';
import { type GateFacts, ruleWrite } from '../../src/http/ruling.ts';

const write: GateFacts = {
  self: 'eu-west-1',
  policy: 'forward',
  write: true,
  primary: 'us-east-1',
  marked: false,
  markedBySelf: false,
};

describe('ruleWrite()', () => {
  test('serves what does not write, wherever the primary is', () => {
    for (const primary of [undefined, 'us-east-1', 'eu-west-1']) {
      expect(ruleWrite({ ...write, write: false, primary })).toEqual({ action: 'serve', reason: 'read' });
    }
  });

  test('serves a write in the region of the primary, forwarded or not', () => {
    const here = { ...write, primary: 'eu-west-1' };
    expect(ruleWrite(here)).toEqual({ action: 'serve', reason: 'primary-here' });
    expect(ruleWrite({ ...here, marked: true })).toEqual({ action: 'serve', reason: 'primary-here' });
  });

  test('elsewhere forwards, refuses, or leaves it to the pool, by policy', () => {
    expect(ruleWrite(write)).toEqual({ action: 'forward', to: 'us-east-1' });
    expect(ruleWrite({ ...write, policy: 'reject' })).toEqual({ action: 'reject', to: 'us-east-1' });
    expect(ruleWrite({ ...write, policy: 'remote-pool' })).toEqual({ action: 'serve', reason: 'remote-pool' });
  });

  test('never takes not knowing who is primary for being it', () => {
    expect(ruleWrite({ ...write, primary: undefined })).toEqual({ action: 'hold' });
    expect(ruleWrite({ ...write, primary: undefined, policy: 'reject' })).toEqual({ action: 'hold' });
    expect(ruleWrite({ ...write, primary: undefined, marked: true })).toEqual({ action: 'hold' });
  });

  test('never forwards what carries a mark', () => {
    for (const policy of ['forward', 'reject'] as const) {
      expect(ruleWrite({ ...write, policy, marked: true })).toEqual({ action: 'turn-back', reason: 'not-primary' });
    }
    expect(ruleWrite({ ...write, marked: true, markedBySelf: true })).toEqual({ action: 'turn-back', reason: 'loop' });
  });
});
