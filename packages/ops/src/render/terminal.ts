import { describeProcess, describeServer } from './describe.ts';
import { describeEnd, describePhase, describeStart, describeTrend } from './describe-drill.ts';
import { plain } from './plain.ts';
import type { Renderer } from './renderer.ts';

interface TerminalOptions {
  /** Whether a person watches: with colours and progress. Never in a pipe. */
  readonly interactive: boolean;
  readonly columns: number;
}

/** Below this width a finding is one line, cut at the edge. `--json` has all of it. */
const NARROW = 60;

/** Characters of the word in front. */
const MARK = 8;

const COLOURS = {
  fault: 31,
  failed: 31,
  refused: 31,
  warning: 33,
  note: 36,
  unknown: 35,
  done: 32,
  started: 36,
  planned: 36,
  writer: 32,
  standby: 36,
  process: 36,
  drill: 36,
  phase: 36,
  trend: 36,
  passed: 32,
  missed: 33,
} as const;

/** For a person. In a pipe: the same text without colours and progress. */
export function terminal({ interactive, columns }: TerminalOptions): Renderer {
  const mark = (kind: keyof typeof COLOURS): string => {
    const word = kind.padEnd(MARK);
    return interactive ? `\u001b[${COLOURS[kind]}m${word}\u001b[0m` : word;
  };
  return {
    add: (record) => {
      switch (record.type) {
        case 'finding': {
          const head = `${plain(record.id)}  ${plain(record.where)}`;
          if (columns < NARROW)
            return `${mark(record.level)}${cut(`${head}  ${plain(record.evidence)}`, columns - MARK)}\n`;
          return `${mark(record.level)}${head}\n        ${plain(record.evidence)}\n        Fix: ${plain(record.fix)}\n`;
        }
        case 'step': {
          const took = record.tookMs === undefined ? '' : `  (${Math.round(record.tookMs)} ms)`;
          return `${mark(record.state)}${plain(record.name)}  ${plain(record.where)}  ${plain(record.evidence)}${took}\n`;
        }
        case 'server':
          return `${mark(record.role)}${plain(describeServer(record))}\n`;
        case 'process':
          return `${mark('process')}${plain(describeProcess(record))}\n`;
        case 'drill':
          return `${mark('drill')}${block(describeStart(record), columns)}`;
        case 'phase':
          return `${mark('phase')}${plain(describePhase(record))}\n`;
        case 'measured':
          return `${mark(record.verdict)}${block(describeEnd(record), columns)}`;
        case 'trend':
          return `${mark('trend')}${table(describeTrend(record), columns)}`;
        case 'sql':
          return `${/^ */.exec(record.text)}${plain(record.text)}\n`;
        case 'progress':
          return interactive ? `        ${plain(record.text)}\n` : '';
        case 'result':
          return `${plain(record.summary)}\n`;
      }
    },
    end: () => '',
  };
}

/** Several lines; only the first one where it is narrow. */
function block([first = '', ...rest]: readonly string[], columns: number): string {
  if (columns < NARROW) return `${cut(plain(first), columns - MARK)}\n`;
  return [plain(first), ...rest.map((line) => `        ${plain(line)}`)].map((line) => `${line}\n`).join('');
}

/** Several lines, each cut at the edge. */
function table([first = '', ...rest]: readonly string[], columns: number): string {
  return [first, ...rest.map((line) => `        ${line}`)]
    .map((line, at) => `${cut(line, at === 0 ? columns - MARK : columns)}\n`)
    .join('');
}

function cut(text: string, columns: number): string {
  const room = Math.max(columns, MARK);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
