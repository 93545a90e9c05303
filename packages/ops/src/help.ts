import type { Command, Option } from './command.ts';

/** The options of every command. */
export const COMMON: Readonly<Record<string, Option>> = {
  config: { type: 'string', value: 'FILE', help: 'default: regionkit.config.js, .mjs or .json' },
  json: { type: 'boolean', help: 'print JSON, one record a line' },
  junit: { type: 'string', value: 'FILE', help: 'also write the result as JUnit XML' },
  help: { type: 'boolean', help: 'print this' },
};

export function helpOfAll(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    'Usage: regionkit COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'regionkit COMMAND --help says more. Nothing is changed without --execute.',
    'Exit codes: 0 well, 1 a fault, 2 wrong usage, 3 not known, 4 refused by a',
    'safety rule, 5 partly done, 6 an objective was missed, 10 writes were lost.',
    '',
  ].join('\n');
}

export function helpOf({ name, summary, usage, options, examples }: Command): string {
  // A screen has 24 lines: a command with many options needs each of them.
  const { help: _help, ...common } = COMMON;
  const lines = Object.entries({ ...options, ...common }).map(([option, { value, help }]) => ({
    left: `--${option}${value === undefined ? '' : ` ${value}`}`,
    help,
  }));
  const width = Math.max(...lines.map(({ left }) => left.length)) + 2;
  return [
    `Usage: regionkit ${name} ${usage}`.trimEnd(),
    summary,
    '',
    ...lines.map(({ left, help }) => `  ${left.padEnd(width)}${help}`),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}
