import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/doctor/checks.ts';

const README = new URL('../../README.md', import.meta.url);

it('the README names every check in the order of the doctor, with what it looks for', async () => {
  const text = await readFile(README, 'utf8');
  const section = text.slice(text.indexOf('## Checks of the doctor'));
  const rows = [...section.slice(0, section.indexOf('\n## ', 3)).matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)];
  expect(rows.map(([, id, title]) => [id, title])).toEqual(CHECKS.map(({ id, title }) => [id, title]));
});
