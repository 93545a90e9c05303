import { routeOf } from './routes.ts';
import type { SidebarEntry, SidebarGroup } from './sidebar-table.ts';

/** An item of VitePress. */
export interface SidebarItem {
  readonly text: string;
  readonly link?: string;
  readonly items?: readonly SidebarItem[];
  readonly collapsed?: boolean;
}

/** What the table and the pages disagree on, each with its page. */
export interface SidebarFaults {
  /** Pages that no entry shows. */
  readonly unlisted: readonly string[];
  /** Pages that two entries show. */
  readonly twice: readonly string[];
  /** Entries that show no page. */
  readonly empty: readonly string[];
}

/** The sidebar by a table and the title of each page, by its path. */
export function sidebarOf(table: readonly SidebarGroup[], titles: ReadonlyMap<string, string>): readonly SidebarItem[] {
  const named = namedPages(table);
  const itemOf = (page: string, text: string | undefined): SidebarItem[] => {
    const title = titles.get(page);
    if (title === undefined) return [];
    return [{ text: text ?? title, link: `/${routeOf(page)}` }];
  };
  const itemsOf = (entry: SidebarEntry): SidebarItem[] => {
    if (typeof entry === 'string') {
      return pagesOf(entry, [...titles.keys()], named).flatMap((page) => itemOf(page, undefined));
    }
    if ('page' in entry) return itemOf(entry.page, entry.text);
    const items = entry.entries.flatMap(itemsOf);
    return [{ text: entry.text, items, ...(entry.closed === true && { collapsed: true }) }];
  };
  return table.flatMap(itemsOf);
}

export function sidebarFaults(table: readonly SidebarGroup[], pages: readonly string[]): SidebarFaults {
  const named = namedPages(table);
  const shown = entriesOf(table).map((entry) => ({ entry, pages: pagesOf(entry, pages, named) }));
  const all = shown.flatMap((each) => each.pages);
  return {
    unlisted: pages.filter((page) => !all.includes(page)),
    twice: all.filter((page, at) => all.indexOf(page) !== at),
    empty: shown.filter((each) => each.pages.length === 0).map(({ entry }) => entry),
  };
}

/** The pages that an entry shows. `folder/*` shows those of the folder that no other entry names. */
function pagesOf(entry: string, pages: readonly string[], named: ReadonlySet<string>): readonly string[] {
  if (!entry.endsWith('/*')) return pages.includes(entry) ? [entry] : [];
  const folder = entry.slice(0, -1);
  return pages.filter((page) => page.startsWith(folder) && !named.has(page)).sort();
}

function namedPages(table: readonly SidebarGroup[]): ReadonlySet<string> {
  return new Set(entriesOf(table).filter((entry) => !entry.endsWith('/*')));
}

function entriesOf(entries: readonly SidebarEntry[]): readonly string[] {
  return entries.flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    return 'page' in entry ? [entry.page] : entriesOf(entry.entries);
  });
}
