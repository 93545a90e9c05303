import { describe, expect, it } from 'vitest';
import { misunderstood } from '../packages/ops/test/understood.ts';
import { commandsIn, readRunbook, runbookNames, stepsIn } from './runbooks.ts';

const NAMES = runbookNames();
const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];
const COMMANDS = [...new Set(['README.md', ...NAMES].flatMap((name) => commandsIn(readRunbook(name))))];

describe('commandsIn() and stepsIn()', () => {
  const page = ['1. Ask.', '', '   ```sh', '   npx regionkit status', '   ```', '', 'Or `regionkit doctor`, `npx x`.'];

  it('find the commands in blocks and in sentences', () => {
    expect(commandsIn(page.join('\n'))).toEqual(['regionkit status', 'regionkit doctor']);
    expect(stepsIn(page.join('\n'))).toEqual(['npx regionkit status']);
  });
});

describe('the commands of the runbooks are understood by the command line', () => {
  it.each(COMMANDS)('%s', async (command) => {
    expect(await misunderstood(command, REGIONS)).toBeUndefined();
  });

  it('are found in every page', () => {
    expect(NAMES.filter((name) => commandsIn(readRunbook(name)).length === 0)).toEqual([]);
  });
});

describe('the index', () => {
  it('lists every page once', () => {
    const linked = [...readRunbook('README.md').matchAll(/\| \[[^\]]+\]\(([\w-]+\.md)\) \|/g)].map(([, page]) => page);
    expect(linked.sort()).toEqual([...NAMES].sort());
  });
});

describe.each(NAMES)('%s', (name) => {
  const page = readRunbook(name);

  it('says when it is for, and ends with how you know that it worked', () => {
    expect(page).toMatch(/^# .+\n\n\*\*When:\*\* /);
    const [last = ''] = page.split('\n## ').slice(-1);
    expect(last).toMatch(/^How you know that it worked\n\n(?:- .+\n){2,}/);
  });

  it('has numbered steps without a gap', () => {
    const numbers = [...page.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
    expect(numbers.length).toBeGreaterThanOrEqual(4);
  });

  it('has one command in a step, and no block that is not closed', () => {
    expect(stepsIn(page).filter((step) => step.includes('\n'))).toEqual([]);
    expect(page.match(/^ *```/gm)?.length ?? 0).toBe(2 * (page.match(/^ *```(?:sh|text)$/gm)?.length ?? 0));
  });
});
