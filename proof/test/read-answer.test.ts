import { describe, expect, it } from 'vitest';
import { readAnswer } from '../src/clients/read-answer.ts';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  readAnswer({ status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('readAnswer', () => {
  it('takes a refusal at its word, and one that says nothing for one that says nothing', () => {
    expect(answer(503, { outcome: 'not-sent', code: 'ERR_NO_PRIMARY' })).toMatchObject({
      outcome: 'not-sent',
      code: 'ERR_NO_PRIMARY',
    });
    expect(answer(500, { outcome: 'perhaps' }).outcome).toBe('none');
    expect(answer(502, '<html>').outcome).toBe('none');
    expect(answer(200, {}).outcome).toBe('ok');
  });

  it('reads what a register and a list hold, and where they were read', () => {
    expect(answer(200, { value: 'us-1', version: 3, written: 2 })).toMatchObject({
      value: 'us-1',
      version: 3,
      written: 2,
    });
    expect(answer(200, { entries: ['a', 'b'], written: 0, known: 2 })).toMatchObject({
      entries: ['a', 'b'],
      written: 0,
      known: 2,
    });
  });

  it('hears the notice, the hint, who served it and what they knew', () => {
    const knew = { region: 'eu', timeline: 2, state: 'ready', forks: [] };
    expect(
      answer(
        200,
        {},
        {
          'x-region-notice': 'write-lost-suspected',
          'x-proof-served': 'eu',
          'x-proof-knew-eu': JSON.stringify(knew),
          'x-region-hint': 'ap',
        },
      ),
    ).toMatchObject({ announced: 'lost', served: 'eu', knew: [knew] });
    expect(answer(503, { outcome: 'not-sent' }, { 'x-region-hint': 'ap' }).hint).toBe('ap');
    expect(answer(200, {}, { 'x-region-notice': 'write-fate-unknown' }).announced).toBe('unknown');
  });
});
