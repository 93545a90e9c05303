import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/commands.ts';
import { COMMON } from '../src/help.ts';
import { type Message, messages } from './messages.ts';
import { run } from './run.ts';
import { wordsOf } from './understood.ts';

const ALL = messages();
/** The verbs of each command that has some, as it names them itself. */
const VERBS = new Map<string, readonly string[]>();
beforeAll(async () => {
  for (const { name } of COMMANDS) {
    const [, verbs] = /(?:write|needs) one of ([a-z, ]+?)(?: after|\n)/.exec((await run([name, '?'])).stderr) ?? [];
    if (verbs !== undefined) VERBS.set(name, verbs.split(', '));
  }
});

const takes = (command: string, option: string): boolean =>
  Object.hasOwn(COMMON, option) || Object.hasOwn(COMMANDS.find(({ name }) => name === command)?.options ?? {}, option);

const MISUSED =
  /Unknown option|belongs to the plan|leave --|only measures|argument missing|does not take|no such command/;

const LINE = /\bregionkit ([a-z][a-z-]*)((?: (?:--)?[A-Za-z0-9…/'_.-]+)*)/g;
/** A word of a sentence that follows a command. */
const AFTER = /^(?:without|with|as|or|says|then|before)$/;

/** The commands in a text: `regionkit failover resume --run … --execute`. */
function linesIn(text: string): readonly string[] {
  return [...text.matchAll(LINE)].flatMap(([line, name = '']) => {
    if (NO_COMMAND.test(name)) return [];
    const words = line.split(' ');
    const last = words.findIndex((word) => /\.…?$/.test(word));
    const after = words.findIndex((word) => AFTER.test(word));
    const upTo = last === -1 ? words : words.slice(0, last + 1);
    return [(after === -1 ? upTo : upTo.slice(0, after)).join(' ').replace(/\.…?$/, '')];
  });
}

/** Words after `regionkit` that are no command: the program, a schema of a database, a name. */
const NO_COMMAND = /^(?:COMMAND|ops|itself|reports|proves|lock)$/;
const FOREIGN = /\b(?:npm install|psql|patronictl|pg_autoctl)\b[^.:;]*/g;

const optionsIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*[a-z])/g)].map(([, name = '']) => name);

/** What is wrong with the commands of a text, and their options. */
function wrongCommands({ where, text }: Message): readonly string[] {
  return linesIn(text).flatMap((line) => {
    const [, name = '', verb = '…'] = line.split(' ');
    if (!COMMANDS.some((command) => command.name === name)) return [`${where}: no command: ${line}`];
    const verbs = VERBS.get(name);
    return [
      ...(verbs === undefined || verb === '…' || verbs.includes(verb) ? [] : [`${where}: no verb: ${line}`]),
      ...optionsIn(line).flatMap((option) => (takes(name, option) ? [] : [`${where}: no option: ${line}`])),
    ];
  });
}

/** The command that says a text of a folder. Texts of the other folders belong to several. */
const SPEAKERS: Readonly<Record<string, readonly string[]>> = {
  doctor: ['doctor'],
  epoch: ['epoch'],
  failover: ['failover'],
  fence: ['fence'],
  gameday: ['gameday'],
  salvage: ['salvage'],
  smoke: ['smoke-test'],
  status: ['status'],
  tail: ['tail'],
};

/** Texts of one command that name an option of another one, which they name too. */
const OF_ANOTHER: readonly (readonly [where: RegExp, command: string])[] = [
  // What salvage says of a rebuild is for the failover, and the doctor says what salvage will need.
  [/^salvage\/completeness\/completeness\.ts/, 'failover'],
  [/^doctor\/checks\/fork-not-recorded\.ts/, 'salvage'],
];

/** Options that stand alone in a text: the command that says it must take them. */
function wrongOptions({ where, text }: Message): readonly string[] {
  const alone = optionsIn(text.replaceAll(LINE, '').replaceAll(FOREIGN, ''));
  const [folder = ''] = where.split('/');
  const others = OF_ANOTHER.flatMap(([file, command]) => (file.test(where) ? [command] : []));
  const speakers = SPEAKERS[folder] ?? COMMANDS.map(({ name }) => name);
  return alone
    .filter((option) => ![...speakers, ...others].some((command) => takes(command, option)))
    .map((option) => `${where}: --${option} of ${speakers.join(' or ')}: ${text}`);
}

describe('every text of the commands', () => {
  it('are found', () => {
    expect(ALL.length).toBeGreaterThan(1_000);
    expect(ALL.filter(({ text }) => text.includes('regionkit failover')).length).toBeGreaterThan(5);
    expect([...VERBS.keys()]).toEqual(['failover', 'tail', 'epoch', 'gameday']);
  });

  it('names only commands and verbs that are there, with options that they take', () => {
    expect(ALL.flatMap(wrongCommands)).toEqual([]);
  });

  it('names only options that the command takes that says it', () => {
    expect(ALL.flatMap(wrongOptions)).toEqual([]);
  });

  it('names no option that the command refuses for this verb', async () => {
    const refused: string[] = [];
    for (const line of new Set(ALL.flatMap(({ text }) => linesIn(text)))) {
      // The examples of a game day are tested with the others, and take seconds to load.
      if (line.startsWith('regionkit gameday run --local')) continue;
      const [, ...args] = wordsOf(line.replaceAll('…', '20200101-000000-0000'));
      const { stderr } = await run(args, { directory: '/nowhere' });
      if (MISUSED.test(stderr)) refused.push(`${line}: ${stderr}`);
    }
    expect(refused).toEqual([]);
  });

  it.each<[string, Message, RegExp]>([
    ['a command that is not there', { where: 'x.ts:1', text: 'Run regionkit failback.' }, /no command/],
    ['a verb that is not there', { where: 'x.ts:1', text: 'Run regionkit failover redo --run …' }, /no verb/],
    ['an option that it does not take', { where: 'x.ts:1', text: 'Run regionkit status --execute.' }, /no option/],
    [
      'an option of another command',
      { where: 'tail/x.ts:1', text: 'Give it up: --discard-tail' },
      /--discard-tail of tail/,
    ],
  ])('is refused with %s', (_what, message, expected) => {
    expect([...wrongCommands(message), ...wrongOptions(message)].join()).toMatch(expected);
  });
});
