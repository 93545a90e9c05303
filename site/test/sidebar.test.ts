import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectFiles } from '../../test/project-files.ts';
import { referencePages } from '../src/reference/write-reference.ts';
import { isPage } from '../src/routes.ts';
import { sidebarFaults, sidebarOf } from '../src/sidebar.ts';
import { SIDEBAR } from '../src/sidebar-table.ts';

const TABLE = [
  { text: 'Start', entries: [{ page: 'README.md', text: 'What it is' }] },
  { text: 'Decisions', entries: ['docs/d/README.md', { text: 'All', closed: true, entries: ['docs/d/*'] }] },
] as const;

describe('sidebarOf()', () => {
  it('shows a page by its title or by its own text, and a folder without the pages that are named', () => {
    const titles = new Map([
      ['docs/d/2.md', 'Two'],
      ['docs/d/1.md', 'One'],
      ['docs/d/README.md', 'Decisions so far'],
      ['README.md', 'regionkit'],
    ]);
    expect(sidebarOf(TABLE, titles)).toEqual([
      { text: 'Start', items: [{ text: 'What it is', link: '/index.md' }] },
      {
        text: 'Decisions',
        items: [
          { text: 'Decisions so far', link: '/d/index.md' },
          {
            text: 'All',
            collapsed: true,
            items: [
              { text: 'One', link: '/d/1.md' },
              { text: 'Two', link: '/d/2.md' },
            ],
          },
        ],
      },
    ]);
  });
});

describe('sidebarFaults()', () => {
  it('names a page that is in no entry, a page that is in two, and an entry without a page', () => {
    const twice = [...TABLE, { text: 'Again', entries: ['README.md', 'docs/none.md', 'docs/none/*'] }];
    expect(sidebarFaults(twice, ['README.md', 'docs/d/README.md', 'docs/d/1.md', 'docs/other.md'])).toEqual({
      unlisted: ['docs/other.md'],
      twice: ['README.md'],
      empty: ['docs/none.md', 'docs/none/*'],
    });
  });
});

describe('the sidebar', () => {
  it('shows every page of the repository and every page that is made, once (a new page is a line of src/sidebar-table.ts)', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const pages = [...projectFiles(root).filter(isPage), ...referencePages(root)];
    expect(pages.length).toBeGreaterThan(80);
    expect(sidebarFaults(SIDEBAR, pages)).toEqual({ unlisted: [], twice: [], empty: [] });
  });
});
