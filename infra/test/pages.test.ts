import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectFiles } from '../../test/project-files.ts';
import { WORKFLOW_RULE_IDS } from '../check/lint/lint-workflow.ts';
import { RULE_IDS } from '../check/lint/rules.ts';

const INFRA = fileURLToPath(new URL('../', import.meta.url));
const pages = projectFiles(INFRA).filter((path) => path.endsWith('.md'));
const read = (path: string): Promise<string> => readFile(`${INFRA}${path}`, 'utf8');

describe('the pages of infra', () => {
  it.each(pages)('%s says first that nothing was applied', async (page) => {
    const [title, empty, first] = (await read(page)).split('\n');
    expect(title).toMatch(/^# /);
    expect(empty).toBe('');
    expect(first).toMatch(/^> \*\*Validated, never applied\.\*\* /);
  });

  it('name every rule of the lint', async () => {
    const page = await read('README.md');
    expect([...RULE_IDS, ...WORKFLOW_RULE_IDS].filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });
});
