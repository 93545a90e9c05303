import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fromJson } from './page-json.ts';
import { plot } from './plot.ts';
import { barLines, markdown, type Page } from './report.ts';

/** What `docs/figures.md` says of one group: its lines under "Bars", and its section, which begins with its plot. */
export interface Group {
  readonly bars: readonly string[];
  readonly section: string;
}

const HEAD = [
  '# Figures',
  '',
  'Made by `npx -y pnpm@10 bench` and `npx -y pnpm@10 bench --publish`. Contenders do the same work in the same run, after a warm-up. Where there are rounds, they take turns. No result is dropped. Ratios are taken within a round, so on another machine they change less than the figures do. Each section says when it was measured.',
  '',
  '## Bars',
  '',
];

/** Reads the groups from a page that {@link pageOf} has made. */
export function groupsOf(page: string): Map<string, Group> {
  const bars = page.split('\n').filter((line) => line.startsWith('- '));
  const plotted = [...page.matchAll(/^!\[.*\]\(figures\/(?<name>[\w-]+)\.svg\)$/gm)];
  return new Map(
    plotted.map((match, at) => {
      const name = match.groups?.name as string;
      const section = page.slice(match.index, plotted[at + 1]?.index).trimEnd();
      return [name, { bars: bars.filter((line) => line.startsWith(`- ${name}, `)), section }];
    }),
  );
}

export function pageOf(groups: ReadonlyMap<string, Group>): string {
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const parts = inOrder.map(({ section }) => `${section}\n`);
  return [...HEAD, ...inOrder.flatMap(({ bars }) => bars), '', ...parts].join('\n');
}

function groupOf({ name, about, results, ...rest }: Page): Group {
  const page = { name, about, results, ...rest };
  return {
    bars: results.flatMap((result) => barLines([result]).map((line) => `- ${name}, ${result.title}: ${line}`)),
    section: `![${about}](figures/${name}.svg)\n\n${markdown(page, 2)}`.trimEnd(),
  };
}

/**
 * Puts the results that lie in `from` into `docs/figures.md`, and a plot of each group beside it. A group without a
 * result keeps what the page says of it.
 */
export function publish(from: URL, docs: URL): void {
  const pages = readdirSync(from)
    .filter((file) => file.endsWith('.json'))
    .map((file) => fromJson(readFileSync(new URL(file, from), 'utf8')));
  const plots = new URL('figures/', docs);
  mkdirSync(plots, { recursive: true });
  for (const { name, about, results } of pages) writeFileSync(new URL(`${name}.svg`, plots), plot(about, results));
  const figures = new URL('figures.md', docs);
  const groups = groupsOf(existsSync(figures) ? readFileSync(figures, 'utf8') : '');
  for (const page of pages) groups.set(page.name, groupOf(page));
  writeFileSync(figures, pageOf(groups));
}
