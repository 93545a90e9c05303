/** A shape and a word. Each level has its own shape, so that a reader who cannot see its colour knows it too. */
export interface Mark {
  readonly shape: string;
  readonly word: string;
  readonly level: Level;
}

export type Level = 'primary' | 'good' | 'warning' | 'bad' | 'unknown';

const SHAPES: Readonly<Record<Level, string>> = { primary: '◆', good: '●', warning: '▲', bad: '✕', unknown: '?' };

const LEVELS: Readonly<Record<string, Level>> = {
  primary: 'primary',
  replica: 'good',
  ready: 'good',
  pass: 'good',
  yes: 'good',
  passed: 'good',
  done: 'good',
  preparing: 'unknown',
  running: 'warning',
  warn: 'warning',
  draining: 'warning',
  stale: 'warning',
  candidate: 'warning',
  unconfirmed: 'warning',
  'old-timeline': 'warning',
  'read-only': 'warning',
  unknown: 'unknown',
  waiting: 'unknown',
  '': 'unknown',
};

export const marked = (level: Level, word: string): Mark => ({ shape: SHAPES[level], word, level });

/** The mark of a state. A state that is not known here is bad: it must be looked at. */
export function markOf(state: string): Mark {
  return marked(Object.hasOwn(LEVELS, state) ? (LEVELS[state] as Level) : 'bad', state === '' ? 'not known' : state);
}

const ORDER: readonly Level[] = ['bad', 'unknown', 'warning', 'good', 'primary'];

/** One mark for several states, by the worst of them; each word once. */
export function worstMark(states: readonly string[]): Mark {
  const marks = [...new Set(states)].map(markOf);
  const level = ORDER.find((each) => marks.some((mark) => mark.level === each)) ?? 'unknown';
  return marked(level, marks.length === 0 ? 'not known' : marks.map(({ word }) => word).join(', '));
}
