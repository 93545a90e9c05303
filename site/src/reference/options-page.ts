import type { Factory, FactoryOption } from './factory-options.ts';

/** The page of all options, by entry point and factory. */
export function optionsPage(factories: readonly Factory[]): string {
  const modules = [...new Set(factories.map(({ from }) => from))];
  return [
    '# Options of every factory',
    '',
    'This page is made from the types and their doc comments. Every option is checked when the factory is called: an unknown',
    'name or a value out of range is a `TypeError` or a `RangeError` that names the option.',
    '',
    'A time has its unit in its name. An option that has no default here may be left out.',
    ...modules.flatMap((name) => [
      '',
      `## ${name}`,
      ...factories.filter(({ from }) => from === name).flatMap(sectionOf),
    ]),
    '',
  ].join('\n');
}

function sectionOf({ name, summary, options }: Factory): readonly string[] {
  return [
    '',
    `### ${name}`,
    '',
    ...(summary === '' ? [] : [summary, '']),
    '| option | type | default | meaning |',
    '|---|---|---|---|',
    ...options.map(lineOf),
  ];
}

function lineOf({ name, type, byDefault, meaning }: FactoryOption): string {
  const kind = type === 'group' ? 'group' : type === '' ? '' : `\`${type}\``;
  return `| \`${name}\` | ${kind} | ${byDefault} | ${meaning} |`;
}
