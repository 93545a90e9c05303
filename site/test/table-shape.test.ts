import { describe, expect, it } from 'vitest';
import { tableShape } from '../src/table-shape.ts';

const SENTENCE = 'the connection was lost before an answer came, so look';

describe('tableShape()', () => {
  it.each([
    ['figures in many columns', [Array(12).fill('1,024,000')], 'table'],
    [
      'two short columns',
      [
        ['option', 'default'],
        ['maxLagMs', '10,000'],
      ],
      'table',
    ],
    [
      'a name and a sentence',
      [
        ['option', 'meaning'],
        ['maxViewAgeMs', SENTENCE],
      ],
      'table',
    ],
    [
      'a long name and a sentence',
      [
        ['command', 'meaning'],
        ['regionkit failover confirm', SENTENCE],
      ],
      'stacked-on-phones',
    ],
    [
      'a code, two words and two sentences',
      [['ERR_NOT_PRIMARY_REGION', 'NotPrimaryRegionError', '503', 'not-sent', SENTENCE, SENTENCE]],
      'stacked',
    ],
    ['no rows', [], 'table'],
  ] as const)('%s', (_, rows, shape) => {
    expect(tableShape(rows as never)).toBe(shape);
  });
});
