import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { createEventParser } from '../../src/operator/index.ts';

const parse = (...pieces: string[]) => {
  const parser = createEventParser(1_000);
  return pieces.flatMap((piece) => [...parser.push(piece)]);
};

describe('createEventParser', () => {
  const table: readonly (readonly [name: string, text: string, events: readonly object[]])[] = [
    ['one event', 'event: a\ndata: b\n\n', [{ event: 'a', data: 'b', id: '' }]],
    ['no space after the colon', 'data:b\n\n', [{ event: 'message', data: 'b', id: '' }]],
    ['several lines of data', 'data: a\ndata:  b\n\n', [{ event: 'message', data: 'a\n b', id: '' }]],
    ['a comment', ': x\ndata: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
    ['an id that stays', 'id: 7\ndata: a\n\ndata: b\n\n', [{ id: '7' }, { id: '7' }]],
    ['an id with a zero byte', 'id: 7\0\ndata: a\n\n', [{ id: '' }]],
    ['no data', 'event: a\n\n', []],
    ['an end of the stream inside an event', 'data: a\n', []],
    ['a field without a colon', 'data\n\n', [{ data: '' }]],
    ['CR', 'data: a\r\rdata: b\r\r', [{ data: 'a' }, { data: 'b' }]],
    ['CR and LF', 'data: a\r\n\r\n', [{ data: 'a' }]],
    ['an unknown field', 'retry: 1\nx: y\ndata: a\n\n', [{ event: 'message', data: 'a' }]],
  ];
  for (const [name, text, events] of table) {
    it(`reads ${name}`, () => expect(parse(text)).toMatchObject(events));
  }

  it('keeps no event that is too long, in one line or in many', () => {
    for (const piece of ['data: ', 'data: x\n', 'x'.repeat(100)]) {
      const parser = createEventParser(1_000);
      expect(() => {
        for (let at = 0; at < 2_000; at += 1) parser.push(piece);
      }).toThrow('an event is longer than 1000 characters');
    }
  });
});

test('a long line that comes in tiny pieces is searched once, not from its start for each piece', () => {
  const split = vi.spyOn(RegExp.prototype, Symbol.split);
  const text = `data: ${'x'.repeat(20_000)}\n\n`;
  const parser = createEventParser(100_000);
  const events = [...text].flatMap((piece) => [...parser.push(piece)]);
  const searched = split.mock.calls.reduce((sum, [each]) => sum + each.length, 0);
  split.mockRestore();
  expect(events).toEqual([{ event: 'message', data: 'x'.repeat(20_000), id: '' }]);
  expect(searched).toBeLessThanOrEqual(text.length);
});

test('where the pieces are cut changes nothing', () => {
  const line = fc.constantFrom('data: a', 'data:b', 'event: e', 'id: 1', ': c', '', '', 'data');
  const end = fc.constantFrom('\n', '\r', '\r\n');
  const text = fc.array(fc.tuple(line, end), { maxLength: 20 }).map((lines) => lines.flat().join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 10 }), (whole, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
      expect(parse(...pieces)).toEqual(parse(whole));
    }),
  );
});
